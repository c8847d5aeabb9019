import type { Signal } from '../../pipeline/signal.ts';
import { detailedPoints } from './detailed-points.ts';
import { attributes, time, typed } from './format.ts';
import { child, integer, list, text, values, type Message } from './message.ts';

/** Every field of every item, in the layout of the collector's `detailed`. */
export function detailedText(signal: Signal, request: Message): string {
  const lines: string[] = [];
  const names = NAMES[signal];
  list(request, names.groups).forEach((group, i) => {
    const resource = child(group, 'resource');
    lines.push(`${names.group} #${i}`, `Resource SchemaURL: ${text(group, 'schemaUrl')}`);
    attributes(lines, 'Resource attributes', resource);
    entityRefs(lines, resource);
    list(group, names.scopes).forEach((scoped, j) => {
      const instrumentationScope = child(scoped, 'scope');
      lines.push(`${names.scope} #${j}`, `${names.scope} SchemaURL: ${text(scoped, 'schemaUrl')}`);
      lines.push(`InstrumentationScope ${text(instrumentationScope, 'name')} ${text(instrumentationScope, 'version')}`);
      attributes(lines, 'InstrumentationScope attributes', instrumentationScope);
      list(scoped, names.items).forEach((item, k) => {
        lines.push(`${names.item} #${k}`);
        ITEMS[signal](lines, item);
      });
    });
  });
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

const NAMES = {
  metrics: {
    groups: 'resourceMetrics',
    scopes: 'scopeMetrics',
    items: 'metrics',
    group: 'ResourceMetrics',
    scope: 'ScopeMetrics',
    item: 'Metric',
  },
  traces: {
    groups: 'resourceSpans',
    scopes: 'scopeSpans',
    items: 'spans',
    group: 'ResourceSpans',
    scope: 'ScopeSpans',
    item: 'Span',
  },
  logs: {
    groups: 'resourceLogs',
    scopes: 'scopeLogs',
    items: 'logRecords',
    group: 'ResourceLog',
    scope: 'ScopeLogs',
    item: 'LogRecord',
  },
} as const;

const ITEMS: Readonly<Record<Signal, (lines: string[], item: Message) => void>> = {
  metrics: metric,
  traces: span,
  logs: logRecord,
};

function entityRefs(lines: string[], resource: Message): void {
  const refs = list(resource, 'entityRefs');
  if (refs.length === 0) return;
  lines.push('Resource entity refs:');
  refs.forEach((ref, i) => {
    lines.push(`     -> Entity ref #${i}:`, `          -> Type: ${text(ref, 'type')}`);
    if (text(ref, 'schemaUrl') !== '') lines.push(`          -> Schema URL: ${text(ref, 'schemaUrl')}`);
    for (const [title, key] of [
      ['ID keys', 'idKeys'],
      ['Description keys', 'descriptionKeys'],
    ] as const) {
      const keys = values(ref, key);
      if (keys.length > 0)
        lines.push(`          -> ${title}:`, ...keys.map((_each, at) => `               -> ${text({ key: keys[at] }, 'key')}`));
    }
  });
}

function metric(lines: string[], item: Message): void {
  lines.push('Descriptor:', `     -> Name: ${text(item, 'name')}`, `     -> Description: ${text(item, 'description')}`);
  lines.push(`     -> Unit: ${text(item, 'unit')}`);
  detailedPoints(lines, item);
}

const SPAN_KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUS_CODES = ['Unset', 'Ok', 'Error'];

function span(lines: string[], item: Message): void {
  const field = (name: string, value: string): void => void lines.push(`    ${name.padEnd(15)}: ${value}`);
  const status = child(item, 'status');
  field('Trace ID', text(item, 'traceId'));
  field('Parent ID', text(item, 'parentSpanId'));
  field('ID', text(item, 'spanId'));
  field('Name', text(item, 'name'));
  field('Kind', SPAN_KINDS[Number(integer(item, 'kind'))] ?? '');
  if (text(item, 'traceState') !== '') field('TraceState', text(item, 'traceState'));
  field('Start time', time(integer(item, 'startTimeUnixNano')));
  field('End time', time(integer(item, 'endTimeUnixNano')));
  field('Status code', STATUS_CODES[Number(integer(status, 'code'))] ?? '');
  field('Status message', text(status, 'message'));
  for (const kind of ['Attributes', 'Events', 'Links']) field(`Dropped${kind}Count`, integer(item, `dropped${kind}Count`));
  attributes(lines, 'Attributes', item);
  events(lines, list(item, 'events'));
  links(lines, list(item, 'links'));
}

function events(lines: string[], all: readonly Message[]): void {
  if (all.length > 0) lines.push('Events:');
  all.forEach((event, i) => {
    lines.push(
      `SpanEvent #${i}`,
      `     -> Name: ${text(event, 'name')}`,
      `     -> Timestamp: ${time(integer(event, 'timeUnixNano'))}`,
    );
    lines.push(`     -> DroppedAttributesCount: ${integer(event, 'droppedAttributesCount')}`);
    attributes(lines, '     -> Attributes:', event);
  });
}

function links(lines: string[], all: readonly Message[]): void {
  if (all.length > 0) lines.push('Links:');
  all.forEach((link, i) => {
    lines.push(`SpanLink #${i}`, `     -> Trace ID: ${text(link, 'traceId')}`, `     -> ID: ${text(link, 'spanId')}`);
    lines.push(`     -> TraceState: ${text(link, 'traceState')}`);
    lines.push(`     -> DroppedAttributesCount: ${integer(link, 'droppedAttributesCount')}`);
    attributes(lines, '     -> Attributes:', link);
  });
}

/** Trace, Trace2, … Fatal4. */
function severity(number: number): string {
  if (number === 0) return 'Unspecified';
  const level = ['Trace', 'Debug', 'Info', 'Warn', 'Error', 'Fatal'][Math.floor((number - 1) / 4)];
  if (level === undefined) return '';
  const step = (number - 1) % 4;
  return step === 0 ? level : `${level}${step + 1}`;
}

function logRecord(lines: string[], item: Message): void {
  const number = integer(item, 'severityNumber');
  lines.push(
    `ObservedTimestamp: ${time(integer(item, 'observedTimeUnixNano'))}`,
    `Timestamp: ${time(integer(item, 'timeUnixNano'))}`,
  );
  lines.push(`SeverityText: ${text(item, 'severityText')}`, `SeverityNumber: ${severity(Number(number))}(${number})`);
  if (text(item, 'eventName') !== '') lines.push(`EventName: ${text(item, 'eventName')}`);
  lines.push(`Body: ${typed(child(item, 'body'))}`);
  attributes(lines, 'Attributes', item);
  lines.push(`Trace ID: ${text(item, 'traceId')}`, `Span ID: ${text(item, 'spanId')}`, `Flags: ${integer(item, 'flags')}`);
}
