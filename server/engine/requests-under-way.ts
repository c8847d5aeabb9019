/** Counts the requests of a listener between head and answer, so that `close` can wait for them. */
export class RequestsUnderWay {
  #count = 0;
  #ended: (() => void) | undefined;

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#ended?.();
  }

  /** Resolves when there are none, or at the deadline. */
  async drained(deadlineMs: number): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#ended = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    // The last answer is written within the callback that ran before this turn; only then may sockets be cut.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
