import type { SqlFault, WindowBounds } from '../pipeline/analytics.ts';
import { LIMITS } from '../pipeline/limits.ts';
import type { PerfRule } from '../pipeline/perf/rule.ts';
import { fairShare } from './fair-share.ts';
import { openInstance, type OpenInstance } from './instance.ts';
import { ScopeStore, type Acknowledge, type Window } from './scope-store.ts';
import type { StatementParser } from './sql/parser.ts';
import type { WindowUsage } from './wire/messages.ts';

/** Makes the windows of a scope in its instance. */
export type OpenWindow = (open: OpenInstance, scope: string, rules: readonly PerfRule[]) => Promise<Window>;

export interface StoresOptions {
  readonly parser: StatementParser;
  readonly openWindow: OpenWindow;
  readonly acknowledge: Pick<Acknowledge, 'loaded' | 'refused'>;
  lost(scope: string, rows: number, cause: string): void;
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

  constructor(bounds: WindowBounds, options: StoresOptions) {
    this.#bounds = bounds;
    this.#options = options;
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

  async #close(store: ScopeStore): Promise<void> {
    // Who comes meanwhile opens another; in memory they have nothing in common.
    this.#stores.delete(store.scope);
    await store.close();
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
    const { parser, openWindow, acknowledge, threads, now } = this.#options;
    let open: OpenInstance | undefined;
    try {
      open = await openInstance({ memoryBytes: this.#bounds.memoryBytes, threads });
      const store = new ScopeStore(scope, open, await openWindow(open, scope, this.#bounds.perfRules ?? []), parser, {
        loaded: (ids, usage) => acknowledge.loaded(ids, usage),
        refused: (ids, fault) => acknowledge.refused(ids, fault),
        failed: (failed, rows, { message }) => {
          this.#options.lost(scope, rows, message);
          // A flush says so, which its close waits for.
          void this.#close(failed).catch(() => {});
        },
      });
      store.usedAtMs = now();
      this.#stores.set(scope, store);
      return store;
    } catch (error) {
      open?.close();
      const cause = error instanceof Error ? error.message : String(error);
      return { ok: false, code: 'INTERNAL', message: `cannot open the windows of a scope: ${cause}` };
    }
  }
}
