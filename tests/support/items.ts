import type { Signal } from '../../pipeline/signal.ts';
import { LEVELS } from './build.ts';
import type { Tree, Value } from './reference/otlp.ts';

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

/** One data point, span or log record of a decoded request, with the messages around it. */
export interface Item {
  readonly resource: Tree;
  readonly instrumentationScope: Tree;
  /** Of a data point: its metric without the points. */
  readonly metric: Tree | undefined;
  readonly item: Tree;
}

const trees = (value: Value | undefined): Tree[] => (value ?? []) as Tree[];

/** The items of a decoded request in their order: what a destination would store. */
export function itemsOf(signal: Signal, request: Tree): Item[] {
  const [groups, scopes, items] = LEVELS[signal];
  return trees(request[groups]).flatMap((group) =>
    trees(group[scopes]).flatMap((inner): Item[] => {
      const around = { resource: (group['resource'] ?? {}) as Tree, instrumentationScope: (inner['scope'] ?? {}) as Tree };
      if (signal !== 'metrics') return trees(inner[items]).map((item) => ({ ...around, metric: undefined, item }));
      return trees(inner[items]).flatMap((metric) =>
        pointsOf(metric).map((item) => ({ ...around, metric: withoutPoints(metric), item })),
      );
    }),
  );
}

function pointsOf(metric: Tree): Tree[] {
  return DATA.flatMap((name) => trees((metric[name] as Tree | undefined)?.['dataPoints']));
}

function withoutPoints(metric: Tree): Tree {
  const name = DATA.find((each) => metric[each] !== undefined);
  if (name === undefined) return metric;
  const { dataPoints: _points, ...rest } = metric[name] as Tree;
  return { ...metric, [name]: rest };
}

/** The string or integer value of the first attribute with `key`, as text. */
export function attributeOf(owner: Tree | undefined, key: string): string | undefined {
  const value = trees(owner?.['attributes']).find((each) => each['key'] === key)?.['value'] as Tree | undefined;
  const plain = value?.['stringValue'] ?? value?.['intValue'];
  return plain === undefined ? undefined : String(plain);
}

/** Items as text, the same for the same content whatever the order of items, or of fields on the wire. */
export function fingerprints(items: readonly Item[]): string[] {
  return items.map((item) => JSON.stringify(item, plain)).sort();
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is in only one of two lists, a few of each: a difference that can be read. Duplicates count. */
export function difference(actual: readonly string[], expected: readonly string[]): { extra: string[]; missing: string[] } {
  const count = new Map<string, number>();
  for (const each of expected) count.set(each, (count.get(each) ?? 0) + 1);
  for (const each of actual) count.set(each, (count.get(each) ?? 0) - 1);
  const some = (sign: number): string[] =>
    [...count]
      .filter(([, left]) => left * sign > 0)
      .map(([each]) => each)
      .slice(0, 3);
  return { extra: some(-1), missing: some(1) };
}

export const NO_DIFFERENCE = { extra: [], missing: [] };
