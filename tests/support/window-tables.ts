import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { WINDOW_SCHEMA } from './window-schema.ts';

/** Runs queries of the dashboard; rows come as objects of plain values. */
export interface WindowTables {
  run(sql: string): Promise<Record<string, unknown>[]>;
  close(): void;
}

/** Empty tables of one scope; `run` fills them, too. */
export async function windowTables(): Promise<WindowTables> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection: DuckDBConnection = await instance.connect();
  for (const statement of WINDOW_SCHEMA) await connection.run(statement);
  return {
    async run(sql) {
      const reader = await connection.runAndReadAll(sql);
      // Not `getRowObjectsJS`: a column called __proto__ would be no member of its objects.
      const names = reader.deduplicatedColumnNames();
      return reader
        .getRowsJS()
        .map((row) =>
          Object.fromEntries(row.map((value, at) => [names[at] ?? '', typeof value === 'bigint' ? Number(value) : value])),
        );
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
