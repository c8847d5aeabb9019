import duckdb from '@duckdb/node-bindings';
import { DuckDBDataChunk, type DuckDBAppender, type DuckDBConnection } from '@duckdb/node-api';
import { CHUNK_ROWS, type Vector } from './vectors.ts';

/** Writes rows [from, from + count) into the vectors, one per column in the order of the table. */
export type FillChunk = (vectors: readonly Vector[], from: number, count: number) => void;

export const SCHEMA = 'base';

/** Column name and DuckDB type. */
export type ColumnSpec = readonly (readonly [name: string, type: string])[];

export function createTableSql(name: string, columns: ColumnSpec): string {
  return `CREATE TABLE ${SCHEMA}.${name} (${columns.map(([column, type]) => `${column} ${type}`).join(', ')})`;
}

/** A table that is only appended to, by one connection, in chunks. Calls into DuckDB are synchronous: 10 ns a value or less. */
export class AppendedTable {
  readonly name: string;
  /** Rows appended. */
  rows = 0;
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;
  readonly #vectors: readonly Vector[];
  #isOpen = true;

  private constructor(name: string, appender: DuckDBAppender) {
    this.name = name;
    this.#appender = appender;
    const types = Array.from({ length: appender.columnCount }, (_, i) => appender.columnType(i).toLogicalType().logical_type);
    this.#chunk = new DuckDBDataChunk(duckdb.create_data_chunk(types));
    this.#vectors = types.map((_, i) => duckdb.data_chunk_get_vector(this.#chunk.chunk, i));
  }

  static async open(connection: DuckDBConnection, name: string): Promise<AppendedTable> {
    return new AppendedTable(name, await connection.createAppender(name, SCHEMA));
  }

  /** Appends `count` rows from the columns that `fill` reads. They are seen after `flush`. Throws what DuckDB throws. */
  append(count: number, fill: FillChunk, from = 0): void {
    const { chunk } = this.#chunk;
    for (let done = 0; done < count; done += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, count - done);
      duckdb.data_chunk_reset(chunk);
      fill(this.#vectors, from + done, rows);
      duckdb.data_chunk_set_size(chunk, rows);
      this.#appender.appendDataChunk(this.#chunk);
    }
    this.rows += count;
  }

  flush(): void {
    this.#appender.flushSync();
  }

  /** Safe twice. What was not flushed is flushed. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#appender.closeSync();
  }
}
