import type { SqlData, SqlOptions } from '../../stream/protocol.ts';

type Row = readonly unknown[];
/** The rows of a query that stays open, in its own order. */
export interface StandingRows {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Row[];
}

const PLACE = 'periscope_place';

/** The query with the place of each row as its key: changes say nothing of an order, and people write ORDER BY. */
export const standingOptions = (sql: string): SqlOptions => ({
  sql: `SELECT row_number() OVER () AS ${PLACE}, * FROM (\n${sql.trim().replace(/;$/, '')}\n)`,
  key: [PLACE],
});

/** What is there after a snapshot, or after the changes since; undefined where changes have nothing that they change. */
export function afterChanges(before: StandingRows | undefined, data: SqlData): StandingRows | undefined {
  const { columns, rows, added = [], changed = [], removed = [] } = data;
  if (columns !== undefined && rows !== undefined) return { columns: columns.slice(1), rows: placed([], rows) };
  if (before === undefined) return undefined;
  // Places have no holes: what is removed are the last ones.
  const kept = before.rows.slice(0, before.rows.length - removed.length);
  return { columns: before.columns, rows: placed(kept, [...changed, ...added]) };
}

function placed(kept: readonly Row[], rows: readonly Row[]): Row[] {
  const all = [...kept];
  for (const [place, ...cells] of rows) all[Number(place) - 1] = cells;
  return all;
}
