import type { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement } from '@duckdb/node-api';
import { LIMITS } from '../../pipeline/limits.ts';

const BEGIN = 'BEGIN TRANSACTION READ ONLY';
/** Also ends a result that was not read to its end. */
const BEGIN_ANEW = `ROLLBACK; ${BEGIN}`;

/**
 * Connections of one instance, each in a transaction that can change nothing. It was begun when the one before was over, so
 * that nobody waits for either. What such a transaction sees is fixed by its first look at the database; only its time of
 * day is that of its beginning.
 */
export class ReadConnections {
  readonly #instance: DuckDBInstance;
  #idle: DuckDBConnection[] = [];
  readonly #clearing = new Set<Promise<void>>();
  #closed = false;

  constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /** `readsClock`: the time of day must be that of now. */
  async take(readsClock: boolean): Promise<DuckDBConnection> {
    const idle = this.#idle.pop();
    if (idle !== undefined && !readsClock) return idle;
    const connection = idle ?? (await this.#instance.connect());
    try {
      await connection.run(idle === undefined ? BEGIN : BEGIN_ANEW);
      return connection;
    } catch (error) {
      connection.closeSync();
      throw error;
    }
  }

  /** Ends the transaction, after which `used` is destroyed. The promise resolves when that is done; nobody need wait for it. */
  giveBack(connection: DuckDBConnection, used: DuckDBPreparedStatement | undefined = undefined): Promise<void> {
    const clearing = this.#clear(connection, used).finally(() => this.#clearing.delete(clearing));
    this.#clearing.add(clearing);
    return clearing;
  }

  /** Resolves when no connection is open but those that were taken: these are closed when they are given back. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#idle) connection.closeSync();
    this.#idle = [];
    await Promise.all(this.#clearing);
  }

  async #clear(connection: DuckDBConnection, used: DuckDBPreparedStatement | undefined): Promise<void> {
    // An interrupt that came late meets this; what is left of the transaction ends with the connection.
    const isClean = await connection.run(BEGIN_ANEW).then(
      () => true,
      () => false,
    );
    used?.destroySync();
    if (isClean && !this.#closed && this.#idle.length < LIMITS.sqlQueriesPerScope) this.#idle.push(connection);
    else connection.closeSync();
  }
}
