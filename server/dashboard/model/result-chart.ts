import { timeOf } from './format.ts';
import { numberOf } from './metric-lines.ts';
import type { Stretch } from './time-range.ts';

interface ResultColumn {
  readonly name: string;
  readonly type: string;
}
export interface ResultLine {
  readonly name: string;
  /** Seconds since 1970, rising. */
  readonly xs: Float64Array;
  /** NaN = there is a row, but no value. */
  readonly values: Float64Array;
}
/** How a result can be drawn without asking: over time, or one bar per name. */
export type ResultChart =
  | {
      readonly kind: 'time';
      /** From the first point to the last one. */
      readonly stretch: Stretch;
      readonly lines: readonly ResultLine[];
    }
  | { readonly kind: 'bars'; readonly bars: readonly { readonly name: string; readonly value: number }[]; readonly of: string };

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|REAL|DECIMAL\b.*)$/i;
const TEMPORAL = /^(TIMESTAMP|DATE\b)/i;
const TIME_NAME = /^(t|ts|time|bucket|minute|second|hour|epoch_ms)$/i;
const MS_LEAST = 1e11;
/** Seconds of the years 0 to 9999: numbers further off are no times, and seconds of them no double tells apart. */
const TIME_LEAST_S = -62_167_219_200;
const TIME_MOST_S = 253_402_300_800;
const LINES_MAX = 24;
const BARS_MAX = 50;

export const isNumeric = ({ type }: ResultColumn): boolean => NUMERIC.test(type);

/** Undefined when there is nothing to draw. */
export function chartOf(columns: readonly ResultColumn[], rows: readonly (readonly unknown[])[]): ResultChart | undefined {
  if (rows.length === 0) return undefined;
  const timeAt = timeColumn(columns, rows);
  const values = columns.flatMap((column, at) => (at !== timeAt && isNumeric(column) ? [at] : []));
  const names = columns.flatMap(({ type }, at) => (/^(VARCHAR|ENUM|BOOLEAN)/i.test(type) ? [at] : []));
  if (values.length === 0) return undefined;
  if (timeAt !== undefined) return overTime(columns, rows, timeAt, names, values);
  const [nameAt] = names;
  if (nameAt === undefined || names.length > 1 || rows.length > BARS_MAX) return undefined;
  const at = values[0] as number;
  const bars = rows.map((row) => ({ name: String(row[nameAt] ?? ''), value: numberOf(row[at]) ?? 0 }));
  return { kind: 'bars', bars, of: columns[at]?.name ?? '' };
}

function timeColumn(columns: readonly ResultColumn[], rows: readonly (readonly unknown[])[]): number | undefined {
  const typed = columns.findIndex(({ type }) => TEMPORAL.test(type));
  if (typed !== -1) return typed;
  const named = columns.findIndex(
    (column, at) => TIME_NAME.test(column.name) && isNumeric(column) && Number(rows[0]?.[at]) > MS_LEAST,
  );
  return named === -1 ? undefined : named;
}

function overTime(
  columns: readonly ResultColumn[],
  rows: readonly (readonly unknown[])[],
  timeAt: number,
  names: readonly number[],
  values: readonly number[],
): ResultChart | undefined {
  const lines = new Map<string, [x: number, y: number][]>();
  let [least, most] = [Infinity, -Infinity];
  for (const row of rows) {
    const time = row[timeAt];
    const x = (typeof time === 'number' ? time : timeOf(time)) / 1000;
    // NaN, too.
    if (!(x >= TIME_LEAST_S && x < TIME_MOST_S)) continue;
    least = Math.min(least, x);
    most = Math.max(most, x);
    const group = names.map((each) => String(row[each] ?? '')).join(' ');
    for (const column of values) {
      const name = [group, values.length > 1 || group === '' ? (columns[column]?.name ?? '') : '']
        .filter((part) => part !== '')
        .join(' ');
      let line = lines.get(name);
      if (line === undefined) lines.set(name, (line = []));
      line.push([x, numberOf(row[column]) ?? Number.NaN]);
    }
  }
  if (least > most) return undefined;
  // A single moment still needs a stretch to stand in.
  const air = most - least < 0.001 ? 1 : 0;
  return {
    kind: 'time',
    stretch: { fromMs: (least - air) * 1000, toMs: (most + air) * 1000 },
    lines: [...lines].slice(0, LINES_MAX).map(([name, points]) => {
      points.sort(([left], [right]) => left - right);
      return { name, xs: Float64Array.from(points, ([x]) => x), values: Float64Array.from(points, ([, y]) => y) };
    }),
  };
}

/** A value as a cell shows it. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
