import {
  StatementType,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBResult,
} from '@duckdb/node-api';
import type { SqlAnswer, SqlColumn, SqlFault, SqlParams, SqlQuery, TableInfo } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { RowEncoder } from './encode.ts';
import { faultOf, type Interruption } from './faults.ts';
import { bindParams } from './params.ts';
import type { StatementParser } from './parser.ts';
import { ReadConnections } from './read-connections.ts';
import type { Statement } from './statement.ts';
import { listTables, tableNames } from './tables.ts';

/** How a query is told to end early, and what happens when it does not. */
export interface Control {
  /** Who asked has gone, or with the reason `memory`: the process has too little. */
  readonly signal: AbortSignal;
  /** It was interrupted and runs on: only the end of the process ends it. */
  stuck(): void;
  /** DuckDB said that the database is unusable from now on. */
  broken(): void;
}

/** A query, whatever becomes of its rows. */
export interface Asked {
  readonly sql: string;
  readonly params?: SqlParams | undefined;
  readonly timeoutMs: number;
}

/** Takes the rows of a result, chunk by chunk. */
export interface RowSink {
  /** Whether more are wanted. */
  add(chunk: DuckDBDataChunk): boolean;
}

/** Makes the sink of a result. `names` are those of its columns, told apart where two are the same. */
export type OpenSink<Sink> = (columns: readonly SqlColumn[], names: readonly string[]) => { ok: true; sink: Sink } | SqlFault;

export interface Read<Sink> {
  readonly ok: true;
  readonly columns: readonly SqlColumn[];
  readonly sink: Sink;
  /** Waiting for its turn left out. */
  readonly elapsedMs: number;
}

/** Brings the views that a query reads up to date. */
export type Prepare = (views: ReadonlySet<string>) => Promise<void> | undefined;

/** The queries of users over one scope's instance. */
export class ScopeSql {
  readonly #connections: ReadConnections;
  readonly #parser: StatementParser;
  readonly #prepare: Prepare;
  #tables: ReadonlySet<string> | undefined;
  #ran = 0;

  constructor(instance: DuckDBInstance, parser: StatementParser, prepare: Prepare = () => undefined) {
    this.#connections = new ReadConnections(instance);
    this.#parser = parser;
    this.#prepare = prepare;
  }

  /** Queries that have begun to run. */
  get ran(): number {
    return this.#ran;
  }

  async run(query: SqlQuery, control: Control): Promise<SqlAnswer> {
    const answer = await this.read(
      query,
      (_, names) => ({ ok: true, sink: new RowEncoder(query.format, names, query) }),
      control,
    );
    if (!answer.ok) return answer;
    const { columns, sink, elapsedMs } = answer;
    const { rows, truncated } = sink;
    return { ok: true, columns, rows, body: sink.end(), ...(truncated === undefined ? {} : { truncated }), elapsedMs };
  }

  /** Runs a query and gives its rows to the sink that `open` makes for them. Never rejects. */
  async read<Sink extends RowSink>(query: Asked, open: OpenSink<Sink>, control: Control): Promise<Read<Sink> | SqlFault> {
    const began = performance.now();
    try {
      const statement = await this.judge(query.sql);
      if (!statement.ok) return statement;
      await this.#prepare(statement.tables);
      this.#ran += 1;
      const answer = await this.#execute(statement, query, open, control);
      return answer.ok ? { ...answer, elapsedMs: performance.now() - began } : answer;
    } catch (error) {
      return faultOf(error, undefined, query, control);
    }
  }

  /** What a text is, where it may run on the tables there are. */
  async judge(sql: string): Promise<Statement | SqlFault> {
    const statement = await this.#parser.judge(sql);
    return statement.ok ? ((await this.#unknown(statement.tables)) ?? statement) : statement;
  }

  async tables(): Promise<readonly TableInfo[]> {
    return this.#with((connection) => listTables(connection));
  }

  /** Resolves when nothing of it holds the instance open but queries under way. Safe twice. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  /** A table that a query may not read, and one that is not there, are one and the same. */
  async #unknown(names: ReadonlySet<string>): Promise<SqlFault | undefined> {
    const isKnown = (name: string): boolean => this.#tables?.has(name) ?? false;
    if (![...names].every(isKnown)) this.#tables = await this.#with(tableNames);
    const unknown = [...names].find((name) => !isKnown(name));
    if (unknown === undefined) return undefined;
    const known = [...(this.#tables ?? [])].sort().join(', ');
    const message = `cannot run the query: there is no table ${unknown.slice(0, LIMITS.messageChars)}; there is ${known}`;
    return { ok: false, code: 'SQL_INVALID', message };
  }

  async #with<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#connections.take(false);
    try {
      return await use(connection);
    } finally {
      void this.#connections.giveBack(connection);
    }
  }

  /** Runs what was judged, in a transaction that can change nothing. */
  async #execute<Sink extends RowSink>(
    { readsClock }: Statement,
    query: Asked,
    open: OpenSink<Sink>,
    control: Control,
  ): Promise<Answer<Sink>> {
    const connection = await this.#connections.take(readsClock);
    const watch = new Watch(connection, query.timeoutMs, control);
    let prepared: DuckDBPreparedStatement | undefined;
    let answer: Answer<Sink>;
    let isRead = false;
    try {
      prepared = await connection.prepare(query.sql);
      answer = await select(connection, prepared, query, open, () => (isRead = true));
    } catch (error) {
      answer = faultOf(error, watch.reason, query, control);
    }
    watch.relent();
    const cleared = this.#connections.giveBack(connection, prepared).finally(() => watch.stop());
    // Of a result that was not read to its end DuckDB's threads may be at more. They end at their next look, and until then
    // the query runs: who asks holds its turn, and one that looks up from nothing is stuck.
    if (!isRead) await cleared;
    return answer;
  }
}

type Answer<Sink> = Omit<Read<Sink>, 'elapsedMs'> | SqlFault;

/** `ended` is called when all rows were there. */
async function select<Sink extends RowSink>(
  connection: DuckDBConnection,
  prepared: DuckDBPreparedStatement,
  query: Asked,
  open: OpenSink<Sink>,
  ended: () => void,
): Promise<Answer<Sink>> {
  const { statementType } = prepared;
  if (statementType !== StatementType.SELECT && statementType !== StatementType.EXPLAIN)
    return { ok: false, code: 'SQL_FORBIDDEN', message: 'cannot run the query: it is no SELECT, and nothing else runs' };
  const fault = bindParams(prepared, query.params ?? []);
  if (fault !== undefined) return fault;
  const result = await prepared.stream();
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, at): SqlColumn => ({ name, type: String(types[at]) }));
  const opened = open(columns, result.deduplicatedColumnNames());
  if (!opened.ok) return opened;
  const { sink } = opened;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) {
      ended();
      break;
    }
    if (sink.add(chunk)) continue;
    await giveUp(connection, result);
    break;
  }
  return { ok: true, columns, sink };
}

/** A result that is left before its end holds the database, and its file, until it is garbage: so it is brought to an end. */
async function giveUp(connection: DuckDBConnection, result: DuckDBResult): Promise<void> {
  try {
    do connection.interrupt();
    while (((await result.fetchChunk())?.rowCount ?? 0) > 0);
  } catch {
    // It has ended by the interrupt.
  }
}

/** Interrupts a query when its time is over or nobody waits for it any more. */
class Watch {
  readonly #connection: DuckDBConnection;
  readonly #control: Control;
  readonly #endsMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #abort = (): void => this.#interrupt(this.#control.signal.reason === 'memory' ? 'memory' : 'cancelled');
  #again: NodeJS.Timeout | undefined;
  #stuck: NodeJS.Timeout | undefined;
  reason: Interruption | undefined;

  constructor(connection: DuckDBConnection, timeoutMs: number, control: Control) {
    this.#connection = connection;
    this.#control = control;
    this.#endsMs = performance.now() + timeoutMs;
    this.#timer = setTimeout(() => this.#interrupt('timeout'), timeoutMs);
    if (control.signal.aborted) this.#abort();
    else control.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Interrupts no more. What does not end is stuck all the same. */
  relent(): void {
    this.#control.signal.removeEventListener('abort', this.#abort);
    clearTimeout(this.#timer);
    clearInterval(this.#again);
    this.#stuck ??= this.#stuckAfter(this.#leftMs);
  }

  stop(): void {
    clearTimeout(this.#stuck);
  }

  #interrupt(reason: Interruption): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.#connection.interrupt();
    // One that comes between two steps of a query is forgotten by the next of them.
    this.#again = setInterval(() => this.#connection.interrupt(), LIMITS.sqlInterruptAgainMs);
    // One that takes too much memory is about to end by that: it may take the time that it has.
    this.#stuck = this.#stuckAfter(reason === 'memory' ? this.#leftMs : 0);
  }

  get #leftMs(): number {
    return Math.max(0, this.#endsMs - performance.now());
  }

  #stuckAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#control.stuck(), ms + LIMITS.sqlStuckMs);
  }
}
