import type { SqlFault, StandingQuery } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { StandingRun, type StandingParts } from './standing-run.ts';

/**
 * The queries that stay open in this process: who asks the same in the same scope shares one. They are looked at ten times
 * a second; a few of those that are due run at a time, the longest due first, of a scope one.
 */
export class StandingQueries {
  readonly #parts: StandingParts;
  readonly #runs = new Map<string, StandingRun>();
  readonly #ofSubscriber = new Map<number, StandingRun>();
  #ticks: NodeJS.Timeout | undefined;

  constructor(parts: StandingParts) {
    this.#parts = parts;
  }

  get open(): readonly StandingRun[] {
    return [...this.#runs.values()];
  }

  add(id: number, scope: string, query: StandingQuery): void {
    const { sql, params = null, key = null } = query;
    const name = JSON.stringify([scope, sql, params, key]);
    let run = this.#runs.get(name);
    if (run === undefined || run.isOver) {
      const fault = this.#tooMany(scope);
      if (fault !== undefined) {
        this.#parts.end(id, fault);
        return;
      }
      run = new StandingRun(scope, query, this.#parts);
      this.#runs.set(name, run);
      this.#ticks ??= setInterval(() => this.tick(), LIMITS.standingTickMs);
    }
    this.#ofSubscriber.set(id, run);
    run.join(id);
    this.tick();
  }

  snapshot(id: number): void {
    this.#ofSubscriber.get(id)?.snapshot(id);
  }

  next(id: number): void {
    this.#ofSubscriber.get(id)?.next(id);
  }

  remove(id: number): void {
    this.#ofSubscriber.get(id)?.leave(id);
    this.#ofSubscriber.delete(id);
    this.#sweep();
  }

  /** Starts what is due, as far as there is room. */
  tick(): void {
    this.#sweep();
    const nowMs = this.#parts.now();
    const running = this.open.filter(({ isRunning }) => isRunning);
    const busy = new Set(running.map(({ scope }) => scope));
    const due = this.open.filter((run) => !busy.has(run.scope) && run.isDue(nowMs));
    due.sort((a, b) => a.notBeforeMs - b.notBeforeMs);
    for (const run of due) {
      if (busy.size >= LIMITS.standingRuns) return;
      if (busy.has(run.scope)) continue;
      busy.add(run.scope);
      void this.#run(run);
    }
  }

  close(): void {
    for (const id of this.#ofSubscriber.keys()) this.remove(id);
  }

  async #run(run: StandingRun): Promise<void> {
    const others = this.open.reduce((bytes, each) => bytes + (each === run ? 0 : each.bytes), 0);
    await run.run(Math.max(0, LIMITS.standingBytesAll - others));
    this.tick();
  }

  #tooMany(scope: string): SqlFault | undefined {
    const all = this.open.filter(({ isOver }) => !isOver);
    const ofScope = all.filter((run) => run.scope === scope).length;
    const message =
      ofScope >= LIMITS.standingQueriesPerScope
        ? `cannot keep the query: its scope keeps ${ofScope}`
        : `cannot keep the query: ${all.length} are kept`;
    if (ofScope < LIMITS.standingQueriesPerScope && all.length < LIMITS.standingQueries) return undefined;
    return { ok: false, code: 'ANALYTICS_BUSY', message, retryAfterMs: LIMITS.standingIntervalMaxMs };
  }

  /** Forgets what is over. */
  #sweep(): void {
    for (const [name, run] of this.#runs) if (run.isOver) this.#runs.delete(name);
    for (const [id, run] of this.#ofSubscriber) if (run.isOver) this.#ofSubscriber.delete(id);
    if (this.#runs.size > 0) return;
    clearInterval(this.#ticks);
    this.#ticks = undefined;
  }
}
