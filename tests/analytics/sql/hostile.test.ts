import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../../../analytics/sql/statement.ts';
import { HIDDEN, hostileIdeas, SECRET, setUpOf, type Idea } from '../../support/hostile-ideas.ts';
import { seeded, variantOf } from '../../support/hostile-variants.ts';
import { askedScope } from '../../support/scope-sql.ts';

/** All of them where time does not matter; each run of the sample draws others. */
const STATEMENTS = process.env['CI'] === undefined ? 1500 : 10_000;
const SEED = process.env['CI'] === undefined ? Date.now() % 1_000_000 : 20_261_121;

const folder = mkdtempSync(join(tmpdir(), 'periscope-hostile-'));
const ideas = hostileIdeas(folder);
const scope = askedScope(setUpOf());
const SECRET_FILES = ['secret.csv', 'secret.db', 'secret.json', 'secret.parquet', 'secret.txt'];

/** A database as anybody opens it, where nothing stands in the way. */
async function unprotected<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '2' });
  const connection = await instance.connect();
  try {
    for (const statement of setUpOf()) await connection.run(statement);
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const read = async (connection: DuckDBConnection, sql: string): Promise<string> =>
  JSON.stringify(await (await connection.run(sql)).getRowsJson());

beforeAll(async () => {
  writeFileSync(join(folder, 'secret.csv'), `column_of_secret\n${SECRET}\n`);
  writeFileSync(join(folder, 'secret.txt'), SECRET);
  writeFileSync(join(folder, 'secret.json'), `{"column_of_secret": "${SECRET}"}\n`);
  await unprotected(async (connection) => {
    await connection.run(`COPY (SELECT '${SECRET}' AS column_of_secret) TO '${join(folder, 'secret.parquet')}' (FORMAT parquet)`);
    await connection.run(`ATTACH '${join(folder, 'secret.db')}' AS made`);
    await connection.run(`CREATE TABLE made.kept AS SELECT '${SECRET}' AS column_of_secret`);
    await connection.run('DETACH made');
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether the idea does its harm on `connection`, as the test sees it. */
async function doesHarm({ sql, harm }: Idea, connection: DuckDBConnection): Promise<boolean> {
  if ('shows' in harm) {
    const told = await read(connection, sql);
    return typeof harm.shows === 'string' ? told.includes(harm.shows) : harm.shows.test(told.replaceAll(/[[\]",]/g, ''));
  }
  if ('file' in harm) {
    await connection.run(sql);
    const made = existsSync(harm.file);
    rmSync(harm.file, { recursive: true, force: true });
    return made;
  }
  const before = await read(connection, harm.probe);
  await connection.run(sql);
  return before !== (await read(connection, harm.probe));
}

describe('hostile statements', () => {
  it('come from at least sixty ideas', () => {
    expect(ideas.length).toBeGreaterThanOrEqual(60);
    expect(new Set(ideas.map(({ name }) => name)).size).toBe(ideas.length);
  });

  it.each(ideas.map((idea) => [idea.name, idea] as const))(
    '%s: harms without the sandbox, is refused by it, its twin runs',
    async (_, idea) => {
      expect(await unprotected((connection) => doesHarm(idea, connection))).toBe(true);
      const answer = await scope.ask(idea.sql);
      expect(answer).toMatchObject({ ok: false, code: expect.stringMatching(/^SQL_(FORBIDDEN|INVALID)$/) });
      expect(JSON.stringify(answer)).not.toMatch(`${SECRET}|${HIDDEN}`);
      expect(await scope.ask(idea.twin), idea.twin).toMatchObject({ ok: true });
    },
  );

  it(`none of ${STATEMENTS} gets through, in whatever it is wrapped and however it is written (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    const reached = new Map<string, number>();
    for (let n = 0; n < STATEMENTS; n++) {
      const idea = ideas[n % ideas.length]!;
      const sql = variantOf(idea, random);
      const answer = await scope.ask(sql);
      if (answer.ok) expect.unreachable(`${idea.name} ran as: ${sql}`);
      expect(answer.code, sql).toMatch(/^SQL_(FORBIDDEN|INVALID)$/);
      expect(answer.message, sql).not.toMatch(`${SECRET}|${HIDDEN}`);
      const isSyntax = answer.message.includes('syntax error');
      if (!isSyntax) reached.set(idea.name, (reached.get(idea.name) ?? 0) + 1);
    }
    // They are refused for what they want, not because they are no SQL.
    const wellFormed = [...reached.values()].reduce((sum, count) => sum + count, 0);
    expect(wellFormed / STATEMENTS).toBeGreaterThan(0.85);
    expect(ideas.filter(({ name }) => !reached.has(name)).map(({ name }) => name)).toEqual([]);
  });

  it('hide no table: of those that DuckDB finds in a text, none is taken for a name of WITH', async () => {
    const random = seeded(SEED + 1);
    const nesting = ideas.filter(({ nests }) => nests);
    let compared = 0;
    await unprotected(async (connection) => {
      for (let n = 0; n < 300; n++) {
        const sql = variantOf(nesting[n % nesting.length]!, random).replace(/^\s*explain(\s+analyze)?\s+/i, '');
        // Its functions and schemas aside, DuckDB's own binder says which tables a text reads.
        const verdict = await judge(sql, async (text) => {
          const result = await connection.run('SELECT json_serialize_sql(t) FROM (SELECT $1::VARCHAR AS t)', [text]);
          return JSON.parse(String((await result.getRows())[0]?.[0])) as never;
        });
        if (!verdict.ok) continue;
        const named = connection.getTableNames(sql, false).map((name) => name.toLowerCase());
        expect(
          named.filter((name) => !verdict.tables.has(name)),
          sql,
        ).toEqual([]);
        compared += 1;
      }
    });
    expect(compared).toBeGreaterThan(40);
  });

  it('have left everything as it was', async () => {
    const told = async (sql: string): Promise<unknown> => (await scope.own.run(sql)).getRowsJson();
    expect(await told('SELECT count(*), max(text) FROM hidden_rows')).toEqual([['3', HIDDEN]]);
    expect(await told('SELECT count(*) FROM duckdb_tables()')).toEqual([['2']]);
    expect(await told("SELECT count(*) FROM duckdb_databases() WHERE database_name NOT IN ('memory', 'system', 'temp')")).toEqual(
      [['0']],
    );
    expect(await told('SELECT count(*) FROM numbers')).toEqual([['100']]);
    expect(readdirSync(folder).sort()).toEqual(SECRET_FILES);
    expect(scope.told).toEqual({ stuck: 0, broken: 0 });
  });
});
