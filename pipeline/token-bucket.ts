/** One, in thousandths. */
const UNIT = 1000;

/**
 * So many units a second, and a burst. It may be taken from while it holds a whole unit, and the whole amount is charged,
 * even where that leaves it in debt: what an amount is shows only when a request has been read, one that is larger than
 * the burst must not be refused for ever, and how long the debt lasts is known before the next one is read. In the long
 * run no more leaves it than its rate; at most one amount comes on top of the burst.
 */
export class TokenBucket {
  readonly #perSecond: number;
  /** In thousandths of a unit: with whole rates and amounts the sums are exact. */
  readonly #most: number;
  #level: number;
  #atMs: number;

  /** Full at `nowMs`, with what comes in `burstMs`, at least one unit. In the place of `before` as full as that was, or
   *  in debt by as much: the debt is for what was taken, and a higher rate works it off sooner. */
  constructor(perSecond: number, burstMs: number, nowMs: number, before?: TokenBucket) {
    this.#perSecond = perSecond;
    this.#most = Math.max(UNIT, perSecond * burstMs);
    this.#level = before === undefined ? this.#most : before.#levelFor(this.#most, nowMs);
    this.#atMs = nowMs;
  }

  #levelFor(most: number, nowMs: number): number {
    this.waitMs(nowMs);
    return this.#level < 0 ? this.#level : Math.floor((this.#level / this.#most) * most);
  }

  /** Until it may be taken from, rounded up to whole ms; 0 = now. */
  waitMs(nowMs: number): number {
    // A clock that is set back gives nothing and takes nothing.
    if (nowMs > this.#atMs) this.#level = Math.min(this.#most, this.#level + (nowMs - this.#atMs) * this.#perSecond);
    this.#atMs = nowMs;
    return this.#level >= UNIT ? 0 : Math.ceil((UNIT - this.#level) / this.#perSecond);
  }

  take(amount: number): void {
    this.#level -= amount * UNIT;
  }

  /** What was taken came to nothing. */
  give(amount: number): void {
    this.#level = Math.min(this.#most, this.#level + amount * UNIT);
  }
}
