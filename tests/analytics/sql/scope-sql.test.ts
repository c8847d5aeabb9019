import { join } from 'node:path';
import type { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { openInstance } from '../../../analytics/instance.ts';
import { ScopeSql } from '../../../analytics/sql/scope-sql.ts';
import type { SqlQuery, SqlResult } from '../../../pipeline/analytics.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { askedScope, bodyOf, SMALL_TABLES } from '../../support/scope-sql.ts';

const scope = askedScope(SMALL_TABLES);
const folder = temporaryFolders();
const ENDLESS = 'SELECT count(*) FROM numbers a, numbers b, numbers c WHERE a.i + b.i + c.i = -1';
const codeOf = async (sql: string): Promise<string> => {
  const answer = await scope.ask(sql);
  return answer.ok ? 'ran' : answer.code;
};

describe('a query', () => {
  it('answers with its columns, their types and its rows', async () => {
    const answer = await scope.ask("SELECT i, name AS n FROM numbers WHERE name = 'n7'");
    expect(answer).toMatchObject({
      ok: true,
      rows: 1,
      columns: [
        { name: 'i', type: 'BIGINT' },
        { name: 'n', type: 'VARCHAR' },
      ],
    });
    expect(bodyOf(answer)).toBe('[[7,"n7"]]');
    expect((answer as SqlResult).elapsedMs).toBeGreaterThan(0);
    expect((answer as SqlResult).truncated).toBeUndefined();
  });

  it('takes WITH, subqueries, joins, windows, pivots, unnest, ranges, lambdas and samples', async () => {
    for (const [sql, rows] of [
      ['WITH a AS (SELECT i FROM numbers WHERE i < 3), b AS (FROM a) SELECT sum(i) FROM a JOIN b USING (i)', [[3]]],
      ['WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT max(n) FROM t', [[4]]],
      ['SELECT (SELECT count(*) FROM numbers WHERE i < o.i) FROM numbers o WHERE i = 2', [[2]]],
      ['SELECT i, lag(i) OVER (ORDER BY i) FROM numbers ORDER BY i LIMIT 2', [[0, null], [1, 0]]], // prettier-ignore
      ['SELECT * FROM (PIVOT (SELECT i % 2 AS odd FROM numbers) ON odd IN (0, 1) USING count(*))', [[2500, 2500]]],
      ['SELECT unnest([1, 2]) AS u', [[1], [2]]],
      ['FROM range(2)', [[0], [1]]],
      ['SELECT [x * 2 FOR x IN [1, 2]], list_transform([1], lambda x: x + 1)', [[[2, 4], [2]]]],
      ['SELECT count(*) FROM numbers TABLESAMPLE reservoir(10 ROWS)', [[10]]],
      ['TABLE numbers LIMIT 1', [[0, 'n0']]],
      ['VALUES (1), (2)', [[1], [2]]],
      ['SELECT MAP {\'a\': 1}[\'a\'], {\'b\': 2}.b, CAST(3 AS DECIMAL(4, 1))', [[1, 2, 3]]], // prettier-ignore
    ] as const)
      expect(await scope.rows(sql), sql).toEqual(rows);
  });

  it('may DESCRIBE, SUMMARIZE and EXPLAIN what it may select', async () => {
    expect((await scope.rows('DESCRIBE numbers')).map(([name]) => name)).toEqual(['i', 'name']);
    expect((await scope.rows('SUMMARIZE SELECT i FROM numbers'))[0]?.[0]).toBe('i');
    expect(await scope.rows('EXPLAIN SELECT count(*) FROM numbers')).toHaveLength(1);
    expect(await scope.rows('explain analyze SELECT count(*) FROM numbers')).toHaveLength(1);
    for (const sql of [
      'EXPLAIN DROP TABLE base_numbers',
      'EXPLAIN ANALYZE DELETE FROM base_numbers',
      'EXPLAIN FROM base_numbers',
    ])
      expect(await codeOf(sql), sql).toMatch(/SQL_FORBIDDEN|SQL_INVALID/);
    expect(await scope.rows('SELECT count(*) FROM numbers')).toEqual([[5000]]);
  });

  it('reads views, not what they are made of, and says which there are', async () => {
    expect(await scope.ask('SELECT * FROM base_numbers')).toEqual({
      ok: false,
      code: 'SQL_INVALID',
      message: 'cannot run the query: there is no table base_numbers; there is numbers',
    });
    expect(await codeOf('SELECT * FROM NUMBERS LIMIT 1')).toBe('ran');
    expect(await codeOf('SELECT * FROM main.numbers LIMIT 1')).toBe('ran');
  });

  it('sees a view that was made after the first query', async () => {
    expect(await codeOf('FROM later')).toBe('SQL_INVALID');
    await scope.own.run('CREATE VIEW later AS SELECT 1 AS one');
    expect(await scope.rows('FROM later')).toEqual([[1]]);
    await scope.own.run('DROP VIEW later');
  });

  it('knows a name of WITH only where DuckDB does', async () => {
    // In each of these the name means a table of the database to DuckDB, not the one of WITH.
    for (const sql of [
      'WITH base_numbers AS (SELECT * FROM base_numbers) SELECT * FROM base_numbers',
      'WITH a AS (FROM base_numbers), base_numbers AS (SELECT 1) FROM a',
      'SELECT * FROM (WITH base_numbers AS (SELECT 1) FROM base_numbers), base_numbers',
      'WITH RECURSIVE base_numbers AS (FROM base_numbers UNION ALL FROM base_numbers) FROM base_numbers',
      'SELECT (WITH base_numbers AS (SELECT 1 AS i) SELECT i FROM base_numbers) FROM base_numbers',
      'WITH base_numbers AS (SELECT 1) SELECT * FROM (DESCRIBE base_numbers)',
      'WITH base_numbers AS (SELECT 1) SELECT * FROM main.base_numbers',
    ])
      expect(await codeOf(sql), sql).toBe('SQL_INVALID');
    expect(await scope.rows('WITH base_numbers AS (SELECT 1) FROM base_numbers UNION ALL FROM base_numbers')).toEqual([[1], [1]]);
    expect(await scope.rows('WITH base_numbers AS (SELECT 2 AS i) SELECT (SELECT max(i) FROM base_numbers)')).toEqual([[2]]);
    expect(await scope.rows('WITH Numbers AS (SELECT 3) FROM numbers')).toEqual([[3]]);
  });

  it('says where a text is wrong', async () => {
    expect(await scope.ask('SELECT i\nFROM numbers\nWHER i = 1')).toMatchObject({
      code: 'SQL_INVALID',
      message: expect.stringContaining('syntax error at or near "i" (line 3, column 6)'),
    });
    expect(await scope.ask("SELECT 'é', nope FROM numbers")).toMatchObject({
      code: 'SQL_INVALID',
      message: expect.stringMatching(/"nope" not found[\s\S]*LINE 1: .*\n\s+\^/),
    });
    expect(await scope.ask(`SELECT ${'1 + '.repeat(LIMITS.sqlChars / 4)}1`)).toMatchObject({
      code: 'SQL_INVALID',
      message: 'cannot run the query: it has more than 65536 characters',
    });
    expect(await codeOf('')).toBe('SQL_FORBIDDEN');
    expect(await codeOf('SELECT 1;')).toBe('ran');
    expect(await codeOf(`SELECT ${'abs('.repeat(3000)}1${')'.repeat(3000)}`)).toMatch(/SQL_INVALID|SQL_FORBIDDEN/);
    expect(await codeOf('SELECT 1e400, \'NaN\', "Infinity" FROM (SELECT 1 AS "Infinity")')).toBe('ran');
  });

  it('stops at its cap of rows or bytes, with whole rows, and says so', async () => {
    const byRows = await scope.ask('SELECT i FROM numbers ORDER BY i', { maxRows: 3 });
    expect(byRows).toMatchObject({ rows: 3, truncated: 'rows' });
    expect(bodyOf(byRows)).toBe('[[0],[1],[2]]');
    const exact = await scope.ask('SELECT i FROM numbers ORDER BY i', { maxRows: 5000 });
    expect(exact).toMatchObject({ rows: 5000 });
    expect((exact as SqlResult).truncated).toBeUndefined();
    const byBytes = await scope.ask('SELECT name FROM numbers ORDER BY i', { maxBytes: 20 });
    expect(byBytes).toMatchObject({ rows: 2, truncated: 'bytes' });
    expect(bodyOf(byBytes)).toBe('[["n0"],["n1"]]');
    const none = await scope.ask("SELECT repeat('x', 100)", { maxBytes: 50 });
    expect(none).toMatchObject({ rows: 0, truncated: 'bytes' });
    expect(bodyOf(none)).toBe('[]');
  });

  it('ends at its time, when its asker leaves, and when memory does; the next one runs', async () => {
    expect(await scope.ask(ENDLESS, { timeoutMs: 50 })).toEqual({
      ok: false,
      code: 'SQL_TIMEOUT',
      message: 'cannot finish the query: it ran longer than 50 ms',
    });
    const leaver = new AbortController();
    const left = scope.ask(ENDLESS, {}, leaver.signal);
    setTimeout(() => leaver.abort(), 20);
    expect(await left).toMatchObject({ code: 'SQL_CANCELLED' });
    expect(await scope.ask('SELECT 1', {}, AbortSignal.abort())).toMatchObject({ ok: expect.any(Boolean) });
    expect(await scope.ask('SELECT max(x) FROM (SELECT array_agg(range(200)) AS x FROM range(2000000) t(i))')).toEqual({
      ok: false,
      code: 'SQL_MEMORY',
      message: expect.stringMatching(/^cannot run the query: Out of Memory Error: [^\n]*$/),
    });
    expect(await scope.rows('SELECT 1')).toEqual([[1]]);
    expect(scope.told).toEqual({ stuck: 0, broken: 0 });
  });

  it('that was interrupted while it was cleared away says why, and the next one finds a connection', async () => {
    const { instance } = scope;
    let rollbacks = 0;
    const interrupted = {
      async connect() {
        const connection = await instance.connect();
        const run = connection.run.bind(connection);
        connection.run = async (sql, ...more) => {
          if (sql.startsWith('ROLLBACK') && ++rollbacks === 1) throw new Error('INTERRUPT Error: Interrupted!');
          return run(sql, ...more);
        };
        return connection;
      },
    };
    const sql = new ScopeSql(interrupted as unknown as DuckDBInstance, scope.parser);
    const query: SqlQuery = { sql: ENDLESS, format: 'json', timeoutMs: 30, maxRows: 1, maxBytes: 100 };
    const control = { signal: new AbortController().signal, stuck() {}, broken() {} };
    expect(await sql.run(query, control)).toMatchObject({ code: 'SQL_TIMEOUT' });
    for (let n = 0; n < 3; n++) expect(await sql.run({ ...query, sql: 'SELECT 1' }, control)).toMatchObject({ ok: true });
    await sql.close();
  });

  it('waits for what it reads to be made ready, and for nothing else', async () => {
    const prepared: string[][] = [];
    let ready = false;
    const open = await openInstance({ memoryBytes: 2 ** 27, threads: 1 });
    const connection = await open.instance.connect();
    await connection.run('CREATE SCHEMA base; CREATE TABLE base.rows (n INTEGER); CREATE VIEW counts AS FROM base.rows');
    const sql = new ScopeSql(open.instance, scope.parser, async (views) => {
      prepared.push([...views]);
      await connection.run('INSERT INTO base.rows VALUES (1)');
      ready = true;
    });
    const control = { signal: new AbortController().signal, stuck() {}, broken() {} };
    const query: SqlQuery = { sql: 'SELECT count(*) FROM Counts', format: 'json', timeoutMs: 5000, maxRows: 1, maxBytes: 100 };
    const answer = await sql.run(query, control);
    expect(ready && answer.ok && Buffer.from(answer.body).toString()).toBe('[[1]]');
    expect(prepared).toEqual([['counts']]);
    expect(await sql.run({ ...query, sql: 'SELECT * FROM nothing' }, control)).toMatchObject({ code: 'SQL_INVALID' });
    expect(prepared.length).toBe(1);
    await sql.close();
    connection.closeSync();
    open.close();
  });

  it('that cannot be interrupted is told as stuck', async () => {
    // One call of one function over one vector: DuckDB looks up from it when it is done.
    const answer = await scope.ask(
      "SELECT max(levenshtein(repeat('ab', 1200) || i, repeat('ba', 1200) || i)) FROM range(600) t(i)",
      {
        timeoutMs: 10,
      },
    );
    expect(answer).toMatchObject({ ok: false });
    expect(scope.told.stuck).toBe(1);
    scope.told.stuck = 0;
  });

  it('whose answer is cut runs until DuckDB has let go of it; where it does not, that is told as stuck', async () => {
    const { instance } = scope;
    const told: string[] = [];
    const ofNames: string[] = [];
    let letGo: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const holding = {
      async connect() {
        const connection = await instance.connect();
        const run = connection.run.bind(connection);
        const prepare = connection.prepare.bind(connection);
        // Of the two connections that are cleared the other one was used to look up the names of tables: no answer waits for it.
        let list = ofNames;
        connection.prepare = async (text) => {
          list = told;
          return prepare(text);
        };
        // As where a thread that read ahead is in the middle of a long call.
        connection.run = async (text, ...more) => {
          if (text.startsWith('ROLLBACK')) await held;
          const result = await run(text, ...more);
          if (text.startsWith('ROLLBACK')) list.push('cleared');
          return result;
        };
        return connection;
      },
    };
    const sql = new ScopeSql(holding as unknown as DuckDBInstance, scope.parser);
    const stuck = (): void => {
      told.push('stuck');
      letGo?.();
    };
    const query: SqlQuery = { sql: 'SELECT i FROM numbers', format: 'json', timeoutMs: 1000, maxRows: 1, maxBytes: 999 };
    const answer = await sql.run(query, { signal: new AbortController().signal, stuck, broken() {} });
    told.push('answered');
    letGo?.();
    await sql.close();
    expect(answer).toMatchObject({ ok: true, rows: 1, truncated: 'rows' });
    expect(told).toEqual(['stuck', 'cleared', 'answered']);
    expect(ofNames).toEqual(['cleared']);
  });

  it('lets go of the file of its windows, also where its answer was cut', async () => {
    const path = join(folder(), 'window.db');
    const options = { path, memoryBytes: 2 ** 27, threads: 2 };
    for (const rows of [300_000, 1]) {
      const open = await openInstance(options);
      const connection = await open.instance.connect();
      await connection.run('CREATE OR REPLACE TABLE base AS FROM range(300000) t(i); CREATE OR REPLACE VIEW rows AS FROM base');
      connection.closeSync();
      const sql = new ScopeSql(open.instance, scope.parser);
      const control = { signal: new AbortController().signal, stuck() {}, broken() {} };
      const query: SqlQuery = { sql: 'SELECT i FROM rows', format: 'json', timeoutMs: 30_000, maxRows: rows, maxBytes: 1e7 };
      expect(await sql.run(query, control)).toMatchObject({ ok: true, rows });
      await sql.close();
      open.close();
    }
    (await openInstance(options)).close();
  });

  it('that runs beside others is not disturbed by their end', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        n % 2 === 0 ? scope.ask(ENDLESS, { timeoutMs: 30 }) : scope.ask(`SELECT sum(i) + ${n} FROM numbers`),
      ),
    );
    expect(answers.map((answer) => (answer.ok ? bodyOf(answer) : answer.code))).toEqual(
      Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? 'SQL_TIMEOUT' : `[[${12497500 + n}]]`)),
    );
  });
});

describe('the tables', () => {
  it('are the views, with their comments, columns and rows', async () => {
    expect(await scope.sql.tables()).toEqual([
      {
        name: 'numbers',
        kind: 'view',
        comment: 'numbers and their names',
        rows: 5000,
        columns: [
          { name: 'i', type: 'BIGINT', comment: 'counts up' },
          { name: 'name', type: 'VARCHAR', comment: '' },
        ],
      },
    ]);
  });
});
