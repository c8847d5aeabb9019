import { describe, expect, it } from 'vitest';
import { ResultRows } from '../../../analytics/standing/result-rows.ts';
import { askedScope, SMALL_TABLES } from '../../support/scope-sql.ts';

const scope = askedScope(SMALL_TABLES);
const CAPS = { rows: 100, bytes: 10_000 };

async function read(sql: string, key?: readonly string[], caps = CAPS) {
  const control = { signal: new AbortController().signal, stuck: () => {}, broken: () => {} };
  return scope.sql.read({ sql, timeoutMs: 30_000 }, (columns) => ResultRows.open(columns, key, caps), control);
}
async function rows(sql: string, key?: readonly string[], caps = CAPS): Promise<ResultRows> {
  const answer = await read(sql, key, caps);
  if (!answer.ok) throw new Error(answer.message);
  return answer.sink;
}

describe('rows of a result', () => {
  it('are the texts that POST /api/v1/sql answers, by the texts of their key', async () => {
    const result = await rows('SELECT i, name, 1.5 AS x, NULL AS none FROM numbers WHERE i < 2 ORDER BY i', ['name', 'i']);
    expect([...result.rows]).toEqual([
      ['"n0",0', { text: '[0,"n0",1.5,null]', count: 1 }],
      ['"n1",1', { text: '[1,"n1",1.5,null]', count: 1 }],
    ]);
    expect(result.columns.map(({ name }) => name)).toEqual(['i', 'name', 'x', 'none']);
    expect(JSON.parse(`[${[...result.rows.values()].map(({ text }) => text).join()}]`)).toEqual(
      await scope.rows('SELECT i, name, 1.5 AS x, NULL AS none FROM numbers WHERE i < 2 ORDER BY i'),
    );
  });

  it('are counted where there is no key', async () => {
    const result = await rows('SELECT i % 2 AS odd FROM numbers WHERE i < 5 ORDER BY 1');
    expect([...result.rows.values()]).toEqual([
      { text: '[0]', count: 3 },
      { text: '[1]', count: 2 },
    ]);
    expect(result.doubled).toBeUndefined();
  });

  it('that have the same key show which', async () => {
    const result = await rows('SELECT i % 2 AS odd, i FROM numbers WHERE i < 5 ORDER BY i', ['odd']);
    expect(result.doubled).toBe('0');
  });

  it('that are too many, or too long, are not kept, and it says so', async () => {
    const many = await rows('SELECT i FROM numbers', undefined, { rows: 10, bytes: 10_000 });
    expect([many.over, many.rows.size]).toEqual(['rows', 10]);
    const long = await rows("SELECT repeat('x', 300) AS x, i FROM numbers", undefined, { rows: 100, bytes: 1000 });
    expect([long.over, long.rows.size]).toEqual(['bytes', 3]);
    const exact = await rows('SELECT i FROM numbers WHERE i < 10', undefined, { rows: 10, bytes: 10_000 });
    expect([exact.over, exact.rows.size, exact.bytes]).toEqual([undefined, 10, 40]);
  });

  it('cannot have a key that is no column', async () => {
    expect(await read('SELECT i, name FROM numbers', ['i', 'nam'])).toEqual({
      ok: false,
      code: 'SQL_INVALID',
      message: 'cannot keep the query: it has no column nam for its key, but i, name',
    });
  });
});
