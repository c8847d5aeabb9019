import {
  BEGUN,
  COUNT,
  EXPONENTIAL_BUCKETS,
  LOW,
  MAX,
  MAX_SCALE,
  MIN,
  MIN_SCALE,
  NEGATIVE_LOW,
  ringSlot,
  SCALE,
  SUM,
  ZEROS,
} from './layout.kernel.ts';

/**
 * Recording into base-2 exponential buckets, as the specification's "Base2 Exponential Bucket Histogram Aggregation" says:
 * the layout is that of layout.kernel.ts. A measurement costs one logarithm; when the buckets in use would span more than
 * there are, pairs of them are joined and the scale goes down by one.
 */
const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);
/** Which half of a double holds its exponent. */
const UPPER = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
const SMALLEST_NORMAL = 2 ** -1022;
const MANTISSA_MASK = 0xfffff;
/** Buckets per octave at each scale from the lowest on: a power costs more than all else here. */
const PER_OCTAVE = new Float64Array(MAX_SCALE - MIN_SCALE + 1);
for (let scale = MIN_SCALE; scale <= MAX_SCALE; scale++) PER_OCTAVE[scale - MIN_SCALE] = 2 ** scale;

/** Bucket of `value` > 0 at `scale`: bounds belong to the bucket below them. Exact at powers of two, elsewhere as exact as
 *  a logarithm is. */
export function bucketIndex(value: number, scale: number): number {
  bits[0] = value < SMALLEST_NORMAL ? SMALLEST_NORMAL : value;
  const upper = words[UPPER]!;
  const exponent = ((upper >>> 20) & 0x7ff) - 1023;
  const power = (upper & MANTISSA_MASK) === 0 && words[1 - UPPER] === 0;
  if (scale <= 0) return (power ? exponent - 1 : exponent) >> -scale;
  const perOctave = PER_OCTAVE[scale - MIN_SCALE]!;
  if (power) return exponent * perOctave - 1;
  const index = Math.ceil(Math.log2(bits[0]!) * perOctave) - 1;
  // A logarithm beside a power of two may round to it.
  const lowest = exponent * perOctave;
  if (index < lowest) return lowest;
  return index < lowest + perOctave ? index : lowest + perOctave - 1;
}

/** By how much the scale must go down for buckets `low` to `high` to be at most `size`. */
export function scaleChange(low: number, high: number, size: number): number {
  let change = 0;
  while (Math.floor(high / 2 ** change) - Math.floor(low / 2 ** change) >= size) change += 1;
  return change;
}

/** Records a finite `value` in the series at `at`, of `size` buckets per sign. False, and nothing is changed, when the sum
 *  would become infinite. */
export function recordExponential(cells: Float64Array, at: number, size: number, value: number): boolean {
  const sum = cells[at + SUM]! + value;
  // What is infinite or NaN is not zero when it is taken from itself.
  if (sum - sum !== 0) return false;
  cells[at + BEGUN]! += 1;
  if (value > 0) count(cells, at, size, value, LOW);
  else if (value < 0) count(cells, at, size, -value, NEGATIVE_LOW);
  else cells[at + ZEROS]! += 1;
  cells[at + SUM] = sum;
  if (value < cells[at + MIN]!) cells[at + MIN] = value;
  if (value > cells[at + MAX]!) cells[at + MAX] = value;
  cells[at + COUNT]! += 1;
  return true;
}

/** `side` is LOW or NEGATIVE_LOW: where low, high and base of that sign stand. */
function count(cells: Float64Array, at: number, size: number, magnitude: number, side: number): void {
  let index = bucketIndex(magnitude, cells[at + SCALE]!);
  const low = cells[at + side]!;
  const high = cells[at + side + 1]!;
  if (!(index >= low && index <= high)) index = widen(cells, at, size, side, index);
  const ring = at + EXPONENTIAL_BUCKETS + (side === LOW ? 0 : size);
  cells[ring + ringSlot(index, cells[at + side + 2]!, size)]! += 1;
}

/** Takes bucket `index` in, at a lower scale if there is no room for it; returns the index it then has. */
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
  const found = Math.floor(index / 2 ** change);
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
  const divisor = 2 ** change;
  const newLow = Math.floor(low / divisor);
  for (let index = low; index <= high; index++) {
    cells[ring + Math.floor(index / divisor) - newLow]! += held[ringSlot(index, base, size)]!;
  }
  cells[at + side] = newLow;
  cells[at + side + 1] = Math.floor(high / divisor);
  cells[at + side + 2] = newLow;
}
