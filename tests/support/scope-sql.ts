import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll } from 'vitest';
import { openInstance, type OpenInstance } from '../../analytics/instance.ts';
import { StatementParser } from '../../analytics/sql/parser.ts';
import { ScopeSql } from '../../analytics/sql/scope-sql.ts';
import type { SqlAnswer, SqlQuery, SqlResult } from '../../pipeline/analytics.ts';

/** One scope's database with what a test puts there, asked as users ask it. */
export interface AskedScope {
  readonly sql: ScopeSql;
  readonly parser: StatementParser;
  readonly instance: DuckDBInstance;
  /** Ours: runs anything that the locked settings let run. */
  readonly own: DuckDBConnection;
  /** How often a query ran on after its interrupt, and the database was called unusable. */
  readonly told: { stuck: number; broken: number };
  ask(sql: string, more?: Partial<SqlQuery>, signal?: AbortSignal): Promise<SqlAnswer>;
  /** Rows of a query that must run. */
  rows(sql: string, more?: Partial<SqlQuery>): Promise<readonly (readonly unknown[])[]>;
}

/** `setUp`: statements that make tables and views. */
export function askedScope(setUp: readonly string[], memoryBytes = 256 * 1024 * 1024): AskedScope {
  let open: OpenInstance;
  const told = { stuck: 0, broken: 0 };
  const scope = { told } as { -readonly [key in keyof AskedScope]: AskedScope[key] };
  beforeAll(async () => {
    open = await openInstance({ memoryBytes, threads: 2 });
    scope.instance = open.instance;
    scope.own = await open.instance.connect();
    for (const statement of setUp) await scope.own.run(statement);
    scope.parser = await StatementParser.open();
    scope.sql = new ScopeSql(open.instance, scope.parser);
  });
  afterAll(async () => {
    await scope.sql.close();
    scope.parser.close();
    scope.own.closeSync();
    open.close();
  });
  scope.ask = (sql, more = {}, signal = new AbortController().signal) => {
    const query: SqlQuery = { sql, format: 'json', timeoutMs: 30_000, maxRows: 10_000, maxBytes: 1024 * 1024, ...more };
    return scope.sql.run(query, { signal, stuck: () => void (told.stuck += 1), broken: () => void (told.broken += 1) });
  };
  scope.rows = async (sql, more = {}) => {
    const answer = await scope.ask(sql, more);
    if (!answer.ok) throw new Error(`${sql}: ${answer.code} ${answer.message}`);
    return JSON.parse(bodyOf(answer)) as unknown[][];
  };
  return scope;
}

export const bodyOf = (answer: SqlAnswer): string => Buffer.from((answer as SqlResult).body).toString();

/** A base table, a view over it, and a value that only the base table has. */
export const SMALL_TABLES: readonly string[] = [
  "CREATE TABLE base_numbers AS SELECT i, 'n' || i AS name, 'hidden' AS inner_only FROM range(5000) t(i)",
  'CREATE VIEW numbers AS SELECT i, name FROM base_numbers',
  "COMMENT ON VIEW numbers IS 'numbers and their names'",
  "COMMENT ON COLUMN numbers.i IS 'counts up'",
];
