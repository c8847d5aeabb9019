/** A longer step forward is a clock that was set, or a machine that slept; a shorter one back is two readings out of order. */
const STEP_MAX_MS = 300_000;

/**
 * The age of things by a wall clock that may be set: time passes as the readings do, but a jump ahead counts as
 * STEP_MAX_MS at most, and one back as nothing. So no jump throws a window away, and none keeps one for ever.
 */
export class WindowClock {
  /** Milliseconds that have passed; rises only. */
  elapsedMs = 0;
  #wallMs: number | undefined;

  read(wallMs: number): number {
    const last = this.#wallMs ?? wallMs;
    const step = wallMs - last;
    if (step < 0 && step > -STEP_MAX_MS) return this.elapsedMs;
    this.#wallMs = wallMs;
    this.elapsedMs += Math.min(Math.max(step, 0), STEP_MAX_MS);
    return this.elapsedMs;
  }

  /** The reading at which so much had passed. */
  wallMs(elapsedMs: number): number {
    return (this.#wallMs ?? 0) - (this.elapsedMs - elapsedMs);
  }
}
