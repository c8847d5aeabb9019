import { openInstance, type OpenInstance } from '../../analytics/instance.ts';
import { ScopeStore } from '../../analytics/scope-store.ts';
import { StatementParser } from '../../analytics/sql/parser.ts';
import { readStanding } from '../../analytics/standing/read-standing.ts';
import { StandingQueries } from '../../analytics/standing/standing-queries.ts';
import type { StandingParts } from '../../analytics/standing/standing-run.ts';
import { ScopeWindow } from '../../analytics/windows/scope-window.ts';
import type { SqlFault, StandingQuery } from '../../pipeline/analytics.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { encode } from './build.ts';
import { TwinRows, type Row, type RowsDelta } from './reference/standing-rows.ts';
import type { Tree } from './reference/otlp.ts';

/** Somebody who is told of a standing query, takes every delta at once, and keeps its rows. */
export class Listener {
  readonly id: number;
  readonly twin: TwinRows;
  snapshots = 0;
  renewals = 0;
  readonly deltas: RowsDelta[] = [];
  fault: SqlFault | undefined;
  /** Takes no delta while it is false. */
  takes = true;

  constructor(id: number, key?: readonly number[]) {
    this.id = id;
    this.twin = new TwinRows(key);
  }
}

/** Standing queries over the real windows of one scope, with a clock that the test moves. */
export class StandingBench {
  readonly store: ScopeStore;
  readonly queries: StandingQueries;
  nowMs = 0;
  /** What runs answer instead, while it is set. */
  instead: SqlFault | undefined;
  /** Runs by SQL. */
  readonly runs = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #parser: StatementParser;
  readonly #listeners = new Map<number, Listener>();

  private constructor(open: OpenInstance, window: ScopeWindow, parser: StatementParser) {
    this.#parser = parser;
    this.store = new ScopeStore('A', open, window, parser, { loaded: () => {}, refused: () => {}, failed: () => {} });
    const parts: StandingParts = {
      now: () => this.nowMs,
      read: async (_scope, query, caps, signal) => {
        this.runs.set(query.sql, this.runsOf(query.sql) + 1);
        if (this.instead !== undefined) return this.instead;
        const run = readStanding(this.store, query, caps, { signal, stuck: () => {}, broken: () => {} });
        this.#running.add(run);
        return run.finally(() => this.#running.delete(run));
      },
      version: (_scope, views) => ({ store: this.store, version: this.store.version(views) }),
      tell: (id, what, text) => this.#tell(id, what, text),
      end: (id, fault) => {
        const listener = this.#listeners.get(id);
        if (listener !== undefined) listener.fault = fault;
      },
    };
    this.queries = new StandingQueries(parts);
  }

  static async open(): Promise<StandingBench> {
    const open = await openInstance({ memoryBytes: 256 * 1024 * 1024, threads: 2 });
    // Slices of ten rows: a trim takes some and leaves others.
    const window = await ScopeWindow.create(open.instance, { figuresIntervalMs: 0, nowMs: 0, sliceRows: 10 });
    return new StandingBench(open, window, await StatementParser.open());
  }

  runsOf(sql: string): number {
    return this.runs.get(sql) ?? 0;
  }

  /** Subscribes, and asks for a snapshot. */
  listen(query: StandingQuery, key?: readonly number[], scope = 'A'): Listener {
    const listener = new Listener(this.#listeners.size + 1, key);
    this.#listeners.set(listener.id, listener);
    this.queries.add(listener.id, scope, query);
    this.queries.snapshot(listener.id);
    return listener;
  }

  /** Loads a request. */
  async load(signal: Signal, request: Tree): Promise<void> {
    this.store.append(1, signal, encode(signal, request), this.nowMs);
    await this.store.flushed();
  }

  /** A second passes, and what is due runs to its end. */
  async second(seconds = 1): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await this.rested();
      this.nowMs += 1000;
      await this.settled();
    }
  }

  /** What is due runs to its end. */
  async settled(): Promise<void> {
    this.queries.tick();
    await this.rested();
  }

  /** What runs is over. To be awaited before the clock is moved: a run that sees it jump rests for as long as that took. */
  async rested(): Promise<void> {
    while (this.queries.open.some(({ isRunning }) => isRunning)) await new Promise((resolve) => setImmediate(resolve));
  }

  /** What the SELECT answers now. */
  async poll({ sql, params }: StandingQuery): Promise<readonly Row[]> {
    const query = { sql, params, format: 'json', timeoutMs: 30_000, maxRows: 100_000, maxBytes: 10_000_000 } as const;
    const answer = await this.store.sql.run(query, { signal: new AbortController().signal, stuck: () => {}, broken: () => {} });
    if (!answer.ok) throw new Error(answer.message);
    return JSON.parse(Buffer.from(answer.body).toString()) as Row[];
  }

  async close(): Promise<void> {
    this.queries.close();
    await Promise.all(this.#running);
    await this.store.close();
    this.#parser.close();
  }

  #tell(id: number, what: 'snapshot' | 'delta' | 'renew', text: string): void {
    const listener = this.#listeners.get(id);
    if (listener === undefined) return;
    if (what === 'renew') {
      listener.renewals += 1;
      this.queries.snapshot(id);
    } else if (what === 'snapshot') {
      listener.snapshots += 1;
      listener.twin.snapshot((JSON.parse(text) as { rows: Row[] }).rows);
    } else {
      const delta = JSON.parse(text) as RowsDelta;
      listener.deltas.push(delta);
      listener.twin.apply(delta);
      if (listener.takes) this.queries.next(id);
    }
  }
}
