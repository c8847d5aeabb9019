import { LIMITS } from '../../pipeline/limits.ts';

/**
 * When a standing query may run again. One that was too much three times in a row waits longer, twice as long each time;
 * when that does not help either, it is over. Runs that keep their budget bring it back, step by step.
 */
export class Pace {
  #intervalMs: number = LIMITS.standingIntervalMs;
  #strikes = 0;
  #notBeforeMs = 0;
  /** Whether it has ever kept its budget: one that never does is not worth waiting for. */
  #hasKept = false;

  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** A run ended that began at `beganMs`; it rests at least as long as it ran. Also for one that nobody can be blamed for. */
  ran(beganMs: number, endedMs: number): void {
    this.#notBeforeMs = Math.max(beganMs + this.#intervalMs, 2 * endedMs - beganMs);
  }

  kept(beganMs: number, endedMs: number): void {
    this.#hasKept = true;
    this.#strikes = 0;
    this.#intervalMs = Math.max(LIMITS.standingIntervalMs, this.#intervalMs / 2);
    this.ran(beganMs, endedMs);
  }

  /** False: it is over. */
  exceeded(beganMs: number, endedMs: number): boolean {
    this.#strikes += 1;
    if (this.#strikes >= LIMITS.standingStrikes) {
      if (!this.#hasKept || this.#intervalMs >= LIMITS.standingIntervalMaxMs) return false;
      this.#intervalMs = Math.min(LIMITS.standingIntervalMaxMs, 2 * this.#intervalMs);
    }
    this.ran(beganMs, endedMs);
    return true;
  }
}
