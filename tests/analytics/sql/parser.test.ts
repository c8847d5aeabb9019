import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultOf } from '../../../analytics/sql/faults.ts';
import { StatementParser } from '../../../analytics/sql/parser.ts';
import { ScopeSql } from '../../../analytics/sql/scope-sql.ts';
import { judge } from '../../../analytics/sql/statement.ts';
import { listTables } from '../../../analytics/sql/tables.ts';
import { openInstance } from '../../../analytics/instance.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

let parser: StatementParser;
beforeAll(async () => {
  parser = await StatementParser.open();
});
afterAll(() => parser.close());

describe('a text that is judged', () => {
  it('names the tables it reads, those of its WITH left out', async () => {
    const sql = 'WITH a AS (SELECT * FROM One) SELECT * FROM a JOIN "Two" USING (i) WHERE EXISTS (FROM main.three)';
    expect(await parser.judge(sql)).toMatchObject({ ok: true, sql, isExplain: false, tables: new Set(['one', 'two', 'three']) });
  });

  it.each([
    ['now()', true],
    ['NOW() - INTERVAL 5 MINUTE', true],
    ['current_timestamp', true],
    ['CURRENT_DATE', true],
    ['current_date()', true],
    ['localtimestamp', true],
    ['localtime', true],
    ['current_time', true],
    ['today()', true],
    ['get_current_timestamp()', true],
    ['transaction_timestamp()', true],
    ["age(TIMESTAMP '2020-01-01')", true],
    ['(SELECT max(i) FROM range(3) t(i) WHERE now() > epoch_ms(i))', true],
    ["age(TIMESTAMP '2020-01-01', TIMESTAMP '2021-01-01')", false],
    ["'now()'", false],
    ['"when"', false],
    ['random()', false],
  ])('tells whether %s asks for the time', async (expression, readsClock) => {
    const verdict = await parser.judge(`SELECT ${expression} FROM t`);
    expect(verdict).toMatchObject({ ok: true, readsClock });
  });

  it('reads the clock in whatever part of it', async () => {
    for (const sql of [
      'SELECT 1 FROM t WHERE x > now()',
      'WITH a AS (SELECT now() AS n) SELECT n FROM a',
      'SELECT 1 FROM t GROUP BY x HAVING max(y) < today()',
      'SELECT 1 FROM t ORDER BY now()',
      "FROM generate_series(TIMESTAMP '2020-01-01', now()::TIMESTAMP, INTERVAL 1 DAY)",
      'SELECT 1 UNION ALL SELECT epoch_ms(now()::TIMESTAMP)',
    ])
      expect(await parser.judge(sql), sql).toMatchObject({ ok: true, readsClock: true });
  });

  it('is judged once and remembered, the longest unused forgotten first', async () => {
    const first = await parser.judge('SELECT 1 AS remembered');
    expect(await parser.judge('SELECT 1 AS remembered')).toBe(first);
    const filler = `SELECT '${'x'.repeat(LIMITS.sqlChars - 100)}' AS n`;
    for (let n = 0; n < 2 + LIMITS.sqlVerdictChars / LIMITS.sqlChars; n++) await parser.judge(`${filler}${n}`);
    const again = await parser.judge('SELECT 1 AS remembered');
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
  });

  it('is refused for a kind of node that nobody has looked at', async () => {
    const tree = (node: object) => async () => ({ error: false, statements: [{ node: node as never }] });
    for (const node of [
      { type: 'NEW_NODE' },
      { type: 'SELECT_NODE', select_list: [{ class: 'NEW_CLASS', type: 'X' }] },
      { type: 'SELECT_NODE', from_table: { type: 'NEW_REF' } },
      { type: 'SELECT_NODE', from_table: { type: 'TABLE_FUNCTION', function: { class: 'SUBQUERY' } } },
      { type: 'SELECT_NODE', cte_map: { map: [{ key: 7 }] } },
    ])
      expect(await judge('SELECT 1', tree(node)), JSON.stringify(node)).toMatchObject({ ok: false, code: 'SQL_FORBIDDEN' });
    expect(await judge('SELECT 1', async () => ({ error: false, statements: [] }))).toMatchObject({ code: 'SQL_FORBIDDEN' });
  });
});

describe('a fault of DuckDB', () => {
  it('that has ruined the database says so', () => {
    let broken = 0;
    const query = { sql: '', format: 'json', timeoutMs: 1, maxRows: 1, maxBytes: 1 } as const;
    const control = { broken: () => void (broken += 1) };
    expect(faultOf(new Error('FATAL Error: x'), undefined, query, control)).toMatchObject({ code: 'INTERNAL' });
    expect(faultOf(new Error('Interrupted!'), undefined, query, control)).toMatchObject({ code: 'SQL_INVALID' });
    expect(broken).toBe(1);
  });
});

describe('the SQL of a scope', () => {
  it('ends its connections when it is closed, those in use when they are free', async () => {
    const open = await openInstance({ memoryBytes: 64 * 1024 * 1024, threads: 1 });
    const sql = new ScopeSql(open.instance, parser);
    const watching = await open.instance.connect();
    const connections = async (): Promise<number> =>
      Number((await (await watching.run('SELECT count FROM duckdb_connection_count()')).getRows())[0]?.[0]);
    const before = await connections();
    const control = { signal: new AbortController().signal, stuck: () => {}, broken: () => {} };
    const query = {
      sql: 'SELECT count(*) FROM range(3000000)',
      format: 'json',
      timeoutMs: 9000,
      maxRows: 9,
      maxBytes: 99,
    } as const;
    await sql.run(query, control);
    expect(await connections()).toBe(before + 1);
    const running = sql.run(query, control);
    await sql.close();
    expect(await running).toMatchObject({ ok: true });
    await sql.close();
    expect(await connections()).toBe(before);
    expect(await listTables(watching)).toEqual([]);
    watching.closeSync();
    open.close();
  });
});
