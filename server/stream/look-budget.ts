import { LIMITS } from '../../pipeline/limits.ts';

/** Who sends at intervals of no more seconds than these is expected to send as much again. */
const REMEMBERED_S = 15;
/** Its multiples lie evenly over a turn, however many there are, and come back to none. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Which batches of one scope and signal are looked at: all, while they hold no more than `streamScanItems` a second, or
 * what was left of that in the last seconds; else one batch in so many, at another place each turn, so that whatever order
 * senders keep each of them comes to be seen.
 */
export class LookBudget {
  /** Items; below zero after a batch that had more than there were. */
  #left: number = LIMITS.streamScanBurstItems;
  /** Of the second that runs. */
  #cameItems = 0;
  /** Of those before it. */
  readonly #cameBefore: number[] = [];
  /** Of all batches, those that are looked at: 0 to 1. */
  #share = 1;
  /** How far the turn has gone, each batch by `#share`, and where in it a batch is looked at: 0 to 1. */
  #turn = 0;
  #place = GOLDEN;
  #hasLooked = false;

  /** A batch has come: is it one to be looked at? */
  isDue(items: number): boolean {
    this.#cameItems += items;
    return (this.#share === 1 || this.#isItsTurn()) && this.#left > 0;
  }

  /** It was looked at. One that is huge makes the ones after it wait for seconds, not for minutes. */
  take(items: number): void {
    this.#left = Math.max(-LIMITS.streamScanBurstItems, this.#left - items);
  }

  /** A second has passed. */
  tick(): void {
    this.#left = Math.min(LIMITS.streamScanBurstItems, this.#left + LIMITS.streamScanItems);
    this.#cameBefore.push(this.#cameItems);
    if (this.#cameBefore.length > REMEMBERED_S) this.#cameBefore.shift();
    this.#cameItems = 0;
    const expected = Math.max(...this.#cameBefore);
    this.#share = expected <= this.#left ? 1 : Math.max(0, this.#left / expected);
  }

  #isItsTurn(): boolean {
    this.#turn += this.#share;
    const isDue = !this.#hasLooked && this.#turn >= this.#place;
    if (isDue) this.#hasLooked = true;
    if (this.#turn >= 1) {
      this.#turn -= 1;
      this.#place = (this.#place + GOLDEN) % 1;
      this.#hasLooked = false;
    }
    return isDue;
  }
}
