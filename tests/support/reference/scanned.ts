import type { Signal } from '../../../pipeline/signal.ts';
import { encodeMessage, itemsOf, type Tree, type Value } from './otlp.ts';

/**
 * What a scan must find in a request, worked out from the decoded tree: a row per item as a plain object, everything that
 * stands in a dictionary written out. Times and counts are bigint, ids hex, attributes sorted by key.
 */
export type Row = Record<string, unknown>;

const MESSAGES: Readonly<Record<string, string>> = { events: 'Event', links: 'Link', exemplars: 'Exemplar' };
const list = (value: Value | undefined): Tree[] => (value ?? []) as Tree[];
const big = (value: Value | undefined): bigint => (value ?? 0n) as bigint;
const number = (value: Value | undefined): number => Number(value ?? 0);
const text = (value: Value | undefined): string => (value ?? '') as string;
/** An id of zeros is none. */
const hex = (value: Value | undefined): string =>
  Buffer.from((value ?? Buffer.alloc(0)) as Uint8Array)
    .toString('hex')
    .replace(/^0+$/, '');
const hasOwn = (tree: Tree, key: string): boolean => tree[key] !== undefined;

/** As the Go collector writes values into text. */
export function asText(value: Tree | undefined): string {
  if (value?.['stringValue'] !== undefined) return text(value['stringValue']);
  if (value?.['boolValue'] !== undefined) return String(value['boolValue']);
  if (value?.['intValue'] !== undefined) return String(value['intValue']);
  if (value?.['doubleValue'] !== undefined) return doubleText(value['doubleValue'] as number);
  if (value?.['bytesValue'] !== undefined) return Buffer.from(value['bytesValue'] as Uint8Array).toString('base64');
  if (value?.['arrayValue'] !== undefined || value?.['kvlistValue'] !== undefined) return asJson(value) ?? '';
  return '';
}

const doubleText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** Undefined where JSON has no way to say it. */
function asJson(value: Tree | undefined): string | undefined {
  if (value?.['arrayValue'] !== undefined) {
    const parts = list((value['arrayValue'] as Tree)['values']).map(asJson);
    return parts.includes(undefined) ? undefined : `[${parts.join(',')}]`;
  }
  if (value?.['kvlistValue'] !== undefined) {
    const entries = new Map<string, Tree | undefined>();
    for (const each of list((value['kvlistValue'] as Tree)['values'])) {
      entries.set(text(each['key']), each['value'] as Tree | undefined);
    }
    const sorted = [...entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const parts = sorted.map(([key, each]) => [quoted(key), asJson(each)]);
    return parts.some(([, part]) => part === undefined) ? undefined : `{${parts.map((pair) => pair.join(':')).join(',')}}`;
  }
  if (value?.['stringValue'] !== undefined) return quoted(text(value['stringValue']));
  if (value?.['bytesValue'] !== undefined) return quoted(asText(value));
  if (value?.['doubleValue'] !== undefined && !Number.isFinite(value['doubleValue'])) return undefined;
  const plain = asText(value);
  return plain === '' ? 'null' : plain;
}

const quoted = (value: string): string =>
  JSON.stringify(value).replace(/[\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);

export function attributesOf(value: Value | undefined): Record<string, string> {
  const found = new Map<string, string>();
  for (const each of list(value)) found.set(text(each['key']), asText(each['value'] as Tree | undefined));
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The messages of a list, as bytes in one canonical layout. */
function messages(name: string, value: Value | undefined): string[] {
  return list(value).map((each) => encodeMessage(MESSAGES[name]!, withoutUnknown(each)).toString('hex'));
}
function withoutUnknown(tree: Tree): Tree {
  const copy = (value: Value): Value => {
    if (Array.isArray(value)) return value.map(copy);
    return typeof value === 'object' && !(value instanceof Uint8Array) ? withoutUnknown(value) : value;
  };
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([key]) => key !== '$unknown')
      .map(([key, value]) => [key, copy(value)]),
  );
}

function headersOf(group: Tree, scopeGroup: Tree): Row {
  const resource = (group['resource'] ?? {}) as Tree;
  const instrumentationScope = (scopeGroup['scope'] ?? {}) as Tree;
  const attributes = attributesOf(resource['attributes']);
  return {
    resource: { attributes, schemaUrl: text(group['schemaUrl']), service: attributes['service.name'] ?? '' },
    instrumentationScope: {
      name: text(instrumentationScope['name']),
      version: text(instrumentationScope['version']),
      attributes: attributesOf(instrumentationScope['attributes']),
      schemaUrl: text(scopeGroup['schemaUrl']),
      droppedAttributesCount: number(instrumentationScope['droppedAttributesCount']),
    },
  };
}

const TYPES: Readonly<Record<string, string>> = { exponentialHistogram: 'exponential_histogram' };

function pointRow(item: Tree, metric: Tree, data: Tree): Row {
  const kind = metric['$data'] as string;
  const common = {
    metric: {
      name: text(metric['name']),
      description: text(metric['description']),
      unit: text(metric['unit']),
      type: TYPES[kind] ?? kind,
      temporality: number(data['aggregationTemporality']) & 0xff,
      isMonotonic: data['isMonotonic'] === true,
    },
    attributes: attributesOf(item['attributes']),
    time: big(item['timeUnixNano']),
    startTime: big(item['startTimeUnixNano']),
    flags: number(item['flags']),
  };
  if (kind === 'gauge' || kind === 'sum') {
    const value = hasOwn(item, 'asInt') ? Number(item['asInt']) : number(item['asDouble']);
    return { ...common, value, exemplars: messages('exemplars', item['exemplars']) };
  }
  const counted = { ...common, count: big(item['count']), sum: number(item['sum']) };
  if (kind === 'summary') {
    const quantiles = list(item['quantileValues']).map((each) => [number(each['quantile']), number(each['value'])]);
    return { ...counted, quantiles };
  }
  const present = (hasOwn(item, 'sum') ? 1 : 0) + (hasOwn(item, 'min') ? 2 : 0) + (hasOwn(item, 'max') ? 4 : 0);
  const ranged = {
    ...counted,
    present,
    min: number(item['min']),
    max: number(item['max']),
    exemplars: messages('exemplars', item['exemplars']),
  };
  if (kind === 'histogram') {
    return { ...ranged, bucketCounts: item['bucketCounts'] ?? [], explicitBounds: item['explicitBounds'] ?? [] };
  }
  const positive = (item['positive'] ?? {}) as Tree;
  const negative = (item['negative'] ?? {}) as Tree;
  return {
    ...ranged,
    scale: number(item['scale']),
    zeroCount: big(item['zeroCount']),
    zeroThreshold: number(item['zeroThreshold']),
    positiveOffset: number(positive['offset']),
    positiveBucketCounts: positive['bucketCounts'] ?? [],
    negativeOffset: number(negative['offset']),
    negativeBucketCounts: negative['bucketCounts'] ?? [],
  };
}

/** Enum values that OTLP does not know do not fit the columns. */
const small = (value: Value | undefined): number => {
  const found = number(value);
  return found < 0 || found > 255 ? 0 : found;
};

function logRow(item: Tree): Row {
  const time = big(item['timeUnixNano']);
  return {
    attributes: attributesOf(item['attributes']),
    time: time === 0n ? big(item['observedTimeUnixNano']) : time,
    severityNumber: small(item['severityNumber']),
    severityText: text(item['severityText']),
    eventName: text(item['eventName']),
    body: asText(item['body'] as Tree | undefined),
    traceId: hex(item['traceId']),
    spanId: hex(item['spanId']),
    flags: number(item['flags']),
  };
}

function spanRow(item: Tree): Row {
  const start = big(item['startTimeUnixNano']);
  const end = big(item['endTimeUnixNano']);
  const status = (item['status'] ?? {}) as Tree;
  return {
    attributes: attributesOf(item['attributes']),
    time: start,
    duration: end > start ? end - start : 0n,
    traceId: hex(item['traceId']),
    spanId: hex(item['spanId']),
    parentSpanId: hex(item['parentSpanId']),
    name: text(item['name']),
    traceState: text(item['traceState']),
    statusMessage: text(status['message']),
    kind: small(item['kind']),
    statusCode: small(status['code']),
    flags: number(item['flags']),
    events: messages('events', item['events']),
    links: messages('links', item['links']),
  };
}

/** By the column set they belong in, in the order of the request. */
export function scannedRows(signal: Signal, tree: Tree): Record<string, Row[]> {
  const rows: Record<string, Row[]> =
    signal === 'metrics'
      ? { gauge: [], sum: [], histogram: [], exponentialHistogram: [], summary: [] }
      : signal === 'logs'
        ? { logs: [] }
        : { spans: [] };
  for (const { headers, item } of itemsOf(signal, tree)) {
    const [, group, scopeGroup, metric, data] = headers as [Tree, Tree, Tree, Tree, Tree];
    const above = headersOf(group, scopeGroup);
    if (signal === 'metrics') {
      const point = pointRow(item as Tree, metric, data);
      rows[metric['$data'] as string]!.push({ ...above, ...point });
    } else if (signal === 'logs') rows['logs']!.push({ ...above, ...logRow(item as Tree) });
    else rows['spans']!.push({ ...above, ...spanRow(item as Tree) });
  }
  return rows;
}
