import type { Stretch } from './time-range.ts';

/** Pieces of SQL as the page writes it: readable, for every chart can be opened in the SQL page. */

/** A text as a literal. DuckDB knows no escapes in '…' but the doubled quote. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** A name of a column. */
export const name = (value: string): string => (/^[A-Za-z_]\w*$/.test(value) ? value : `"${value.replaceAll('"', '""')}"`);

/** A moment as a literal, in the type of the tables' times. */
export const time = (ms: number): string =>
  `TIMESTAMP_NS '${new Date(Math.round(ms)).toISOString().replace('T', ' ').replace('Z', '')}'`;

/** `column` lies in `stretch`. */
export const within = (column: string, { fromMs, toMs }: Stretch): string =>
  `${column} >= ${time(fromMs)} AND ${column} < ${time(toMs)}`;

/** The bucket that `column` falls into, as milliseconds since 1970. */
export const bucket = (column: string, seconds: number): string =>
  `epoch_ms(time_bucket(INTERVAL '${seconds} seconds', ${column}))`;

/** The parts that are not empty, each a condition. */
export function where(...conditions: readonly (string | undefined)[]): string {
  const kept = conditions.filter((each): each is string => each !== undefined && each !== '');
  return kept.length === 0 ? '' : `WHERE ${kept.join('\n  AND ')}`;
}

/** Without regard to case; `%` and `_` mean themselves. */
export function containsText(expression: string, value: string): string {
  // The database's lower case for both: browsers know newer letters. Of ASCII there is only one.
  const isAscii = /^[\x20-\x7e]*$/.test(value);
  return `contains(lower(${expression}), ${isAscii ? text(value.toLowerCase()) : `lower(${text(value)})`})`;
}
