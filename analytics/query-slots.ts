import { LIMITS } from '../pipeline/limits.ts';

interface Waiting {
  readonly scope: string;
  readonly go: (slot: Slot | undefined) => void;
}

export interface Slot {
  /** Safe twice. */
  release(): void;
}

/**
 * How many queries run at a time. One of DuckDB's calls occupies a thread of libuv's pool until it is done, so there are
 * fewer queries than threads; a scope never has all of them, and who runs the fewest is next.
 */
export class QuerySlots {
  readonly #running = new Map<string, number>();
  #free: number = LIMITS.sqlQueries;
  #waiting: Waiting[] = [];

  /** Undefined when too many wait already, when none came free in `waitMs`, or when `signal` aborts. */
  async take(scope: string, waitMs: number, signal: AbortSignal): Promise<Slot | undefined> {
    if (signal.aborted) return undefined;
    if (this.#mayRun(scope)) return this.#start(scope);
    const ofScope = this.#waiting.filter((each) => each.scope === scope).length;
    if (ofScope >= LIMITS.sqlWaitingPerScope || this.#waiting.length >= LIMITS.sqlWaiting) return undefined;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        scope,
        go: (slot) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
          resolve(slot);
        },
      };
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        waiting.go(undefined);
      };
      const timer = setTimeout(giveUp, waitMs);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #mayRun(scope: string): boolean {
    return this.#free > 0 && (this.#running.get(scope) ?? 0) < LIMITS.sqlQueriesPerScope;
  }

  #start(scope: string): Slot {
    this.#free -= 1;
    this.#running.set(scope, (this.#running.get(scope) ?? 0) + 1);
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#free += 1;
        const left = (this.#running.get(scope) ?? 1) - 1;
        if (left === 0) this.#running.delete(scope);
        else this.#running.set(scope, left);
        this.#next();
      },
    };
  }

  #next(): void {
    let best: Waiting | undefined;
    const runs = ({ scope }: Waiting): number => this.#running.get(scope) ?? 0;
    for (const waiting of this.#waiting)
      if (this.#mayRun(waiting.scope) && (best === undefined || runs(waiting) < runs(best))) best = waiting;
    if (best === undefined) return;
    const next = best;
    this.#waiting = this.#waiting.filter((each) => each !== next);
    next.go(this.#start(next.scope));
  }
}
