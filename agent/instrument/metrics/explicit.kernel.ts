import { COUNT, EXPLICIT_BUCKETS, MAX, MIN, SUM } from './layout.kernel.ts';

/**
 * Recording into explicit buckets: the layout is that of layout.kernel.ts. A search one by one guesses wrong where it ends, nearly
 * once per measurement, which cost as much as all the rest (bench/notes/agent-record.md). So the first bits of a value, its exponent
 * and SLOT_BITS of its mantissa, lead to a slot, and that to the first bucket that a value in it can belong to. The usual slot has
 * no bound in it, so nothing is left to compare; in others their bounds are halved. Nothing is allocated by a measurement.
 */
const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);
bits[0] = 1;
/** Which half of a double holds sign and exponent: of 1 the other is zero. */
const UPPER = words[1] === 0 ? 0 : 1;

const SLOT_BITS = 4;
const SLOT_SHIFT = 20 - SLOT_BITS;
/** 64 powers of two, 2 KiB for each histogram. What is above them shares the last slot. */
const SLOTS = 1024;

/** Signed: what is below zero has the first bit set. */
function firstBits(value: number): number {
  bits[0] = value;
  return words[UPPER]! >> SLOT_SHIFT;
}

/**
 * The buckets of a histogram, for all of its series. A class, as the engine finds its methods by the object: functions of another
 * file it has to look up, and look at, each time.
 */
export class ExplicitBuckets {
  readonly #bounds: Float64Array;
  /** Per slot how many bounds are in those before it; then how many there are. */
  readonly #before = new Uint16Array(SLOTS + 1);
  /** The first bits of slot 0, in which is besides what is less, and below zero. */
  readonly #first: number;

  /** Upper bounds, ascending, each inclusive. */
  constructor(bounds: readonly number[]) {
    this.#bounds = Float64Array.from(bounds);
    this.#first = firstBits(bounds.find((bound) => bound > 0) ?? 0);
    for (let i = 0; i < bounds.length; i++) this.#before.fill(i + 1, this.#slot(bounds[i]!) + 1);
  }

  #slot(value: number): number {
    const slot = (firstBits(value) - this.#first) | 0;
    return slot < 0 ? 0 : slot < SLOTS ? slot : SLOTS - 1;
  }

  /** Position of the bucket that `value` belongs to: the first whose bound is not below it. */
  find(value: number): number {
    const slot = this.#slot(value);
    let low = this.#before[slot]!;
    let high = this.#before[slot + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value > this.#bounds[middle]!) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Records a finite `value` in the series at `at` and gives its bucket. -1, and nothing is changed, when the sum would
   *  become infinite. */
  record(cells: Float64Array, at: number, value: number): number {
    const sum = cells[(at + SUM) | 0]! + value;
    // What is infinite or NaN is not zero when it is taken from itself.
    if (sum - sum !== 0) return -1;
    const bucket = this.find(value);
    // The bucket first and the count last: what a reader in another thread relies on.
    cells[(at + EXPLICIT_BUCKETS + bucket) | 0]! += 1;
    cells[(at + SUM) | 0] = sum;
    if (value < cells[(at + MIN) | 0]!) cells[(at + MIN) | 0] = value;
    if (value > cells[(at + MAX) | 0]!) cells[(at + MAX) | 0] = value;
    cells[(at + COUNT) | 0]! += 1;
    return bucket;
  }
}
