/** The newest so many things of each second, and of all: what a feed of records keeps. */
export class Recent<Item> {
  readonly #limit: number;
  #shown: readonly Item[] = [];
  #pending: Item[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Of items that come together the newest last. */
  add(items: readonly Item[]): void {
    for (const item of items) this.#pending.push(item);
    // Now and then only: cutting an array costs its length.
    if (this.#pending.length > 2 * this.#limit) this.#pending = this.#pending.slice(-this.#limit);
  }

  /** Those of the second that ends, the newest last. */
  take(): readonly Item[] {
    const taken = this.#pending.slice(-this.#limit);
    this.#pending = [];
    this.#shown = [...this.#shown, ...taken].slice(-this.#limit);
    return taken;
  }

  /** The newest of those that were taken. */
  get shown(): readonly Item[] {
    return this.#shown;
  }
}
