import { assert } from '../assert.ts';
import type { Outcome, Refusal } from '../component.ts';

/**
 * One request's claim on an answer. Every branch that carries items of the request holds it once; batches that are
 * merged carry the receipts of all their parts, parts of a split retain theirs again. It settles when the last holder
 * has let go, with the first refusal if there was one.
 */
export class Receipt {
  #held = 1;
  #refusal: Refusal | undefined;
  #settled: ((outcome: Outcome) => void) | undefined;

  constructor(settled?: (outcome: Outcome) => void) {
    this.#settled = settled;
  }

  get held(): number {
    return this.#held;
  }

  /** Somebody waits for it to settle. */
  get isAwaited(): boolean {
    return this.#settled !== undefined;
  }

  retain(times = 1): void {
    assert(this.#held > 0, 'a settled receipt is retained');
    this.#held += times;
  }

  release(outcome: Outcome): void {
    assert(this.#held > 0, 'a receipt is released more often than it was held');
    if (!outcome.ok) this.#refusal ??= outcome;
    this.#held -= 1;
    if (this.#held === 0) {
      this.#settled?.(this.#refusal ?? { ok: true });
      this.#settled = undefined;
    }
  }
}
