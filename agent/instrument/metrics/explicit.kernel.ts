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
/** Of one list of bounds: 128 powers of two. What is above them shares the last. */
const SLOTS_MAX = 2048;

function slotBits(value: number): number {
  bits[0] = value;
  return words[UPPER]! >> SLOT_SHIFT;
}

/**
 * The buckets of a histogram, for all of its series. A class, as the engine finds its methods by the object: functions of another
 * file it has to look up, and look at, each time.
 */
export class ExplicitBuckets {
  readonly #bounds: Float64Array;
  /** Per slot how many bounds are below all of it; then how many there are. 2 bytes each, some 400 for the usual bounds. */
  readonly #below: Uint16Array;
  /** The first bits of what belongs into slot 1; what is less, and below zero, is in slot 0. */
  readonly #first: number;

  /** Upper bounds, ascending, each inclusive. */
  constructor(bounds: readonly number[]) {
    const first = slotBits(bounds.find((bound) => bound > 0) ?? Infinity);
    const slots = Math.min(Math.max(slotBits(bounds.at(-1) ?? 0) - first, 0) + 3, SLOTS_MAX);
    const below = new Uint16Array(slots + 1);
    let count = 0;
    words[1 - UPPER] = 0;
    for (let slot = 1; slot < slots; slot++) {
      words[UPPER] = (first + slot - 1) << SLOT_SHIFT;
      while (bounds[count]! < bits[0]!) count += 1;
      below[slot] = count;
    }
    below[slots] = bounds.length;
    this.#bounds = Float64Array.from(bounds);
    this.#below = below;
    this.#first = first;
  }

  /** Position of the bucket that `value` belongs to: the first whose bound is not below it. */
  find(value: number): number {
    const below = this.#below;
    const last = below.length - 2;
    // Signed: what is below zero has the first bit set.
    const place = (slotBits(value) - this.#first + 1) | 0;
    const slot = place < 0 ? 0 : place > last ? last : place;
    let low = below[slot]!;
    let high = below[slot + 1]!;
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
