import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { SqlColumn, SqlFault } from '../../pipeline/analytics.ts';
import type { RowSink } from '../sql/scope-sql.ts';
import { jsonText } from '../sql/value-text.ts';

export interface ResultCaps {
  readonly rows: number;
  /** Of the rows as JSON. */
  readonly bytes: number;
}

/** Rows that are alike: one, or without key columns as many as have this text. */
export interface LikeRows {
  /** A JSON array. */
  readonly text: string;
  readonly count: number;
}

/**
 * One result as JSON texts, by the texts of its key columns; without any the whole row is its key, and may be there more
 * than once. Values that have the same text are the same.
 */
export class ResultRows implements RowSink {
  readonly columns: readonly SqlColumn[];
  readonly #key: readonly number[] | undefined;
  readonly #caps: ResultCaps;
  readonly #rows = new Map<string, LikeRows>();
  #count = 0;
  #bytes = 0;
  #over: keyof ResultCaps | undefined;
  #doubled: string | undefined;

  private constructor(columns: readonly SqlColumn[], key: readonly number[] | undefined, caps: ResultCaps) {
    this.columns = columns;
    this.#key = key;
    this.#caps = caps;
  }

  /** `key`: names of columns that tell rows apart; absent or empty = whole rows do. */
  static open(
    columns: readonly SqlColumn[],
    key: readonly string[] | undefined,
    caps: ResultCaps,
  ): { readonly ok: true; readonly sink: ResultRows } | SqlFault {
    const places = (key ?? []).map((name) => columns.findIndex((column) => column.name === name));
    const missing = places.indexOf(-1);
    if (missing !== -1) {
      const names = columns.map(({ name }) => name).join(', ');
      return {
        ok: false,
        code: 'SQL_INVALID',
        message: `cannot keep the query: it has no column ${key?.[missing]} for its key, but ${names}`,
      };
    }
    return { ok: true, sink: new ResultRows(columns, places.length === 0 ? undefined : places, caps) };
  }

  get rows(): ReadonlyMap<string, LikeRows> {
    return this.#rows;
  }
  /** Of the rows as JSON. */
  get bytes(): number {
    return this.#bytes;
  }
  /** The cap that was too small for it: then it is not whole. */
  get over(): keyof ResultCaps | undefined {
    return this.#over;
  }
  /** A key that two rows have. */
  get doubled(): string | undefined {
    return this.#doubled;
  }

  add(chunk: DuckDBDataChunk): boolean {
    const { rowCount, columnCount } = chunk;
    const vectors = Array.from({ length: columnCount }, (_, column) => chunk.getColumnVector(column));
    const texts = vectors.map(() => '');
    for (let row = 0; row < rowCount; row++) {
      for (let at = 0; at < columnCount; at++) texts[at] = jsonText(vectors[at]!.getItem(row));
      if (!this.#keep(texts)) return false;
    }
    return true;
  }

  #keep(texts: readonly string[]): boolean {
    const text = `[${texts.join(',')}]`;
    this.#count += 1;
    this.#bytes += Buffer.byteLength(text) + 1;
    if (this.#count > this.#caps.rows) this.#over = 'rows';
    else if (this.#bytes > this.#caps.bytes) this.#over = 'bytes';
    const key = this.#key === undefined ? text : this.#key.map((at) => texts[at]).join(',');
    const known = this.#rows.get(key);
    if (known !== undefined && this.#key !== undefined) this.#doubled = key;
    if (this.#over !== undefined || this.#doubled !== undefined) return false;
    this.#rows.set(key, { text, count: (known?.count ?? 0) + 1 });
    return true;
  }
}
