import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInstance, type OpenInstance } from '../../../analytics/instance.ts';
import { ALLOWED_FUNCTIONS } from '../../../analytics/sql/functions.ts';
import { StatementParser } from '../../../analytics/sql/parser.ts';
import { ReadConnections } from '../../../analytics/sql/read-connections.ts';
import { ScopeSql } from '../../../analytics/sql/scope-sql.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

let folder: string;
let open: OpenInstance;
let writer: DuckDBConnection;
let connections: ReadConnections;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'periscope-read-'));
  open = await openInstance({ path: join(folder, 'a.duckdb'), memoryBytes: 2 ** 27, threads: 2 });
  writer = await open.instance.connect();
  await writer.run('CREATE TABLE numbers (n INTEGER)');
  connections = new ReadConnections(open.instance);
});
afterEach(async () => {
  await connections.close();
  writer.closeSync();
  open.close();
  rmSync(folder, { recursive: true });
});

const rowsOf = async (connection: DuckDBConnection, sql: string): Promise<unknown[][]> =>
  (await (await connection.run(sql)).getRows()) as unknown[][];
const count = async (connection: DuckDBConnection): Promise<number> =>
  Number((await rowsOf(connection, 'SELECT count(*) FROM numbers'))[0]![0]);

describe('a connection for reading', () => {
  it('sees what came while it waited, tables and views too, and nothing that comes after its first look', async () => {
    const first = await connections.take(false);
    expect(await count(first)).toBe(0);
    await connections.giveBack(first);
    await writer.run('INSERT INTO numbers VALUES (1), (2); CREATE VIEW evens AS SELECT n FROM numbers WHERE n % 2 = 0');
    const again = await connections.take(false);
    expect(again).toBe(first);
    expect([await count(again), await rowsOf(again, 'FROM evens')]).toEqual([2, [[2]]]);
    await writer.run('INSERT INTO numbers VALUES (3)');
    expect(await count(again)).toBe(2);
    await connections.giveBack(again);
  });

  it('changes nothing, whether it is new or has been used', async () => {
    for (let use = 0; use < 3; use++) {
      const connection = await connections.take(use === 2);
      for (const sql of ['INSERT INTO numbers VALUES (1)', 'CREATE TABLE more (n INTEGER)', 'DROP TABLE numbers'])
        await expect(connection.run(sql)).rejects.toThrow(/read-only|aborted/);
      await connections.giveBack(connection);
    }
    expect(await count(writer)).toBe(0);
  });

  it('knows what time it is when it is told that somebody asks for it', async () => {
    await connections.giveBack(await connections.take(false));
    const before = Date.now();
    const connection = await connections.take(true);
    expect(Number((await rowsOf(connection, 'SELECT epoch_ms(now())'))[0]![0])).toBeGreaterThanOrEqual(before);
    await connections.giveBack(connection);
  });

  it('keeps nothing of the database in use while it waits', async () => {
    const taken = await Promise.all([connections.take(false), connections.take(false)]);
    for (const connection of taken) expect(await count(connection)).toBe(0);
    for (const connection of taken) await connections.giveBack(connection);
    await writer.run('INSERT INTO numbers SELECT range FROM range(100000)');
    await writer.run('CHECKPOINT');
    await writer.run('DROP TABLE numbers; CREATE TABLE numbers (n INTEGER)');
  });

  it('ends a result that was not read to its end, and destroys what was prepared', async () => {
    await writer.run('INSERT INTO numbers SELECT range FROM range(100000)');
    const connection = await connections.take(false);
    const prepared = await connection.prepare('SELECT n FROM numbers');
    expect((await (await prepared.stream()).fetchChunk())?.rowCount).toBeGreaterThan(0);
    await connections.giveBack(connection, prepared);
    const again = await connections.take(false);
    expect([again === connection, await count(again)]).toEqual([true, 100_000]);
    await connections.giveBack(again);
  });

  it('is closed where its transaction does not end, and where more wait than can be used at a time', async () => {
    const spoiled = await connections.take(false);
    const run = spoiled.run.bind(spoiled);
    spoiled.run = (sql) => (sql.startsWith('ROLLBACK') ? Promise.reject(new Error('INTERRUPT Error: Interrupted!')) : run(sql));
    await connections.giveBack(spoiled);
    const next = await connections.take(false);
    expect(next).not.toBe(spoiled);
    const taken = [next, ...(await Promise.all(Array.from({ length: 5 }, () => connections.take(false))))];
    await Promise.all(taken.map((connection) => connections.giveBack(connection)));
    const waiting = await Promise.all(taken.map(() => connections.take(false)));
    expect(waiting.filter((connection) => taken.includes(connection))).toHaveLength(LIMITS.sqlQueriesPerScope);
    await Promise.all(waiting.map((connection) => connections.giveBack(connection)));
  });

  it('lets go of the file when all are closed, those that are being cleared too', async () => {
    const [waits, clears, late] = await Promise.all([1, 2, 3].map(() => connections.take(false)));
    await connections.giveBack(waits!);
    void connections.giveBack(clears!);
    await connections.close();
    // Of a query under way: it is closed when that is over.
    expect(await count(late!)).toBe(0);
    await connections.giveBack(late!);
    writer.closeSync();
    open.close();
    open = await openInstance({ path: join(folder, 'a.duckdb'), memoryBytes: 2 ** 27, threads: 2 });
    writer = await open.instance.connect();
    expect(await count(writer)).toBe(0);
  });
});

describe('a question', () => {
  it('about the time of day is known as one, by whatever function it asks', async () => {
    const times = await rowsOf(
      writer,
      `SELECT DISTINCT function_name FROM duckdb_functions()
       WHERE len(parameters) = 0 AND regexp_matches(return_type, '^(TIME|DATE)') ORDER BY 1`,
    );
    const parser = await StatementParser.open();
    const asked = times.map(([name]) => String(name)).filter((name) => ALLOWED_FUNCTIONS.has(name));
    expect(asked).toContain('now');
    for (const call of [...asked.map((name) => `${name}()`), 'current_date', 'current_timestamp', "age(DATE '2020-01-01')"])
      expect([call, await parser.judge(`SELECT ${call}`)]).toEqual([call, expect.objectContaining({ readsClock: true })]);
    parser.close();
  });

  it('that comes again and again sees each time what was written before it', async () => {
    const parser = await StatementParser.open();
    await writer.run('CREATE VIEW seen AS SELECT n FROM numbers');
    const sql = new ScopeSql(open.instance, parser);
    const control = { signal: new AbortController().signal, stuck() {}, broken() {} };
    const query = {
      sql: 'SELECT count(*), max(n) FROM seen',
      format: 'json',
      timeoutMs: 5000,
      maxRows: 9,
      maxBytes: 999,
    } as const;
    for (let n = 1; n <= 50; n++) {
      await writer.run(`INSERT INTO numbers VALUES (${n})`);
      const answer = await sql.run(query, control);
      expect(answer.ok && Buffer.from(answer.body).toString()).toBe(`[[${n},${n}]]`);
    }
    await sql.close();
    parser.close();
  });
});
