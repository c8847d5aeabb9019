/** A call whose caller said until when it waits. */
export interface Waited {
  /** By `performance.now()`. */
  readonly deadlineAtMs: number;
  pastDeadline(): void;
}

const LOOK_MS = 50;

/** One timer for the deadlines of a listener: most calls are answered long before theirs. */
export class DeadlineWatch {
  readonly #waited = new Set<Waited>();
  #timer: NodeJS.Timeout | undefined;

  add(waited: Waited): void {
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#look(), LOOK_MS);
      this.#timer.unref();
    }
    this.#waited.add(waited);
  }

  delete(waited: Waited): void {
    this.#waited.delete(waited);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waited.clear();
  }

  #look(): void {
    if (this.#waited.size === 0) {
      this.stop();
      return;
    }
    const nowMs = performance.now();
    for (const waited of this.#waited) {
      if (waited.deadlineAtMs > nowMs) continue;
      this.#waited.delete(waited);
      waited.pastDeadline();
    }
  }
}
