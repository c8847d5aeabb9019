import type { Clock } from '../../pipeline/clock.ts';

interface Task {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it. Tasks run in the order of their times. */
export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000;
  readonly #tasks = new Set<Task>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const task = { atMs: this.#nowMs + delayMs, run };
    this.#tasks.add(task);
    return () => void this.#tasks.delete(task);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#tasks.size;
  }

  /** Moves time, and lets promises settle after each timer and at the end. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      let first: Task | undefined;
      for (const task of this.#tasks) if (task.atMs <= endMs && (first === undefined || task.atMs < first.atMs)) first = task;
      if (first === undefined) break;
      this.#tasks.delete(first);
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      first.run();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Moves time in small steps until `promise` has settled. */
  async until<Value>(promise: Promise<Value>, stepMs = 20): Promise<Value> {
    let isSettled = false;
    const noted = async (): Promise<void> => {
      await Promise.allSettled([promise]);
      isSettled = true;
    };
    void noted();
    for (let steps = 0; !isSettled; steps++) {
      if (steps > 100_000) throw new Error('the promise does not settle, however late it gets');
      await this.advance(stepMs);
    }
    return promise;
  }
}

/** Everything that needs no time has happened. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
