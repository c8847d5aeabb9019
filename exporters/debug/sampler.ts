/** Shows the first `initial` batches of each key in each second, then every `thereafter`th (0: none). */
export class Sampler {
  readonly #initial: number;
  readonly #thereafter: number;
  #second = Number.NaN;
  readonly #seen = new Map<string, number>();

  constructor(initial: number, thereafter: number) {
    this.#initial = initial;
    this.#thereafter = thereafter;
  }

  shows(key: string, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#seen.clear();
    }
    const seen = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, seen);
    if (seen <= this.#initial) return true;
    return this.#thereafter > 0 && (seen - this.#initial) % this.#thereafter === 0;
  }
}
