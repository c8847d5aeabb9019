import type { SqlFault, WindowBounds } from '../pipeline/analytics.ts';
import { LIMITS } from '../pipeline/limits.ts';
import type { PerfRule } from '../pipeline/perf/rule.ts';
import { fairShare } from './fair-share.ts';
import { openInstance, StillHeld, type OpenInstance } from './instance.ts';
import { ScopeStore, type Acknowledge, type Window } from './scope-store.ts';
import type { StatementParser } from './sql/parser.ts';
import { storeFault } from './store-fault.ts';
import { beginOpening, endOpening, isUnreadable, OPENING_TRIES, setAside, sweepWindowFiles, windowFile } from './window-files.ts';
import type { WindowUsage } from './wire/messages.ts';

/** Makes the windows of a scope in its instance. */
export type OpenWindow = (open: OpenInstance, scope: string, rules: readonly PerfRule[]) => Promise<Window>;

export interface StoresOptions {
  readonly parser: StatementParser;
  readonly openWindow: OpenWindow;
  readonly acknowledge: Pick<Acknowledge, 'loaded' | 'refused'>;
  lost(scope: string, rows: number, cause: string): void;
  /** Only the end of this process helps. */
  ruined(cause: string): void;
  /** Worker threads of each instance. */
  readonly threads: number;
  now(): number;
}

/** Part of the memory that windows may fill: the rest is for queries, and for what a window takes to load. */
const WINDOW_PART = 0.6;

/** The stores of all scopes, each opened by its first append or query, together within one budget. */
export class ScopeStores {
  readonly #options: StoresOptions;
  #bounds: WindowBounds;
  readonly #stores = new Map<string, ScopeStore>();
  readonly #opening = new Map<string, Promise<ScopeStore | SqlFault>>();
  readonly #closing = new Map<string, Promise<void>>();
  /** Absent: windows are in memory. */
  readonly #directory: string | undefined;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(bounds: WindowBounds, options: StoresOptions) {
    this.#bounds = bounds;
    this.#options = options;
    this.#directory = bounds.directory;
  }

  /** Those of stores that are open stay as they are, but for what they may hold. */
  set bounds(bounds: WindowBounds) {
    this.#bounds = bounds;
    for (const store of this.#stores.values()) store.perfRules = bounds.perfRules ?? [];
  }

  /** The store of a scope that is open already. */
  open(scope: string): ScopeStore | undefined {
    return this.#stores.get(scope);
  }

  get(scope: string): Promise<ScopeStore | SqlFault> {
    const store = this.#stores.get(scope);
    if (store === undefined) return this.#opening.get(scope) ?? this.#open(scope);
    store.usedAtMs = this.#options.now();
    return Promise.resolve(store);
  }

  usage(): readonly WindowUsage[] {
    return [...this.#stores.values()].map((store) => store.usage);
  }

  /** Rows that wait for a flush, over all scopes. */
  get pendingRows(): number {
    let rows = 0;
    for (const store of this.#stores.values()) rows += store.pendingRows;
    return rows;
  }

  /** Keeps every bound. A store that is empty and that nobody has used for long makes room for another scope. */
  async trim(): Promise<void> {
    const { maxAgeMs, maxRows, maxBytes, memoryBytes } = this.#bounds;
    const nowMs = this.#options.now();
    this.#sweep(nowMs);
    const stores = [...this.#stores.values()];
    const share = fairShare(
      stores.map((store) => store.usage.bytes),
      memoryBytes * WINDOW_PART,
    );
    for (const store of stores) {
      await store.trim(nowMs, { maxAgeMs, maxRows, maxBytes: Math.min(maxBytes, share) });
      if (store.usage.rows === 0 && store.pendingRows === 0 && !this.#isUsed(store, nowMs)) await this.#close(store);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#opening.values());
    for (const store of this.#stores.values()) await this.#close(store);
  }

  /** A query takes less time than that. */
  #isUsed({ usedAtMs }: ScopeStore, nowMs: number): boolean {
    return nowMs - usedAtMs < LIMITS.scopeStoreIdleMs;
  }

  /** Windows on a disk of scopes that nobody has asked for since they grew too old. */
  #sweep(nowMs: number): void {
    const directory = this.#directory;
    if (directory === undefined || Math.abs(nowMs - this.#sweptMs) < LIMITS.windowSweepMs) return;
    this.#sweptMs = nowMs;
    const scopes = [...this.#stores.keys(), ...this.#opening.keys(), ...this.#closing.keys()];
    sweepWindowFiles(directory, new Set(scopes.map((scope) => windowFile(directory, scope))), nowMs - this.#bounds.maxAgeMs);
  }

  async #close(store: ScopeStore): Promise<void> {
    const { scope } = store;
    // Who comes meanwhile opens another, which waits for that.
    this.#stores.delete(scope);
    const closing = store.close().finally(() => this.#closing.delete(scope));
    this.#closing.set(scope, closing);
    await closing;
  }

  #open(scope: string): Promise<ScopeStore | SqlFault> {
    const { maxScopes } = this.#bounds;
    if (this.#stores.size + this.#opening.size >= maxScopes)
      return Promise.resolve({
        ok: false,
        code: 'TOO_MANY_SCOPES',
        message: `cannot open windows for one more scope: ${maxScopes} have some`,
      });
    const opening = this.#make(scope).finally(() => this.#opening.delete(scope));
    this.#opening.set(scope, opening);
    return opening;
  }

  async #make(scope: string): Promise<ScopeStore | SqlFault> {
    try {
      await this.#closing.get(scope)?.catch(() => {});
      const store = await this.#makeFrom(scope, this.#directory === undefined ? undefined : windowFile(this.#directory, scope));
      store.usedAtMs = this.#options.now();
      this.#stores.set(scope, store);
      return store;
    } catch (error) {
      if (error instanceof StillHeld) this.#options.ruined(error.message);
      return storeFault('cannot open the windows of a scope', error);
    }
  }

  /** With what the file holds; with a new one, if it cannot be read. */
  async #makeFrom(scope: string, file: string | undefined): Promise<ScopeStore> {
    if (file === undefined) return this.#makeStore(scope, undefined);
    let cause: unknown = `it could not be opened ${OPENING_TRIES} times`;
    if (beginOpening(file)) {
      try {
        return await this.#makeStore(scope, file);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        cause = error instanceof Error ? error.message : error;
      } finally {
        endOpening(file);
      }
    }
    setAside(file);
    this.#options.lost(scope, 0, `the file of its windows cannot be read and stands aside: ${String(cause)}`);
    return this.#makeStore(scope, file);
  }

  async #makeStore(scope: string, path: string | undefined): Promise<ScopeStore> {
    const { parser, openWindow, acknowledge, threads } = this.#options;
    const { memoryBytes, perfRules = [] } = this.#bounds;
    const open = await openInstance({ memoryBytes, threads, ...(path === undefined ? {} : { path }) });
    try {
      return new ScopeStore(scope, open, await openWindow(open, scope, perfRules), parser, {
        loaded: (ids, usage) => acknowledge.loaded(ids, usage),
        refused: (ids, fault) => acknowledge.refused(ids, fault),
        failed: (failed, rows, { message }) => {
          // What is on the disk is there again.
          this.#options.lost(scope, path === undefined ? rows : 0, message);
          // A flush says so, which its close waits for.
          void this.#close(failed).catch(() => {});
        },
      });
    } catch (error) {
      open.close();
      throw error;
    }
  }
}
