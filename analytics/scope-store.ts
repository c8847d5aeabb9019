import type { SqlFault } from '../pipeline/analytics.ts';
import { LIMITS } from '../pipeline/limits.ts';
import type { PerfRule } from '../pipeline/perf/rule.ts';
import type { Signal } from '../pipeline/signal.ts';
import type { OpenInstance } from './instance.ts';
import { ScopeSql } from './sql/scope-sql.ts';
import type { StatementParser } from './sql/parser.ts';
import { storeFault } from './store-fault.ts';
import type { Loaded, WindowUsage } from './wire/messages.ts';

/** The windows of one scope: what `analytics/windows` gives. */
export interface Window {
  /** Takes the items of one request; SQL sees them after the next `flush`. Synchronous: who calls may use `bytes` again. */
  append(signal: Signal, bytes: Uint8Array, receivedMs: number): { readonly rows: number; readonly fault: string };
  /** One that rejects has lost what waited for it, and the window is at its end. */
  flush(): Promise<void>;
  usage(): { readonly rows: number; readonly bytes: number; readonly oldestMs: number };
  /** For what comes from now on. */
  perfRules?: readonly PerfRule[];
  /** Drops what is too old, then the oldest until the rest fits. Returns how many rows that were. */
  trim(nowMs: number, bounds: TrimBounds): Promise<number>;
  /** Of each view a number that rises when rows come into it, or into what it is made of. */
  versions(): ReadonlyMap<string, number>;
  /** To be awaited before these views are read. Never rejects. */
  prepare?(views: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}

export interface TrimBounds {
  readonly maxAgeMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** What became of appends. */
export interface Acknowledge {
  loaded(ids: readonly Loaded[], usage: WindowUsage): void;
  refused(ids: readonly number[], fault: SqlFault): void;
  /** The store is at its end, with `rows` that were loaded. */
  failed(store: ScopeStore, rows: number, fault: SqlFault): void;
}

/** One scope's instance with its windows and its queries. Appends are loaded together, a fifth of a second apart. */
export class ScopeStore {
  readonly scope: string;
  readonly sql: ScopeSql;
  readonly #open: OpenInstance;
  readonly #window: Window;
  readonly #acknowledge: Acknowledge;
  #pending: Loaded[] = [];
  #pendingRows = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Flushes and trims, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #flushQueued = false;
  /** Those that took rows away. */
  #trims = 0;
  /** Queries that had run when DuckDB was last made to forget them. */
  #sweptQueries = 0;
  #failed: SqlFault | undefined;
  /** That SQL sees. */
  #loadedRows = 0;
  /** Of the last append or query. */
  usedAtMs = 0;

  constructor(scope: string, open: OpenInstance, window: Window, parser: StatementParser, acknowledge: Acknowledge) {
    this.scope = scope;
    this.sql = new ScopeSql(open.instance, parser, (views) => window.prepare?.(views));
    this.#open = open;
    this.#window = window;
    this.#acknowledge = acknowledge;
  }

  set perfRules(rules: readonly PerfRule[]) {
    this.#window.perfRules = rules;
  }

  /** Rows that no flush has begun with. */
  get pendingRows(): number {
    return this.#pendingRows;
  }

  get usage(): WindowUsage {
    const { rows, bytes } = this.#window.usage();
    return { scope: this.scope, rows, bytes };
  }

  /** Rises when one of these views may have changed: with each flush into it, and each trim of anything. */
  version(views: ReadonlySet<string>): number {
    const versions = this.#window.versions();
    let sum = this.#trims;
    let areKnown = true;
    for (const view of views) {
      sum += versions.get(view) ?? 0;
      areKnown &&= versions.has(view);
    }
    if (areKnown) return sum;
    // What nobody counts may be made of anything.
    for (const [view, version] of versions) if (!views.has(view)) sum += version;
    return sum;
  }

  /** What of a store that has failed comes late is refused as that was. */
  append(id: number, signal: Signal, bytes: Uint8Array, receivedMs: number): void {
    this.usedAtMs = receivedMs;
    if (this.#failed !== undefined) {
      this.#acknowledge.refused([id], this.#failed);
      return;
    }
    try {
      const { rows, fault } = this.#window.append(signal, bytes, receivedMs);
      this.#pending.push([id, rows, fault]);
      this.#pendingRows += rows;
    } catch (error) {
      this.#acknowledge.refused([id], faultOf(error));
      return;
    }
    if (this.#pendingRows >= LIMITS.windowFlushRows) this.#flushSoon();
    else this.#timer ??= setTimeout(() => this.#flushSoon(), LIMITS.windowFlushMs);
  }

  /** Resolves when the rows appended so far are loaded, or were refused. */
  flushed(): Promise<void> {
    this.#flushSoon();
    return this.#work;
  }

  trim(nowMs: number, bounds: TrimBounds): Promise<void> {
    this.#work = this.#work.then(async () => {
      if (this.#failed !== undefined) return;
      try {
        const dropped = await this.#window.trim(nowMs, bounds);
        this.#loadedRows -= dropped;
        if (dropped > 0) this.#trims += 1;
        await this.#sweep();
      } catch (error) {
        this.#fail([], faultOf(error));
      }
    });
    return this.#work;
  }

  async #sweep(): Promise<void> {
    if (this.sql.ran - this.#sweptQueries < LIMITS.sqlSweptQueries) return;
    this.#sweptQueries = this.sql.ran;
    await this.#open.sweep();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#work;
    await this.sql.close();
    try {
      await this.#window.close();
    } finally {
      this.#open.close();
    }
  }

  #flushSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    this.#work = this.#work.then(() => this.#flush());
  }

  /** With `ids` under way. */
  #fail(ids: readonly Loaded[], fault: SqlFault): void {
    this.#failed = fault;
    const pending = [...ids, ...this.#pending];
    this.#pending = [];
    this.#pendingRows = 0;
    this.#acknowledge.refused(
      pending.map(([id]) => id),
      fault,
    );
    this.#acknowledge.failed(this, this.#loadedRows, fault);
  }

  async #flush(): Promise<void> {
    this.#flushQueued = false;
    const ids = this.#pending;
    this.#pending = [];
    this.#pendingRows = 0;
    if (ids.length === 0 || this.#failed !== undefined) return;
    try {
      await this.#window.flush();
    } catch (error) {
      this.#fail(ids, faultOf(error));
      return;
    }
    for (const [, rows] of ids) this.#loadedRows += rows;
    this.#acknowledge.loaded(ids, this.usage);
  }
}

const faultOf = (error: unknown): SqlFault => storeFault('cannot load the rows', error);
