import { LIMITS } from '../../pipeline/limits.ts';

/** Who sends at intervals of no more seconds than these is expected to send as much again. */
const REMEMBERED_S = 15;

/**
 * Which batches of one scope and signal are looked at: all, while they hold no more than `streamScanItems` a second, or
 * what was left of that in the last seconds; else one batch in so many. Which of them is left to chance: no order that
 * senders keep then hides one of them for good.
 */
export class LookBudget {
  /** Items; below zero after a batch that had more than there were. */
  #left: number = LIMITS.streamScanBurstItems;
  /** Of the second that runs. */
  #cameItems = 0;
  /** Of those before it. */
  readonly #cameBefore: number[] = [];
  /** So much may come in this second before it is more than was to be expected. */
  #expectedItems: number = LIMITS.streamScanItems;
  /** Of all batches, those that are looked at: 0 to 1. */
  #share = 1;
  /** How far the turn has gone, each batch by `#share`, and where in it a batch is looked at: 0 to 1. */
  #turn = 0;
  #place: number;
  #hasLooked = false;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    this.#place = random();
  }

  /** A batch has come: is it one to be looked at? */
  isDue(items: number): boolean {
    this.#cameItems += items;
    // Nobody knows how much more: as much again, each time, so that something is left for what comes last.
    if (this.#cameItems > this.#expectedItems) this.#share = Math.min(1, Math.max(0, this.#left / (2 * this.#cameItems)));
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
    const most = Math.max(...this.#cameBefore);
    this.#share = most <= this.#left ? 1 : Math.max(0, this.#left / most);
    this.#expectedItems = Math.max(most, LIMITS.streamScanItems);
  }

  /** What comes from now on is counted otherwise: of how much it will be nothing is known. What is left stays. */
  forget(): void {
    this.#cameBefore.length = 0;
    this.#cameItems = 0;
    this.#expectedItems = LIMITS.streamScanItems;
    this.#share = 1;
  }

  #isItsTurn(): boolean {
    this.#turn += this.#share;
    const isDue = !this.#hasLooked && this.#turn >= this.#place;
    if (isDue) this.#hasLooked = true;
    if (this.#turn >= 1) {
      this.#turn -= 1;
      this.#place = this.#random();
      this.#hasLooked = false;
    }
    return isDue;
  }
}
