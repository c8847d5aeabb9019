import type { SqlColumn, SqlParams } from '../../pipeline/analytics.ts';
import type { Outcome } from '../../pipeline/component.ts';
import type { ErrorCode } from '../../pipeline/errors.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';

/**
 * A file, `file:path`, `env:NAME`, `yaml:text`; YAML text itself, which has line breaks; an object of the same shape as the
 * YAML. Several merge in order. Absent = `config/embedded.yaml`.
 */
export type ConfigInput = string | object | readonly (string | object)[];

export interface EmbedOptions {
  readonly config?: ConfigInput;
  /** `a.b=value`, after all of `config`. */
  readonly set?: readonly string[];
  readonly skipUnsupported?: boolean;
  /** `worker` (default): a thread of its own, which the application's event loop does not slow down, and whose end it
   *  survives. `main`: the application's thread; nothing is between the two then. */
  readonly thread?: 'worker' | 'main';
  /** Gets the collector's log, a line at a time; absent = stderr. */
  readonly log?: (line: string) => void;
  /** The thread has ended by itself. Without it, the log says so. */
  readonly onCrash?: (crash: Crash) => void;
  /** JavaScript heap of the thread, where it ends and is started again; 512 by default. What it holds of telemetry is
   *  mostly outside of it. */
  readonly maxHeapMb?: number;
}

export interface Crash {
  /** What ended it: an uncaught error, a heap over `maxHeapMb`, a configuration that it could not start with again. */
  readonly error: Error;
  /** Lives that ended early, in a row. */
  readonly failures: number;
  /** It is started again; false: it stays down. */
  readonly restarts: boolean;
}

export interface ExportOptions {
  /** Id of the `otlp` receiver; absent = the first that takes the signal. */
  readonly receiver?: string;
  /** `bytes` are given away, with all of their ArrayBuffer, which is detached: nothing is copied. For who does not send them
   *  again: what has no room in front of the collector is left to its owner, what a receiver refuses is gone. */
  readonly transfer?: boolean;
}

export interface SqlOptions {
  /** Absent = the scope that the process runs as. */
  readonly scope?: string;
  /** 10,000 by default, 100,000 at most. */
  readonly maxRows?: number;
  /** 5,000 by default, and at most. */
  readonly timeoutMs?: number;
  /** Interrupts the query. */
  readonly signal?: AbortSignal;
}

export interface SqlRows {
  readonly columns: readonly SqlColumn[];
  /** An object per row, as JSON has its values. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** There are more rows than the cap of this name let through. */
  readonly truncated?: 'rows' | 'bytes' | undefined;
  readonly elapsedMs: number;
}

/** A query that was not answered. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export type EmbeddedState = 'running' | 'restarting' | 'failed' | 'stopping' | 'stopped';

export interface EmbeddedStatus {
  /** `failed`: it ended so often that it is not started again. */
  readonly state: EmbeddedState;
  readonly thread: 'worker' | 'main';
  /** Of the thread, after the first. */
  readonly restarts: number;
  /** Empty unless it runs. */
  readonly components: readonly ComponentStatus[];
}

/** How a collector came to its end. */
export type Closed = { readonly reason: 'stopped' } | { readonly reason: 'failed'; readonly error: Error };

export interface EmbeddedCollector {
  /** URLs of the open listeners, such as `http://127.0.0.1:4318`, in the order in which they were opened; none while it is
   *  down. */
  readonly urls: readonly string[];
  /** Resolves when it is stopped, or has ended so often that it stays down. Never rejects. */
  readonly closed: Promise<Closed>;
  /**
   * Hands an Export…ServiceRequest in protobuf to a receiver. What comes back is what OTLP answers: taken (with the items
   * that were `rejected`, if any), or refused, `retryable` or not. Never rejects.
   */
  export(signal: Signal, bytes: Uint8Array, options?: ExportOptions): Promise<Outcome>;
  /** One SELECT over the tables of one scope (exporter `windows`). Rejects with a QueryError. */
  sql(text: string, params?: SqlParams, options?: SqlOptions): Promise<SqlRows>;
  status(): Promise<EmbeddedStatus>;
  /** Since the thread started, or since ever where the ledger is kept. */
  ledger(): Promise<LedgerSnapshot>;
  /** Reads the configuration again, or takes another one, and goes over to it, as SIGHUP does for `periscope run`. Resolves
   *  to whether it did; when not, the log says why and all is as it was. Rejects with a StartError for an object that is no
   *  data. */
  reload(config?: ConfigInput): Promise<boolean>;
  /** Takes no more, drains within `service.shutdown_timeout`, ends the thread and the analytics process. Safe twice. */
  stop(): Promise<void>;
}
