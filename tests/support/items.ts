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

/** Items as text, so that two sets of them can be compared whatever order they came in. */
export function fingerprints(items: readonly Item[]): string[] {
  return items.map((item) => JSON.stringify(item, plain)).sort();
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}
