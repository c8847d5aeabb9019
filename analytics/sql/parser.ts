import type { DuckDBConnection } from '@duckdb/node-api';
import type { SqlFault } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { openInstance, type OpenInstance } from '../instance.ts';
import { judge, type Parsed, type Statement } from './statement.ts';

/** Room for the syntax tree of the longest text. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/** A constant that is no finite number is written as no JSON has it; strings are matched so that they are left alone. */
const NOT_JSON = /"(?:[^"\\]|\\.)*"|-?(?:Infinity|NaN)/gi;

/** Judges texts with a database of its own that holds nothing, and remembers its verdicts. */
export class StatementParser {
  readonly #open: OpenInstance;
  readonly #connection: DuckDBConnection;
  /** The longest unused first. */
  readonly #verdicts = new Map<string, Statement | SqlFault>();
  #chars = 0;

  private constructor(open: OpenInstance, connection: DuckDBConnection) {
    this.#open = open;
    this.#connection = connection;
  }

  static async open(): Promise<StatementParser> {
    const open = await openInstance({ memoryBytes: MEMORY_BYTES, threads: 1 });
    return new StatementParser(open, await open.instance.connect());
  }

  async judge(sql: string): Promise<Statement | SqlFault> {
    const known = this.#verdicts.get(sql);
    if (known !== undefined) {
      this.#verdicts.delete(sql);
      this.#verdicts.set(sql, known);
      return known;
    }
    const verdict = await judge(sql, (text) => this.#parse(text));
    this.#keep(sql, verdict);
    return verdict;
  }

  close(): void {
    this.#connection.closeSync();
    this.#open.close();
  }

  async #parse(sql: string): Promise<Parsed> {
    // Not `json_serialize_sql($1)`: it wants to know the type before there is a value.
    const result = await this.#connection.run('SELECT json_serialize_sql(text) FROM (SELECT $1::VARCHAR AS text)', [sql]);
    const [[tree]] = (await result.getRows()) as [[string]];
    return JSON.parse(tree.replaceAll(NOT_JSON, (found) => (found.startsWith('"') ? found : 'null'))) as Parsed;
  }

  #keep(sql: string, verdict: Statement | SqlFault): void {
    this.#verdicts.set(sql, verdict);
    this.#chars += sql.length;
    for (const [oldest] of this.#verdicts) {
      if (this.#chars <= LIMITS.sqlVerdictChars) break;
      this.#verdicts.delete(oldest);
      this.#chars -= oldest.length;
    }
  }
}
