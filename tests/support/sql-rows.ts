import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { ScopeWindow, type WindowOptions } from '../../analytics/windows/scope-window.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { encode } from './build.ts';
import type { Tree } from './reference/otlp.ts';

/** A window of its own instance in memory, and SQL on it. */
export interface OpenWindow {
  readonly instance: DuckDBInstance;
  readonly window: ScopeWindow;
  readonly connection: DuckDBConnection;
  /** Rows as objects by column; values as DuckDB's library gives them. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Appends the requests and loads them. */
  load(signal: Signal, ...requests: readonly Tree[]): Promise<void>;
  close(): Promise<void>;
}

export async function openWindow(options: WindowOptions = { figuresIntervalMs: 0, nowMs: 0 }): Promise<OpenWindow> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const window = await ScopeWindow.create(instance, options);
  const connection = await instance.connect();
  return {
    instance,
    window,
    connection,
    query: async (sql) => (await connection.runAndReadAll(sql)).getRowObjects(),
    load: async (signal, ...requests) => {
      for (const request of requests) {
        const { fault } = window.append(signal, encode(signal, request), 0);
        if (fault !== '') throw new Error(fault);
      }
      await window.flush();
    },
    close: async () => {
      await window.close();
      connection.closeSync();
      instance.closeSync();
    },
  };
}
