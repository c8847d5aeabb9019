import {
  BASE,
  BEGUN,
  COUNT,
  EXPONENTIAL_BUCKETS,
  HIGH,
  LOW,
  MAX,
  MAX_SCALE,
  MIN,
  MIN_SCALE,
  NEGATIVE_BASE,
  NEGATIVE_HIGH,
  NEGATIVE_LOW,
  ringSlot,
  SCALE,
  SUM,
  ZEROS,
} from './layout.kernel.ts';

/**
 * Recording into base-2 exponential buckets, as the specification's "Base2 Exponential Bucket Histogram Aggregation" says:
 * the layout is that of layout.kernel.ts. A measurement costs one look-up in a table; at the scales above it, which a series
 * leaves as soon as its values lie apart, one logarithm. When the buckets in use would span more than there are, pairs of them
 * are joined and the scale goes down by one.
 */
const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);
bits[0] = 1;
/** Which half of a double holds its exponent: of 1 the other is zero. */
const UPPER = words[1] === 0 ? 0 : 1;
const SMALLEST_NORMAL = 2 ** -1022;
const MANTISSA_MASK = 0xfffff;
/** Buckets per octave at each scale from the lowest on: a power costs more than all else here. */
const PER_OCTAVE = new Float64Array(MAX_SCALE - MIN_SCALE + 1);
for (let scale = MIN_SCALE; scale <= MAX_SCALE; scale++) PER_OCTAVE[scale - MIN_SCALE] = 2 ** scale;

/**
 * The buckets of an octave at TABLE_SCALE, found by the first bits of a mantissa. A slot is half as wide as the narrowest
 * bucket, so at most one bound lies in it. TABLE has how many buckets lie below that bound and, in its last BOUND_BITS bits,
 * the first 20 of the bound's mantissa, or what no mantissa reaches where there is none: in one number, as each array costs a
 * look at what it is. BOUND_LOW has the other 32, which matter once in a million.
 */
const TABLE_SCALE = 7;
const TABLE_BUCKETS = 2 ** TABLE_SCALE;
const SLOT_SHIFT = 20 - TABLE_SCALE - 1;
const BOUND_BITS = 21;
const BOUND_MASK = 2 ** BOUND_BITS - 1;
const TABLE = new Int32Array(2 * TABLE_BUCKETS);
const BOUND_LOW = new Uint32Array(2 * TABLE_BUCKETS);
for (let bucket = 0; bucket < TABLE_BUCKETS; bucket++) {
  bits[0] = 2 ** (bucket / TABLE_BUCKETS);
  const mantissa = words[UPPER]! & MANTISSA_MASK;
  const slot = mantissa >>> SLOT_SHIFT;
  TABLE[slot] = (bucket << BOUND_BITS) | mantissa;
  BOUND_LOW[slot] = words[1 - UPPER]!;
  TABLE.fill(((bucket + 1) << BOUND_BITS) | (MANTISSA_MASK + 1), slot + 1);
}

/** Bucket of `value` > 0 at `scale`: bounds belong to the bucket below them. Exact at powers of two, elsewhere as exact as
 *  a power is, or at high scales a logarithm. */
export function bucketIndex(value: number, scale: number): number {
  bits[0] = value < SMALLEST_NORMAL ? SMALLEST_NORMAL : value;
  const upper = words[UPPER]!;
  const exponent = ((upper >>> 20) & 0x7ff) - 1023;
  const mantissa = upper & MANTISSA_MASK;
  if (scale <= TABLE_SCALE) {
    const slot = mantissa >>> SLOT_SHIFT;
    const found = TABLE[slot]!;
    const bound = found & BOUND_MASK;
    // One more when the mantissa is above the bound: a difference below zero has its first bit set. No branch could be foreseen.
    const below = (found >> BOUND_BITS) + ((bound - mantissa) >>> 31) + (mantissa === bound ? aboveBound(slot) : 0);
    // Buckets of a lower scale are joined ones of this.
    return ((exponent << TABLE_SCALE) + below - 1) >> (TABLE_SCALE - scale);
  }
  return indexByLogarithm(exponent, mantissa, scale);
}

/** 1 when the value in `bits`, whose mantissa begins as the bound in `slot`, is above it; else 0. */
function aboveBound(slot: number): number {
  return words[1 - UPPER]! > BOUND_LOW[slot]! ? 1 : 0;
}

/** Of the value in `bits`. What is rare is in functions of their own: the optimiser takes in no more than so much. */
function indexByLogarithm(exponent: number, mantissa: number, scale: number): number {
  const power = mantissa === 0 && words[1 - UPPER] === 0;
  const perOctave = PER_OCTAVE[scale - MIN_SCALE]!;
  if (power) return exponent * perOctave - 1;
  const index = Math.ceil(Math.log2(bits[0]!) * perOctave) - 1;
  // A logarithm beside a power of two may round to it.
  const lowest = exponent * perOctave;
  if (index < lowest) return lowest;
  return index < lowest + perOctave ? index : lowest + perOctave - 1;
}

/** By how much the scale must go down for buckets `low` to `high` to be at most `size`. An index has 31 bits: a shift halves it,
 *  downwards. */
export function scaleChange(low: number, high: number, size: number): number {
  let change = 0;
  while ((high >> change) - (low >> change) >= size) change += 1;
  return change;
}

/** Records a finite `value` in the series at `at`, of `size` buckets per sign. False, and nothing is changed, when the sum
 *  would become infinite. */
export function recordExponential(cells: Float64Array, at: number, size: number, value: number): boolean {
  const sum = cells[at + SUM]! + value;
  // What is infinite or NaN is not zero when it is taken from itself.
  if (sum - sum !== 0) return false;
  cells[at + BEGUN]! += 1;
  if (value > 0) countPositive(cells, at, size, value);
  else countOther(cells, at, size, value);
  cells[at + SUM] = sum;
  if (value < cells[at + MIN]!) cells[at + MIN] = value;
  if (value > cells[at + MAX]!) cells[at + MAX] = value;
  cells[at + COUNT]! += 1;
  return true;
}

function countPositive(cells: Float64Array, at: number, size: number, value: number): void {
  // As integers, all of them: conversions wait for what is converted, and these wait for nothing.
  let index = bucketIndex(value, cells[at + SCALE]! | 0) | 0;
  if (index < (cells[at + LOW]! | 0) || index > (cells[at + HIGH]! | 0)) index = widen(cells, at, size, LOW, index);
  cells[at + EXPONENTIAL_BUCKETS + ringSlot(index, cells[at + BASE]! | 0, size)]! += 1;
}

function countOther(cells: Float64Array, at: number, size: number, value: number): void {
  if (value === 0) {
    cells[at + ZEROS]! += 1;
    return;
  }
  let index = bucketIndex(-value, cells[at + SCALE]!);
  if (index < cells[at + NEGATIVE_LOW]! || index > cells[at + NEGATIVE_HIGH]!)
    index = widen(cells, at, size, NEGATIVE_LOW, index);
  cells[at + EXPONENTIAL_BUCKETS + size + ringSlot(index, cells[at + NEGATIVE_BASE]!, size)]! += 1;
}

/** `side` is LOW or NEGATIVE_LOW: where low, high and base of that sign stand. Takes bucket `index` in, at a lower scale if there is no room for it; returns the index it then has. */
function widen(cells: Float64Array, at: number, size: number, side: number, index: number): number {
  if (cells[at + side]! > cells[at + side + 1]!) {
    cells[at + side] = index;
    cells[at + side + 1] = index;
    cells[at + side + 2] = index;
    return index;
  }
  const change = scaleChange(Math.min(cells[at + side]!, index), Math.max(cells[at + side + 1]!, index), size);
  if (change > 0) downscale(cells, at, size, change);
  // Not by a logarithm anew: it may round to the neighbour, for which there may be no room.
  const found = index >> change;
  if (found < cells[at + side]!) cells[at + side] = found;
  if (found > cells[at + side + 1]!) cells[at + side + 1] = found;
  return found;
}

/** Joins 2^change buckets each, of both signs. */
function downscale(cells: Float64Array, at: number, size: number, change: number): void {
  cells[at + SCALE]! -= change;
  join(cells, at, size, change, LOW);
  join(cells, at, size, change, NEGATIVE_LOW);
}

let held = new Float64Array(0);

function join(cells: Float64Array, at: number, size: number, change: number, side: number): void {
  const low = cells[at + side]!;
  const high = cells[at + side + 1]!;
  if (low > high) return;
  if (held.length < size) held = new Float64Array(size);
  const ring = at + EXPONENTIAL_BUCKETS + (side === LOW ? 0 : size);
  const base = cells[at + side + 2]!;
  for (let slot = 0; slot < size; slot++) {
    held[slot] = cells[ring + slot]!;
    cells[ring + slot] = 0;
  }
  const newLow = low >> change;
  for (let index = low; index <= high; index++) {
    cells[ring + (index >> change) - newLow]! += held[ringSlot(index, base, size)]!;
  }
  cells[at + side] = newLow;
  cells[at + side + 1] = high >> change;
  cells[at + side + 2] = newLow;
}
