import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { SqlFormat } from '../../pipeline/analytics.ts';
import { csvText, jsonText } from './value-text.ts';

export interface Caps {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** Of UTF-8, for one of a JavaScript string. */
const BYTES_A_UNIT = 3;

/**
 * Encodes the rows of a result, chunk by chunk from its columns, until they end or a cap does: a row is whole or is not
 * there. The bytes of what frames the rows (brackets, a header line) count, too.
 */
export class RowEncoder {
  readonly #format: SqlFormat;
  readonly #caps: Caps;
  /** ndjson: `"name":`. */
  readonly #keys: readonly string[];
  #parts: Buffer[] = [];
  #bytes = 0;
  #rows = 0;
  #truncated: 'rows' | 'bytes' | undefined;

  /** `names` are told apart already. */
  constructor(format: SqlFormat, names: readonly string[], caps: Caps) {
    this.#format = format;
    this.#caps = caps;
    this.#keys = names.map((name) => `${JSON.stringify(name)}:`);
    if (format === 'json') this.#keep('[');
    else if (format === 'csv') this.#keep(`${names.map(csvText).join(',')}\r\n`);
  }

  get rows(): number {
    return this.#rows;
  }
  get truncated(): 'rows' | 'bytes' | undefined {
    return this.#truncated;
  }

  /** Whether more rows are wanted. */
  add(chunk: DuckDBDataChunk): boolean {
    const { rowCount, columnCount } = chunk;
    const columns = Array.from({ length: columnCount }, (_, column) => chunk.getColumnVector(column));
    let texts = '';
    // As UTF-8; what is near the cap is counted exactly, row by row.
    let bytesAtMost = this.#bytes;
    for (let row = 0; row < rowCount; row++) {
      if (this.#rows === this.#caps.maxRows) {
        this.#truncated = 'rows';
        break;
      }
      const text = this.#row(columns, row);
      bytesAtMost += text.length * BYTES_A_UNIT;
      // One for the bracket that closes it.
      if (bytesAtMost + 1 > this.#caps.maxBytes) {
        this.#keep(texts);
        texts = '';
        bytesAtMost = this.#bytes + Buffer.byteLength(text);
        if (bytesAtMost + 1 > this.#caps.maxBytes) {
          this.#truncated = 'bytes';
          break;
        }
      }
      texts += text;
      this.#rows += 1;
    }
    this.#keep(texts);
    return this.#truncated === undefined;
  }

  end(): Uint8Array {
    if (this.#format === 'json') this.#keep(']');
    return Buffer.concat(this.#parts);
  }

  #keep(text: string): void {
    const bytes = Buffer.from(text);
    this.#bytes += bytes.length;
    this.#parts.push(bytes);
  }

  #row(columns: readonly Column[], row: number): string {
    let text = '';
    if (this.#format === 'csv') {
      for (let at = 0; at < columns.length; at++) text += (at === 0 ? '' : ',') + csvText(columns[at]!.getItem(row));
      return `${text}\r\n`;
    }
    const keys = this.#format === 'ndjson' ? this.#keys : undefined;
    for (let at = 0; at < columns.length; at++) {
      if (at > 0) text += ',';
      if (keys !== undefined) text += keys[at];
      text += jsonText(columns[at]!.getItem(row));
    }
    return keys === undefined ? `${this.#rows === 0 ? '' : ','}[${text}]` : `{${text}}\n`;
  }
}

type Column = ReturnType<DuckDBDataChunk['getColumnVector']>;
