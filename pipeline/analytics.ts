import type { ScopedBatch } from './batch/scoped-batch.ts';
import type { Outcome } from './component.ts';
import type { ErrorCode } from './errors.ts';
import type { PerfRule } from './perf/rule.ts';

/** What the windows hold at most. Those of the latest `open` count, for all scopes. */
export interface WindowBounds {
  readonly maxAgeMs: number;
  /** Per scope. */
  readonly maxRows: number;
  /** Per scope, as the windows estimate them. */
  readonly maxBytes: number;
  /** For the process: what all windows and queries together may take. A scope's database gets its part when it opens. */
  readonly memoryBytes: number;
  /** Scopes that have a database at a time; one more is refused. */
  readonly maxScopes: number;
  /** Folder that keeps the windows, a file per scope; absent: they are in memory. Fixed while the process is used. */
  readonly directory?: string | undefined;
  /** Metrics that are rows of MASTER_PERF though their points do not say so. */
  readonly perfRules?: readonly PerfRule[];
}

/**
 * What a host lends of the analytics process (`Host.analytics`): the only one that runs DuckDB. It is one per collector,
 * starts with the first data or question after an `open`, survives a reload, and starts again, empty, when it dies.
 */
export interface Analytics {
  /** Asks for the process, which starts when it is needed; rejects with a StartError when it cannot. It ends with its last user. */
  open(bounds: WindowBounds): Promise<AnalyticsUse>;
  /**
   * Hands a batch to the windows of its scope. Resolves when its rows are loaded, which is when SQL sees them. Retryable
   * while the process restarts. A batch that is handed over again while it is under way is not sent twice.
   */
  append(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome>;
  /** One SELECT on the tables of one scope. Never rejects; an abort interrupts the query. */
  query(scope: string, query: SqlQuery, signal: AbortSignal): Promise<SqlAnswer>;
  /** The tables that `query` knows in that scope. Never rejects. */
  tables(scope: string, signal: AbortSignal): Promise<readonly TableInfo[] | SqlFault>;
  /**
   * Keeps a SELECT open in one scope: it is run again when what it reads has changed, at most once a second, and `events`
   * hear what that changed. Who asks the same shares the runs. A process that dies and starts again takes it up again.
   */
  stand(scope: string, query: StandingQuery, events: StandingEvents): Standing | SqlFault;
  status(): AnalyticsStatus;
}

export interface StandingQuery {
  readonly sql: string;
  readonly params?: SqlParams | undefined;
  /** Names of columns that together tell rows apart; absent = rows that differ are others, and equal ones are counted. */
  readonly key?: readonly string[] | undefined;
}

/** What is told of a query that stands, in this order. Texts are JSON in UTF-8, encoded by the analytics process. */
export interface StandingEvents {
  /** `{"columns":[{"name","type"}],"rows":[[…]]}`: what `ask` asked for, with every delta told so far. */
  whole(snapshot: Uint8Array): void;
  /** `{"added","changed","removed"}`: whole rows, lists that are empty left out. Nothing more comes before `next`. */
  changed(delta: Uint8Array): void;
  /** What was told counts no more; deltas go on after the next snapshot. */
  lost(): void;
  /** It has ended by itself. */
  ended(fault: SqlFault): void;
}

export interface Standing {
  /** For a snapshot, which comes when there has been a run; deltas come only after the first. */
  ask(): void;
  /** The delta was taken. */
  next(): void;
  /** Safe twice. */
  end(): void;
}

export interface AnalyticsUse {
  /** Safe twice. The last one ends the process: queries under way get so long. */
  release(deadlineMs: number): Promise<void>;
}

export type SqlFormat = 'json' | 'csv' | 'ndjson';
export type SqlParams = readonly unknown[] | Readonly<Record<string, unknown>>;

export interface SqlQuery {
  readonly sql: string;
  /** By place (`?`, `$1`) or by name (`$name`); null, booleans, numbers, strings. */
  readonly params?: SqlParams | undefined;
  readonly format: SqlFormat;
  readonly timeoutMs: number;
  readonly maxRows: number;
  /** Of `SqlResult.body`. */
  readonly maxBytes: number;
}

export interface SqlColumn {
  readonly name: string;
  /** As DuckDB writes it: `VARCHAR`, `MAP(VARCHAR, VARCHAR)`. */
  readonly type: string;
}

/** Rows are encoded by the analytics process: nobody else holds them as objects. */
export interface SqlResult {
  readonly ok: true;
  readonly columns: readonly SqlColumn[];
  readonly rows: number;
  /** json: an array of arrays; ndjson: an object per line; csv: RFC 4180 with a header line. UTF-8. */
  readonly body: Uint8Array;
  /** There are more rows than the cap of this name let through. */
  readonly truncated?: 'rows' | 'bytes' | undefined;
  /** In the analytics process, waiting for its turn included. */
  readonly elapsedMs: number;
}

export interface SqlFault {
  readonly ok: false;
  readonly code: ErrorCode;
  /** "cannot <verb> <object>: <cause>", with DuckDB's words and position where it has any. */
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}

export type SqlAnswer = SqlResult | SqlFault;

export interface TableInfo {
  readonly name: string;
  readonly kind: 'view' | 'table';
  readonly comment: string;
  readonly rows: number;
  readonly columns: readonly (SqlColumn & { readonly comment: string })[];
}

/** `stopped`: no component uses it, or there has been neither data nor a question yet. */
export type AnalyticsState = 'stopped' | 'starting' | 'running' | 'restarting';

export interface AnalyticsStatus {
  readonly state: AnalyticsState;
  readonly pid?: number | undefined;
  /** Since the collector started. */
  readonly restarts: number;
  /** What each window holds; about a second old. */
  readonly scopes: readonly ScopeUsage[];
}

export interface ScopeUsage {
  readonly scope: string;
  readonly rows: number;
  readonly bytes: number;
  /** Rows that were loaded and went with a process that died. */
  readonly rowsLost: number;
}
