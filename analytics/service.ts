import type { SqlFault, SqlQuery, StandingQuery, WindowBounds } from '../pipeline/analytics.ts';
import type { Clock } from '../pipeline/clock.ts';
import { LIMITS } from '../pipeline/limits.ts';
import { QuerySlots } from './query-slots.ts';
import { ScopeStores, type OpenWindow } from './scope-stores.ts';
import type { ScopeStore } from './scope-store.ts';
import type { Control } from './sql/scope-sql.ts';
import { StatementParser } from './sql/parser.ts';
import type { ResultCaps } from './standing/result-rows.ts';
import { readStanding } from './standing/read-standing.ts';
import { StandingQueries } from './standing/standing-queries.ts';
import type { StandingRead } from './standing/standing-run.ts';
import type { AppendHead, Order, ReplyHead, Report } from './wire/messages.ts';

/** What the service says, and on which way. */
export interface Mouth {
  /** On the pipe. */
  reply(head: ReplyHead, body?: Uint8Array): void;
  /** Over IPC. */
  report(report: Report): void;
  /** Reads no more appends until it is called with `false`. */
  pause(paused: boolean): void;
}

export interface ServiceOptions {
  readonly openWindow: OpenWindow;
  readonly threads: number;
  readonly clock: Clock;
  /** Resident memory of this process, in bytes. */
  rss(): number;
  /** Does the system refuse this process more memory than its bound? Then a query that takes it fails by itself. */
  readonly isBounded?: boolean;
}

interface Asked {
  readonly scope: string;
  readonly abort: AbortController;
  /** Looks at the memory since it was told to end. */
  toldLooks: number;
}

const QUERY_ENDED: SqlFault = { ok: false, code: 'SQL_CANCELLED', message: 'cannot finish the query: who asked it has gone' };
const STUCK: SqlFault = {
  ok: false,
  code: 'SQL_TIMEOUT',
  message: 'cannot end the query: it hears nothing, and its process is ended, with the windows of all',
};
const QUERY_QUEUE: SqlFault = { ok: false, code: 'ANALYTICS_BUSY', message: 'cannot run the query: too many run or wait' };

/** The analytics process without its process: appends, queries and what they take. */
export class AnalyticsService {
  readonly #options: ServiceOptions;
  readonly #mouth: Mouth;
  readonly #stores: ScopeStores;
  readonly #parser: StatementParser;
  readonly #slots = new QuerySlots();
  readonly #asked = new Map<number, Asked>();
  readonly #standing: StandingQueries;
  /** Scopes of runs of standing queries under way. */
  readonly #running: string[] = [];
  /** Of those runs: nobody asked for them, so they count down. */
  #lastRun = 0;
  #cancelTick: () => void = () => undefined;
  /** Absent: nobody asks anything. */
  #cancelLook: (() => void) | undefined;
  /** Looks in a row that found the process far over its memory. */
  #farOver = 0;
  #bounds: WindowBounds;
  #paused = false;
  #trimming = false;

  private constructor(options: ServiceOptions, mouth: Mouth, parser: StatementParser, bounds: WindowBounds) {
    this.#options = options;
    this.#mouth = mouth;
    this.#parser = parser;
    this.#bounds = bounds;
    const { openWindow, threads, clock } = options;
    const now = (): number => clock.now();
    const acknowledge = {
      loaded: (ids, usage) => this.#loaded({ type: 'loaded', ids, usage }),
      refused: (ids, fault) => this.#loaded({ type: 'refused', ids, fault }),
    } satisfies ConstructorParameters<typeof ScopeStores>[1]['acknowledge'];
    const lost = (scope: string, rows: number, cause: string): void => mouth.report({ type: 'lost', scope, rows, cause });
    const ruined = (cause: string): void => this.#doom(cause, []);
    this.#stores = new ScopeStores(bounds, { parser, openWindow, acknowledge, lost, ruined, threads, now });
    this.#standing = new StandingQueries({
      now: () => performance.now(),
      read: (scope, query, caps, signal) => this.#runStanding(scope, query, caps, signal),
      version: (scope, views) => {
        const store = this.#stores.open(scope);
        return store && { store, version: store.version(views) };
      },
      tell: (id, what, text) => this.#mouth.reply({ type: 'stands', id, what }, Buffer.from(text)),
      end: (id, fault) => this.#mouth.reply({ type: 'fell', id, fault }),
    });
    this.#tickLater();
  }

  static async open(options: ServiceOptions, mouth: Mouth, bounds: WindowBounds): Promise<AnalyticsService> {
    return new AnalyticsService(options, mouth, await StatementParser.open(), bounds);
  }

  /** The caller may use `bytes` again. */
  append({ id, scope, signal, receivedMs }: AppendHead, bytes: Uint8Array): void {
    const store = this.#stores.open(scope);
    if (store !== undefined) {
      this.#append(store, id, signal, bytes, receivedMs);
      return;
    }
    const kept = new Uint8Array(bytes);
    void this.#stores.get(scope).then((opened) => {
      if ('ok' in opened) this.#mouth.reply({ type: 'refused', ids: [id], fault: opened });
      else this.#append(opened, id, signal, kept, receivedMs);
    });
  }

  order(order: Exclude<Order, { type: 'stop' }>): void {
    switch (order.type) {
      case 'bounds':
        this.#bounds = order.bounds;
        this.#stores.bounds = order.bounds;
        return;
      case 'cancel':
        this.#asked.get(order.id)?.abort.abort();
        return;
      case 'query':
        void this.#query(order.id, order.scope, order.query);
        return;
      case 'tables':
        void this.#tables(order.id, order.scope);
        return;
      case 'stand':
        this.#standing.add(order.id, order.scope, order.query);
        return;
      case 'standing':
        if (order.want === 'snapshot') this.#standing.snapshot(order.id);
        else if (order.want === 'next') this.#standing.next(order.id);
        else this.#standing.remove(order.id);
        return;
      default:
        order satisfies never;
    }
  }

  /** Ends queries, and closes what is open. */
  async stop(): Promise<void> {
    this.#cancelTick();
    this.#standing.close();
    for (const { abort } of this.#asked.values()) abort.abort();
    await this.#stores.close();
    this.#parser.close();
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #append(store: ScopeStore, id: number, signal: AppendHead['signal'], bytes: Uint8Array, receivedMs: number): void {
    store.append(id, signal, bytes, receivedMs);
    if (!this.#paused && this.#stores.pendingRows >= LIMITS.windowPendingRows) {
      this.#paused = true;
      this.#mouth.pause(true);
    }
  }

  #loaded(head: ReplyHead): void {
    this.#mouth.reply(head);
    if (!this.#paused || this.#stores.pendingRows >= LIMITS.windowPendingRows) return;
    this.#paused = false;
    this.#mouth.pause(false);
  }

  #control(scope: string, signal: AbortSignal, stuck: () => void): Control {
    return {
      signal,
      stuck: () => {
        stuck();
        this.#doom('a query cannot be ended', [scope]);
      },
      broken: () => this.#doom('a database is ruined', []),
    };
  }

  async #query(id: number, scope: string, query: SqlQuery): Promise<void> {
    const stuck = (): void => this.#mouth.reply({ type: 'fault', id, fault: STUCK });
    const answer = await this.#asking(id, scope, query.timeoutMs, (store, signal) =>
      store.sql.run(query, this.#control(scope, signal, stuck)),
    );
    if (!answer.ok) {
      this.#mouth.reply({ type: 'fault', id, fault: answer });
      return;
    }
    const { columns, rows, truncated, elapsedMs, body } = answer;
    this.#mouth.reply({ type: 'rows', id, columns, rows, truncated, elapsedMs }, body);
  }

  async #runStanding(
    scope: string,
    query: StandingQuery,
    caps: ResultCaps,
    ended: AbortSignal,
  ): Promise<StandingRead | SqlFault> {
    this.#lastRun -= 1;
    const id = this.#lastRun;
    const giveUp = (): void => this.#asked.get(id)?.abort.abort();
    ended.addEventListener('abort', giveUp, { once: true });
    const answer = await this.#asking(id, scope, LIMITS.standingTimeoutMs, async (store, signal) => {
      this.#running.push(scope);
      this.#mouth.report({ type: 'runs', scopes: this.#running });
      try {
        const control = this.#control(scope, signal, () => {});
        return await readStanding(store, query, caps, control);
      } finally {
        this.#running.splice(this.#running.indexOf(scope), 1);
        this.#mouth.report({ type: 'runs', scopes: this.#running });
      }
    });
    ended.removeEventListener('abort', giveUp);
    return answer;
  }

  async #tables(id: number, scope: string): Promise<void> {
    const answer = await this.#asking(id, scope, LIMITS.tablesTimeoutMs, async (store) => ({
      ok: true as const,
      tables: await store.sql.tables(),
    }));
    if (answer.ok) this.#mouth.reply({ type: 'tables', id, tables: answer.tables });
    else this.#mouth.reply({ type: 'fault', id, fault: answer });
  }

  /** Waits for its turn, opens the scope, asks. `elapsedMs` of what a query answers includes the wait. */
  async #asking<Answer extends { readonly ok: true }>(
    id: number,
    scope: string,
    waitMs: number,
    ask: (store: ScopeStore, signal: AbortSignal) => Promise<Answer | SqlFault>,
  ): Promise<Answer | SqlFault> {
    const abort = new AbortController();
    this.#asked.set(id, { scope, abort, toldLooks: 0 });
    this.#watchMemory();
    try {
      const slot = await this.#slots.take(scope, waitMs, abort.signal);
      if (slot === undefined) return abort.signal.aborted ? QUERY_ENDED : QUERY_QUEUE;
      try {
        const store = await this.#stores.get(scope);
        return 'ok' in store ? store : await ask(store, abort.signal);
      } finally {
        slot.release();
      }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      return { ok: false, code: 'INTERNAL', message: `cannot answer: ${cause}` };
    } finally {
      this.#asked.delete(id);
    }
  }

  /** DuckDB bounds what it counts. What one function makes of its arguments it does not count. */
  #watchMemory(): void {
    this.#cancelLook ??= this.#options.clock.after(LIMITS.analyticsMemoryTickMs, () => {
      this.#cancelLook = undefined;
      this.#lookAtMemory();
      if (this.#asked.size > 0) this.#watchMemory();
    });
  }

  #lookAtMemory(): void {
    const over = this.#options.rss() - this.#bounds.memoryBytes - LIMITS.analyticsSlackBytes;
    const much = LIMITS.analyticsSlackBytes * (this.#options.isBounded === true ? 4 : 1);
    this.#farOver = over > much ? this.#farOver + 1 : 0;
    // Whoever was told to end, and has not, is who takes it: others did, and get no strike for a neighbour.
    for (const asked of this.#asked.values()) asked.toldLooks += asked.abort.signal.aborted ? 1 : 0;
    const deaf = [...this.#asked.values()].filter(({ toldLooks }) => toldLooks >= LIMITS.analyticsDeafTicks);
    if (this.#farOver > 0 && deaf.length > 0) this.#doom('memory runs out', [...new Set(deaf.map(({ scope }) => scope))]);
    else if (this.#farOver >= LIMITS.analyticsMemoryTicks) this.#doom('memory has run out', []);
    else if (over > 0) for (const { abort } of this.#asked.values()) abort.abort('memory');
  }

  #doom(cause: string, scopes: readonly string[]): void {
    this.#mouth.report({ type: 'doomed', cause, scopes });
  }

  #tickLater(): void {
    this.#cancelTick = this.#options.clock.after(LIMITS.analyticsTickMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    this.#tickLater();
    this.#mouth.report({ type: 'usage', scopes: this.#stores.usage() });
    if (this.#trimming) return;
    this.#trimming = true;
    try {
      await this.#stores.trim();
    } catch (error) {
      this.#doom(`windows cannot be trimmed: ${error instanceof Error ? error.message : String(error)}`, []);
    } finally {
      this.#trimming = false;
    }
  }
}
