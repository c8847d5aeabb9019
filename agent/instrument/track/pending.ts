import type { Attributes } from '@opentelemetry/api';
import { TRACK_LIMITS } from './limits.ts';
import type { OperationCells } from './operations.ts';

let kept: Pending | undefined;
let keptCount = 0;

/** An operation that ends when a promise does, and the listeners of that promise. It is used again: two closures and what they
 *  hold, made anew for each call, were a third of what a call allocates. */
export class Pending {
  #cells: OperationCells;
  #startMs = 0;
  #tags: Attributes | undefined;
  #next: Pending | undefined;

  private constructor(cells: OperationCells) {
    this.#cells = cells;
  }

  /** Begins an operation; `tags` as `withTags` gave them. */
  static begin(cells: OperationCells, tags: Attributes | undefined): Pending {
    const pending = kept ?? new Pending(cells);
    if (kept !== undefined) {
      kept = pending.#next;
      keptCount -= 1;
      pending.#cells = cells;
    }
    pending.#tags = tags;
    pending.#startMs = cells.begin();
    return pending;
  }

  readonly onValue = (value: unknown): unknown => {
    const cells = this.#cells;
    const startMs = this.#startMs;
    const tags = this.#tags;
    Pending.#keep(this);
    cells.end(startMs, tags);
    return value;
  };

  readonly onError = (error: unknown): never => {
    const cells = this.#cells;
    const startMs = this.#startMs;
    const tags = this.#tags;
    Pending.#keep(this);
    cells.fail(startMs, error, tags);
    throw error;
  };

  /** Where nobody listens: `result` is what the function gave back, undefined when it threw `error`. */
  unheard(result: unknown, error: unknown): unknown {
    if (result === undefined) return this.onError(error);
    this.#cells.abandon();
    Pending.#keep(this);
    return result;
  }

  static #keep(pending: Pending): void {
    pending.#tags = undefined;
    if (keptCount >= TRACK_LIMITS.pendingKept) return;
    keptCount += 1;
    pending.#next = kept;
    kept = pending;
  }
}
