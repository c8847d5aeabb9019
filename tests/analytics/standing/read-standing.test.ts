import { describe, expect, it } from 'vitest';
import { readStanding } from '../../../analytics/standing/read-standing.ts';
import type { StandingQuery } from '../../../pipeline/analytics.ts';
import { askedScope, SMALL_TABLES } from '../../support/scope-sql.ts';

const scope = askedScope(SMALL_TABLES);

/** Reads over tables whose version rises each time somebody asks for it; `asked` says for which tables. */
function reading() {
  const asked: ReadonlySet<string>[] = [];
  const store = { sql: scope.sql, version: (tables: ReadonlySet<string>) => asked.push(tables) };
  const control = { signal: new AbortController().signal, stuck: () => {}, broken: () => {} };
  const read = (query: StandingQuery) => readStanding(store, query, { rows: 100, bytes: 10_000 }, control);
  return { asked, store, read };
}

describe('one run of a standing query', () => {
  it('tells its rows, what it reads, and the version that had before it began', async () => {
    const { asked, store, read } = reading();
    const found = await read({ sql: 'WITH n AS (SELECT i FROM numbers) SELECT i FROM n WHERE i < $1', params: [2], key: ['i'] });
    if (!found.ok) return expect.unreachable(found.message);
    expect([...found.sink.rows.keys()]).toEqual(['0', '1']);
    expect(found).toMatchObject({ tables: new Set(['numbers']), readsClock: false, version: { store, version: 1 } });
    expect(asked).toEqual([new Set(['numbers'])]);
    expect(await read({ sql: 'SELECT now() FROM numbers LIMIT 1' })).toMatchObject({ readsClock: true, version: { version: 2 } });
  });

  it.each([
    [{ sql: 'EXPLAIN SELECT 1' }, 'SQL_FORBIDDEN', 'cannot keep the query: an EXPLAIN runs once'],
    [{ sql: 'SELECT i FROM numbers', key: ['x'] }, 'SQL_INVALID', 'cannot keep the query: it has no column x for its key, but i'],
    [{ sql: 'DELETE FROM numbers' }, 'SQL_FORBIDDEN', 'cannot '],
    [{ sql: 'SELECT $1' }, 'SQL_INVALID', 'cannot '],
  ])('of %j is refused', async (query, code, message) => {
    const { read } = reading();
    expect(await read(query)).toMatchObject({ ok: false, code, message: expect.stringContaining(message) as string });
  });
});
