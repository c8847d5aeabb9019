/** An answer that waits, and what lets it go. */
export interface Held {
  letGo(): void;
}

/** The answers of a listener that wait, of senders that were told to wait and did not; each with a timer, as whoever
 *  gives them bounds how many there are. */
export class HeldAnswers {
  readonly #timers = new Map<Held, NodeJS.Timeout>();

  /** Lets `held` go after so many ms. */
  add(held: Held, ms: number): void {
    this.#timers.set(held, setTimeout(() => this.#letGo(held), ms).unref());
  }

  /** Harmless for one that is not held. */
  delete(held: Held): void {
    clearTimeout(this.#timers.get(held));
    this.#timers.delete(held);
  }

  /** All of them, now. */
  letGo(): void {
    for (const held of this.#timers.keys()) this.#letGo(held);
  }

  #letGo(held: Held): void {
    this.delete(held);
    held.letGo();
  }
}
