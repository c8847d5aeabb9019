const BUCKETS_PER_DOUBLING = 32;

/** Times in buckets 2 % wide, up to an hour: constant memory, and cheap enough to note every request. */
export class Latency {
  readonly #counts = new Uint32Array(1024);
  #total = 0;

  note(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(ms, 0.001) * 1000) * BUCKETS_PER_DOUBLING);
    this.#counts[Math.min(bucket, this.#counts.length - 1)]!++;
    this.#total++;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** The time, in milliseconds, that `share` (0 to 1) of the requests stayed within; 0 without any. */
  quantileMs(share: number): number {
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!;
      if (seen > 0 && seen >= share * this.#total) return 2 ** ((i + 1) / BUCKETS_PER_DOUBLING) / 1000;
    }
    return 0;
  }
}
