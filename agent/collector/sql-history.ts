import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../pipeline/limits.ts';

const FILE = 'sql_history';

/** What was asked at the prompt, in a file that only this user reads: questions tell about data. The newest first. */
export class SqlHistory {
  readonly #path: string;
  readonly #folder: string;
  #entries: string[];

  private constructor(folder: string, entries: string[]) {
    this.#folder = folder;
    this.#path = join(folder, FILE);
    this.#entries = entries;
  }

  /** One that cannot be read begins anew. */
  static open(storageDirectory: string): SqlHistory {
    try {
      const lines = readFileSync(join(storageDirectory, FILE), 'utf8').split('\n');
      return new SqlHistory(storageDirectory, lines.filter((line) => line !== '').slice(0, LIMITS.sqlHistory));
    } catch {
      return new SqlHistory(storageDirectory, []);
    }
  }

  get entries(): readonly string[] {
    return this.#entries;
  }

  /** A query of several lines becomes one of one line. Where there is no folder of a collector, nothing is kept. */
  add(sql: string): void {
    const line = sql
      .replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*/g, (found) => (found.startsWith('-') ? ' ' : found))
      .replaceAll(/\s+/g, ' ')
      .trim();
    this.#entries = [line, ...this.#entries.filter((each) => each !== line)].slice(0, LIMITS.sqlHistory);
    if (!existsSync(this.#folder)) return;
    try {
      writeFileSync(this.#path, `${this.#entries.join('\n')}\n`, { mode: 0o600 });
      // One that was there keeps its mode when it is written.
      chmodSync(this.#path, 0o600);
    } catch {
      // A prompt without a history is a prompt.
    }
  }
}
