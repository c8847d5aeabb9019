/** An answer that waits, and what lets it go. */
export interface Held {
  letGo(): void;
}

/** Of the connections that a listener may have, one in so many may wait for an answer that is ready: the others are for
 *  those who keep to what they were told. */
const SHARE = 4;

/** The answers of a listener that wait, of senders that were told to wait and did not. */
export class HeldAnswers {
  readonly #most: number;
  readonly #timers = new Map<Held, NodeJS.Timeout>();

  constructor(maxConnections: number) {
    this.#most = Math.floor(maxConnections / SHARE);
  }

  /** Lets `held` go after so many ms. False when too many wait: then it is not held. */
  add(held: Held, ms: number): boolean {
    if (this.#timers.size >= this.#most) return false;
    this.#timers.set(held, setTimeout(() => this.#letGo(held), ms).unref());
    return true;
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
