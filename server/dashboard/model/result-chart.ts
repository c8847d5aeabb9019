import { timeOf } from './format.ts';
import { lttb } from './lttb.ts';
import { numberOf } from './metric-lines.ts';
import type { Value } from './series.ts';

interface ResultColumn {
  readonly name: string;
  readonly type: string;
}
/** How a result can be drawn without asking: over time, or one bar per name. */
export type ResultChart =
  | {
      readonly kind: 'time';
      readonly xs: readonly number[];
      readonly lines: readonly { readonly name: string; readonly values: readonly Value[] }[];
    }
  | { readonly kind: 'bars'; readonly bars: readonly { readonly name: string; readonly value: number }[]; readonly of: string };

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|REAL|DECIMAL\b.*)$/i;
const TEMPORAL = /^(TIMESTAMP|DATE\b)/i;
const TIME_NAME = /^(t|ts|time|bucket|minute|second|hour|epoch_ms)$/i;
const MS_LEAST = 1e11;
const LINES_MAX = 24;
const BARS_MAX = 50;
/** More points than a screen has columns make the same picture. */
const POINTS_MAX = 4000;

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
): ResultChart {
  const seconds = rows.map((row) =>
    typeof row[timeAt] === 'number' ? (row[timeAt] as number) / 1000 : timeOf(row[timeAt]) / 1000,
  );
  const xs = [...new Set(seconds.filter((x) => Number.isFinite(x)))].toSorted((left, right) => left - right);
  const place = new Map(xs.map((x, at) => [x, at]));
  const lines = new Map<string, Value[]>();
  for (const [row, x] of seconds.entries()) {
    const at = place.get(x);
    if (at === undefined) continue;
    const group = names.map((each) => String(rows[row]?.[each] ?? '')).join(' ');
    for (const column of values) {
      const name = [group, values.length > 1 || group === '' ? (columns[column]?.name ?? '') : '']
        .filter((part) => part !== '')
        .join(' ');
      let line = lines.get(name);
      // Undefined: a neighbour has a point there, this one goes on to its own next.
      if (line === undefined) lines.set(name, (line = Array.from<Value>({ length: xs.length })));
      line[at] = numberOf(rows[row]?.[column]);
    }
  }
  const drawn = [...lines].slice(0, LINES_MAX).map(([name, line]) => ({ name, values: line }));
  return { kind: 'time', ...thinned(xs, drawn) };
}

/** Of very many points those that make the same picture, chosen for all lines together. */
function thinned(xs: readonly number[], lines: readonly { readonly name: string; readonly values: readonly Value[] }[]) {
  if (xs.length <= POINTS_MAX) return { xs, lines };
  const kept = new Set<number>();
  for (const { values } of lines) {
    const known = xs.flatMap((_, at) => (typeof values[at] === 'number' ? [at] : []));
    const most = Math.max(3, Math.floor(POINTS_MAX / lines.length));
    const chosen = lttb(
      known.map((at) => xs[at] as number),
      known.map((at) => values[at] as number),
      most,
    );
    for (const each of chosen) kept.add(known[each] as number);
  }
  const places = [...kept].toSorted((left, right) => left - right);
  return {
    xs: places.map((at) => xs[at] as number),
    lines: lines.map(({ name, values }) => ({ name, values: places.map((at) => values[at]) })),
  };
}

/** A value as a cell shows it. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
