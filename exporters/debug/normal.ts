import type { Signal } from '../../pipeline/signal.ts';
import { plain, pairs, fixed, shortest } from './format.ts';
import { child, double, has, integer, list, text, values, type Message } from './message.ts';

/** One line per item, as the collector's `normal` prints it. */
export function normalText(signal: Signal, request: Message): string {
  const lines: string[] = [];
  const { groups, scopes, group, scope, items } = NAMES[signal];
  list(request, groups).forEach((each, i) => {
    lines.push(`${group} #${i}${schema(each)}${spaced(pairs(child(each, 'resource')))}`);
    list(each, scopes).forEach((scoped, j) => {
      lines.push(`${scope} #${j}${scopeDetails(scoped)}${spaced(pairs(child(scoped, 'scope')))}`);
      for (const item of list(scoped, items)) ITEM_LINES[signal](item, lines);
    });
  });
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

const NAMES = {
  metrics: {
    groups: 'resourceMetrics',
    scopes: 'scopeMetrics',
    group: 'ResourceMetrics',
    scope: 'ScopeMetrics',
    items: 'metrics',
  },
  traces: { groups: 'resourceSpans', scopes: 'scopeSpans', group: 'ResourceTraces', scope: 'ScopeTraces', items: 'spans' },
  logs: { groups: 'resourceLogs', scopes: 'scopeLogs', group: 'ResourceLog', scope: 'ScopeLog', items: 'logRecords' },
} as const;

const ITEM_LINES: Readonly<Record<Signal, (item: Message, lines: string[]) => void>> = {
  metrics(metric, lines) {
    for (const [key, valueOf] of POINTS) {
      for (const point of list(child(metric, key), 'dataPoints')) {
        lines.push(`${text(metric, 'name')}{${pairs(point).join(',')}} ${valueOf(point)}`);
      }
    }
  },
  traces(span, lines) {
    lines.push(`${text(span, 'name')} ${text(span, 'traceId')} ${text(span, 'spanId')}${spaced(pairs(span))}`);
  },
  logs(record, lines) {
    lines.push(`${plain(child(record, 'body'))} ${pairs(record).join(' ')}`);
  },
};

const POINTS: readonly (readonly [string, (point: Message) => string])[] = [
  ['gauge', numberValue],
  ['sum', numberValue],
  ['histogram', histogramValue],
  ['exponentialHistogram', exponentialValue],
  ['summary', summaryValue],
];

function numberValue(point: Message): string {
  if (has(point, 'asInt')) return integer(point, 'asInt');
  return has(point, 'asDouble') ? shortest(double(point['asDouble'])) : '';
}

function histogramValue(point: Message): string {
  const bounds = values(point, 'explicitBounds');
  const buckets = values(point, 'bucketCounts').map((count, i) => {
    return i < bounds.length ? `le${shortest(double(bounds[i]))}=${count}` : String(count);
  });
  return [...totals(point), ...buckets].join(' ');
}

function exponentialValue(point: Message): string {
  const factor = Math.LN2 * 2 ** -Number(integer(point, 'scale'));
  const parts = totals(point);
  const negative = child(point, 'negative');
  const negativeCounts = values(negative, 'bucketCounts');
  for (let i = negativeCounts.length - 1; i >= 0; i -= 1) {
    parts.push(`le${shortest(-Math.exp((Number(integer(negative, 'offset')) + i) * factor))}=${negativeCounts[i]}`);
  }
  if (integer(point, 'zeroCount') !== '0') parts.push(`zero=${integer(point, 'zeroCount')}`);
  const positive = child(point, 'positive');
  values(positive, 'bucketCounts').forEach((count, i) => {
    parts.push(`le${shortest(Math.exp((Number(integer(positive, 'offset')) + i + 1) * factor))}=${count}`);
  });
  return parts.join(' ');
}

function summaryValue(point: Message): string {
  const quantiles = list(point, 'quantileValues').map(
    (each) => `q${shortest(double(each['quantile']))}=${shortest(double(each['value']))}`,
  );
  return [`count=${integer(point, 'count')}`, `sum=${fixed(double(point['sum']))}`, ...quantiles].join(' ');
}

function totals(point: Message): string[] {
  const parts = [`count=${integer(point, 'count')}`];
  for (const key of ['sum', 'min', 'max']) if (has(point, key)) parts.push(`${key}=${shortest(double(point[key]))}`);
  return parts;
}

function schema(message: Message): string {
  const url = text(message, 'schemaUrl');
  return url === '' ? '' : ` [${url}]`;
}

function scopeDetails(scoped: Message): string {
  const instrumentationScope = child(scoped, 'scope');
  const version = text(instrumentationScope, 'version');
  const name = `${text(instrumentationScope, 'name')}${version === '' ? '' : `@${version}`}`;
  return `${name === '' ? '' : ` ${name}`}${schema(scoped)}`;
}

function spaced(parts: readonly string[]): string {
  return parts.length === 0 ? '' : ` ${parts.join(' ')}`;
}
