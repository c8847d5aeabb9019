import type { Stretch } from './time-range.ts';

/** A missing bucket between two others is joined (undefined), a longer silence stays a gap (null): uPlot's meaning. */
export type Value = number | null | undefined;

export interface Grid {
  /** Seconds since 1970, evenly spaced. */
  readonly xs: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly Value[] }[];
}

/** Where the buckets of a stretch begin: multiples of the step, in seconds. The last one may still be filling. */
export function bucketsOf({ fromMs, toMs }: Stretch, step: number): number[] {
  const first = Math.floor(fromMs / 1000 / step) * step;
  const count = Math.max(0, Math.ceil((toMs / 1000 - first) / step));
  return Array.from({ length: count }, (_, at) => first + at * step);
}

export interface GridOptions {
  readonly stretch: Stretch;
  readonly step: number;
  /** Of an empty bucket: a count is 0 there, a temperature is not known. */
  readonly absent: 'zero' | 'gap';
  /** Empty buckets in a row that are still joined. */
  readonly joined?: number;
}

/** Rows of (bucket in ms, name, value), in any order, as lines over one grid; lines in the order of their sums. */
export function gridOf(rows: readonly (readonly [number, string, number | null])[], options: GridOptions): Grid {
  const { stretch, step, absent, joined = 2 } = options;
  const xs = bucketsOf(stretch, step);
  const first = xs[0] ?? 0;
  const byName = new Map<string, { sum: number; values: Value[] }>();
  for (const [ms, name, value] of rows) {
    const at = Math.round((ms / 1000 - first) / step);
    if (value === null || !Number.isFinite(value) || at < 0 || at >= xs.length) continue;
    let line = byName.get(name);
    if (line === undefined)
      byName.set(name, (line = { sum: 0, values: Array.from<Value>({ length: xs.length }).fill(absent === 'zero' ? 0 : null) }));
    line.values[at] = value;
    line.sum += Math.abs(value);
  }
  const lines = [...byName]
    .toSorted(([leftName, left], [rightName, right]) => right.sum - left.sum || (leftName < rightName ? -1 : 1))
    .map(([name, { values }]) => ({ name, values: absent === 'gap' ? joinShort(values, joined) : values }));
  return { xs, lines };
}

/** Gaps of up to `most` buckets become joints. */
export function joinShort(values: readonly Value[], most: number): Value[] {
  const out = [...values];
  let last = -1;
  for (let at = 0; at < out.length; at += 1) {
    if (typeof out[at] !== 'number') continue;
    const missing = at - last - 1;
    if (last >= 0 && missing > 0 && missing <= most) out.fill(undefined, last + 1, at);
    last = at;
  }
  return out;
}

/** Each line on top of those before it: what a stacked chart draws, the last one highest. */
export function stack(lines: readonly (readonly Value[])[]): number[][] {
  const total: number[] = [];
  return lines.map((values) => {
    const on = values.map((value, at) => (total[at] ?? 0) + (value ?? 0));
    for (const [at, value] of on.entries()) total[at] = value;
    return on;
  });
}

/** The lines after the first `most - 1` as one, so that nothing is left out of a sum. */
export function foldRest(grid: Grid, most: number): Grid {
  if (grid.lines.length <= most) return grid;
  const kept = grid.lines.slice(0, most - 1);
  const rest = grid.lines.slice(most - 1);
  const values = grid.xs.map((_, at) => rest.reduce((sum, line) => sum + (line.values[at] ?? 0), 0));
  return { xs: grid.xs, lines: [...kept, { name: `${rest.length} others`, values }] };
}

/** An SVG path over `width` x `height`; the lowest value stands on the floor, gaps lift the pen. */
export function sparkPath(values: readonly Value[], width: number, height: number, floor?: number): string {
  const known = values.filter((value): value is number => typeof value === 'number');
  if (known.length === 0) return '';
  const low = floor ?? known.reduce((least, value) => Math.min(least, value), Infinity);
  const high = known.reduce((most, value) => Math.max(most, value), low);
  // In halves: the way from the least double to the greatest is none.
  const span = high / 2 - low / 2 || 1;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let path = '';
  let down = false;
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    if (value === null) {
      down = false;
      continue;
    }
    const y = high === low ? height / 2 : height - ((value / 2 - low / 2) / span) * height;
    path += `${down ? 'L' : 'M'}${(at * step).toFixed(1)} ${y.toFixed(1)}`;
    down = true;
  }
  return path;
}
