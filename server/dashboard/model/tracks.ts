import { columnExtremes } from './columns.kernel.ts';
import type { Value } from './series.ts';

/** A line's points by time: `xs` in seconds, rising; NaN in `ys` lifts the pen. */
export interface Track {
  readonly xs: Float64Array;
  readonly ys: Float64Array;
}

/** Two places of a picture for each column of the screen, after some for points before it; points after it follow. */
export interface Columns {
  readonly before: number;
  readonly count: number;
  /** Of each line whether it has more points than there are columns. */
  readonly crowded: readonly boolean[];
}

export interface Picture {
  /** What uPlot draws: times, then the values of each line at them. */
  readonly data: readonly [xs: readonly number[], ...lines: (readonly Value[])[]];
  /** Undefined: each point is there. */
  readonly columns: Columns | undefined;
}

/** A line over times of a grid, or over its own. */
export function trackOf(xs: ArrayLike<number>, values: ArrayLike<Value>): Track {
  if (xs instanceof Float64Array && values instanceof Float64Array) return { xs, ys: values };
  const track = { xs: new Float64Array(xs.length), ys: new Float64Array(xs.length) };
  let count = 0;
  for (let at = 0; at < xs.length; at += 1) {
    const value = values[at];
    // A joint is no point: the line goes on to the next one.
    if (value === undefined) continue;
    track.xs[count] = xs[at] as number;
    track.ys[count] = value ?? Number.NaN;
    count += 1;
  }
  return { xs: track.xs.subarray(0, count), ys: track.ys.subarray(0, count) };
}

/** The first place whose time is at or after `x`. */
export function placeOf(xs: Float64Array, x: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Points per column of the screen beyond which columns are drawn in their stead. */
const POINTS_PER_COLUMN = 4;
/** Widths of columns differ by this factor, so that a view that only moves has the same columns: its picture does not flicker. */
const WIDTH_STEP = 2 ** 0.25;

/**
 * What is to be drawn of a stretch of time (seconds) on `columns` columns of the screen: each point where they are few, else
 * of each column the least and the greatest. The next points on both sides are there, too, so that lines go on to the edges.
 */
export function pictureOf(tracks: readonly Track[], from: number, to: number, columns: number): Picture {
  const spans = tracks.map(({ xs }): [number, number] => [
    Math.max(0, placeOf(xs, from) - 1),
    Math.min(xs.length, placeOf(xs, to) + 1),
  ]);
  const points = spans.reduce((sum, [first, end]) => sum + end - first, 0);
  return points <= columns * POINTS_PER_COLUMN ? eachPoint(tracks, spans) : byColumn(tracks, spans, from, to, columns);
}

function eachPoint(tracks: readonly Track[], spans: readonly [number, number][]): Picture {
  const times = new Set<number>();
  for (const [line, { xs }] of tracks.entries()) {
    const [first, end] = spans[line] as [number, number];
    for (let at = first; at < end; at += 1) times.add(xs[at] as number);
  }
  const all = Float64Array.from(times).sort();
  const lines = tracks.map(({ xs, ys }, line) => {
    let [at] = spans[line] as [number, number];
    const values = Array.from<Value>({ length: all.length });
    for (let place = 0; place < all.length; place += 1) {
      if (xs[at] !== all[place]) continue;
      // Of several points at one time the last one counts.
      while (xs[at + 1] === all[place]) at += 1;
      const value = ys[at] as number;
      values[place] = Number.isNaN(value) ? null : value;
      at += 1;
    }
    return values;
  });
  return { data: [[...all], ...lines], columns: undefined };
}

function byColumn(
  tracks: readonly Track[],
  spans: readonly [number, number][],
  from: number,
  to: number,
  columns: number,
): Picture {
  const width = WIDTH_STEP ** Math.floor(Math.log((to - from) / columns) / Math.log(WIDTH_STEP));
  const first = Math.floor(from / width) - 1;
  const count = Math.floor(to / width) + 2 - first;
  const out = new Float64Array(2 * count);
  // A line with few points goes on to its next one, however far beyond the edge that is.
  const ends = tracks.flatMap(({ xs }, line) => {
    const [begin, end] = spans[line] as [number, number];
    return begin < end ? [xs[begin] as number, xs[end - 1] as number] : [];
  });
  const before = rising(ends.filter((x) => x < first * width));
  const after = rising(ends.filter((x) => x >= (first + count) * width));
  const inside = Array.from({ length: 2 * count }, (_, at) => (first + (at >> 1) + (at % 2 === 0 ? 0.25 : 0.75)) * width);
  const lines = tracks.map(({ xs, ys }, line) => {
    const [begin, end] = spans[line] as [number, number];
    columnExtremes(xs, ys, begin, end, width, first, out);
    const values: Value[] = [];
    for (let at = 0; at < before.length; at += 1) values.push(undefined);
    for (let at = 0; at < out.length; at += 1) {
      const value = out[at] as number;
      values.push(value === -Infinity ? null : Number.isNaN(value) ? undefined : value);
    }
    for (let at = 0; at < after.length; at += 1) values.push(undefined);
    for (const at of [begin, end - 1]) {
      const [x, y] = [xs[at] ?? Number.NaN, ys[at] ?? Number.NaN];
      const place = before.includes(x)
        ? before.indexOf(x)
        : after.includes(x)
          ? before.length + out.length + after.indexOf(x)
          : -1;
      if (place !== -1) values[place] = Number.isNaN(y) ? null : y;
    }
    return values;
  });
  const crowded = spans.map(([begin, end]) => end - begin > columns);
  return { data: [[...before, ...inside, ...after], ...lines], columns: { before: before.length, count, crowded } };
}

const rising = (xs: readonly number[]): number[] => [...new Set(xs)].toSorted((left, right) => left - right);

/** The point of a line that is nearest to a time; undefined when it has none. */
export function nearest({ xs, ys }: Track, x: number): { readonly x: number; readonly y: number } | undefined {
  const after = placeOf(xs, x);
  const at = after > 0 && (after === xs.length || x - (xs[after - 1] as number) <= (xs[after] as number) - x) ? after - 1 : after;
  return xs.length === 0 ? undefined : { x: xs[at] as number, y: ys[at] as number };
}
