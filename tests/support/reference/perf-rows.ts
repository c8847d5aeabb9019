import type { Signal } from '../../../pipeline/signal.ts';
import { itemsOf, type Item } from '../items.ts';
import { attributesOf } from './scanned.ts';
import type { Tree } from './otlp.ts';

/** MASTER_PERF read off a decoded request, item by item: what the windows must show of it. */
export interface NaivePerfRow {
  readonly Timestamp: bigint;
  readonly Category: string;
  readonly Type: string;
  readonly Topic: string;
  readonly SubCat: string;
  readonly Id: string;
  readonly Value: string;
  readonly Pattern: string;
  readonly Locations: string;
  readonly Impact: string;
  readonly Properties: Readonly<Record<string, string>>;
  readonly ServiceName: string;
  readonly Source: string;
}

export interface NaiveRule {
  readonly metric: string;
  /** By attribute. */
  readonly texts: Readonly<Record<string, string>>;
}

const SOURCES: Readonly<Record<string, string>> = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  exponentialHistogram: 'exponential_histogram',
  summary: 'summary',
};

export function naivePerfRows(signal: Signal, request: Tree, rules: readonly NaiveRule[] = []): NaivePerfRow[] {
  return itemsOf(signal, request).flatMap((each) => {
    const own = attributesOf(each.item['attributes']) as Record<string, string>;
    const rule = rules.find(({ metric }) => metric === each.metric?.['name']);
    const attributes = own['perf.category'] === undefined && rule !== undefined ? { ...own, ...filled(rule, own) } : own;
    return attributes['perf.category'] === undefined ? [] : [rowOf(signal, each, attributes)];
  });
}

function filled({ texts }: NaiveRule, own: Record<string, string>): Record<string, string> {
  const fill = (text: string): string => {
    let out = text;
    for (const [whole, key = ''] of text.matchAll(/\{(.*?)\}/g)) out = out.replace(whole, () => own[key] ?? '');
    return out;
  };
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, fill(text)]));
}

function rowOf(signal: Signal, { item, metric, resource }: Item, attributes: Record<string, string>): NaivePerfRow {
  const ofResource = attributesOf(resource['attributes']) as Record<string, string>;
  const properties: Record<string, string> = {};
  const scope = ofResource['periscope.scope'] ?? ofResource['dashboard.scope'];
  if (scope !== undefined) properties['scope'] = scope;
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith('perf.properties.') && key !== 'perf.properties.scope') properties[key.slice(16)] = value;
  const text = (name: string): string => attributes[`perf.${name}`] ?? '';
  const kind = Object.keys(SOURCES).find((name) => metric?.[name] !== undefined) ?? '';
  return {
    Timestamp: timeOf(signal, item),
    Category: text('category'),
    Type: text('type'),
    Topic: text('topic'),
    SubCat: text('sub_cat'),
    Id: text('id'),
    Value:
      attributes['perf.value'] ?? numberText(numberOf(signal, item), signal === 'traces' ? 'ms' : String(metric?.['unit'] ?? '')),
    Pattern: text('pattern'),
    Locations: text('locations'),
    Impact: text('impact'),
    Properties: properties,
    ServiceName: ofResource['service.name'] ?? '',
    Source: { metrics: SOURCES[kind]!, traces: 'span', logs: 'log' }[signal],
  };
}

function timeOf(signal: Signal, item: Tree): bigint {
  const time = signal === 'traces' ? item['startTimeUnixNano'] : (item['timeUnixNano'] ?? item['observedTimeUnixNano']);
  return (time ?? 0n) as bigint;
}

function numberOf(signal: Signal, item: Tree): number | undefined {
  if (signal === 'logs') return undefined;
  if (signal === 'traces') {
    const [start, end] = [(item['startTimeUnixNano'] ?? 0n) as bigint, (item['endTimeUnixNano'] ?? 0n) as bigint];
    return end < start ? 0 : Number(end - start) / 1e6;
  }
  if ('count' in item || 'bucketCounts' in item || 'quantileValues' in item) {
    const count = Number(item['count'] ?? 0n);
    return count === 0
      ? undefined
      : item['sum'] === undefined && !('quantileValues' in item)
        ? undefined
        : Number(item['sum'] ?? 0) / count;
  }
  return Number(item['asInt'] ?? item['asDouble'] ?? 0);
}

function numberText(number: number | undefined, unit: string): string {
  if (number === undefined) return '';
  const text = Number.isFinite(number) ? `${Number(number.toPrecision(6))}` : `${number}`;
  if (['', '1'].includes(unit)) return text;
  const comment = /^\{(.*)\}$/.exec(unit)?.[1];
  return comment === undefined ? `${text}${unit}` : `${text} ${comment}`;
}
