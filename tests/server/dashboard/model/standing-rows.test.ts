import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { afterChanges, standingOptions, type StandingRows } from '../../../../server/dashboard/model/standing-rows.ts';
import type { SqlData } from '../../../../server/stream/protocol.ts';
import { windowTables, type WindowTables } from '../../../support/window-tables.ts';

const COLUMNS = [
  { name: 'periscope_place', type: 'BIGINT' },
  { name: 'name', type: 'VARCHAR' },
  { name: 'n', type: 'BIGINT' },
];
type Row = readonly [string, number];
const placed = (rows: readonly Row[]) => rows.map((row, at) => [at + 1, ...row]);
const snapshot = (rows: readonly Row[]): SqlData => ({ columns: COLUMNS, rows: placed(rows) });

/** As the collector tells changes: by key, in any order, lists that are empty left out. */
function delta(before: readonly Row[], after: readonly Row[]): SqlData {
  const old = placed(before);
  const now = placed(after);
  const lists = {
    added: now.slice(old.length),
    changed: now.slice(0, old.length).filter((row, at) => JSON.stringify(row) !== JSON.stringify(old[at])),
    removed: old.slice(now.length),
  };
  const entries = Object.entries(lists).filter(([, rows]) => rows.length > 0);
  return Object.fromEntries(entries.map(([name, rows]) => [name, rows.toReversed()]));
}

describe('rows of a query that stays open', () => {
  it('are those of the latest run, in its order, whatever changed', () => {
    const run = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 3 })), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), ([first = [], ...later]) => {
        let shown = afterChanges(undefined, snapshot(first));
        let before = first;
        for (const after of later) {
          shown = afterChanges(shown, delta(before, after));
          before = after;
          expect(shown).toEqual({ columns: COLUMNS.slice(1), rows: after });
        }
      }),
      { endOnFailure: true },
    );
  });

  it('are those of the next snapshot, when the collector has begun anew', () => {
    const before: StandingRows | undefined = afterChanges(undefined, snapshot([['a', 1]]));
    expect(afterChanges(before, snapshot([['b', 2]]))?.rows).toEqual([['b', 2]]);
  });

  it('are none before the first snapshot', () => {
    expect(afterChanges(undefined, { added: [[1, 'a', 1]] })).toBeUndefined();
  });
});

describe('the query as it is kept open', () => {
  let tables: WindowTables;
  beforeAll(async () => {
    tables = await windowTables();
  });
  afterAll(() => tables.close());

  it.each([
    'SELECT (i * 7) % 10 AS n FROM range(10) t(i) ORDER BY n DESC',
    'SELECT (i * 7) % 10 AS n FROM range(10) t(i) ORDER BY n DESC LIMIT 4;',
    'WITH t AS (SELECT (i * 7) % 10 AS n FROM range(10) t(i)) FROM t ORDER BY n DESC -- last first',
    'SELECT n FROM (SELECT (i * 7) % 10 AS n FROM range(10) t(i)) GROUP BY n ORDER BY n DESC',
    'SELECT (i * 7) % 100000 AS n FROM range(100000) t(i) ORDER BY n DESC',
  ])('numbers the rows in its own order: %s', async (sql) => {
    const rows = (await tables.run(standingOptions(sql).sql)) as { periscope_place: unknown; n: unknown }[];
    const ordered = rows.toSorted((left, right) => Number(left.periscope_place) - Number(right.periscope_place));
    expect(ordered.map(({ periscope_place: place }) => Number(place))).toEqual(rows.map((_, at) => at + 1));
    const values = ordered.map(({ n }) => Number(n));
    expect(values).toEqual(values.toSorted((left, right) => right - left));
    expect(rows.length).toBeGreaterThan(3);
  });
});
