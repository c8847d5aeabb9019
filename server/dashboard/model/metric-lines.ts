import { quantileOf, type Bucket } from './distribution.ts';
import type { Aggregate } from './metric-queries.ts';
import type { Grid, Value } from './series.ts';

export type LineRow = readonly [ms: number, name: string, value: number | null];

/** A number of the API: what JSON has no word for comes as text. */
export function numberOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

export const numberRows = (rows: readonly Readonly<Record<string, unknown>>[]): LineRow[] =>
  rows.map((row) => [Number(row['t']), String(row['name']), numberOf(row['value'])]);

export const QUANTILES = ['p50', 'p90', 'p99'] as const;
const shareOf = (aggregate: string): number => Number(aggregate.slice(1)) / 100;

/** Rows of buckets (t, name, lo, hi, n) as lines: quantiles, or how many came per second. */
export function bucketLines(rows: readonly Readonly<Record<string, unknown>>[], aggregate: Aggregate, step: number): LineRow[] {
  const places = new Map<string, { readonly t: number; readonly name: string; readonly buckets: Bucket[] }>();
  for (const row of rows) {
    const [t, name] = [Number(row['t']), String(row['name'])];
    const key = `${t} ${name}`;
    let place = places.get(key);
    if (place === undefined) places.set(key, (place = { t, name, buckets: [] }));
    place.buckets.push({ lo: numberOf(row['lo']), hi: numberOf(row['hi']), n: numberOf(row['n']) ?? 0 });
  }
  return [...places.values()].flatMap(({ t, name, buckets }): LineRow[] => {
    if (aggregate === 'rate') return [[t, name, buckets.reduce((sum, { n }) => sum + n, 0) / step]];
    if (aggregate === 'quantiles')
      return QUANTILES.map((each) => [t, name === '' ? each : `${name} ${each}`, quantileOf(buckets, shareOf(each))]);
    return [[t, name, quantileOf(buckets, shareOf(aggregate))]];
  });
}

/** The lines of an earlier grid at the places of this one; `at`: the place of the line of the same name, -1 = none. */
export function compared(
  now: Grid,
  before: Grid,
): { readonly name: string; readonly values: readonly Value[]; readonly at: number }[] {
  return before.lines
    .map(({ name, values }) => ({
      name,
      at: now.lines.findIndex((line) => line.name === name),
      values: now.xs.map((_, at) => values[at] ?? null),
    }))
    .filter(({ at }) => at !== -1 || now.lines.length === 0);
}
