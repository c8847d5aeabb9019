/**
 * Where the numbers of a series stand in its page, in 64-bit floats from its offset. Written by the application's thread,
 * read by another.
 *
 * A sum is one float. It starts as -0, which no addition gives, so that a series without a measurement can be told from one
 * that is zero. A gauge is one float, NaN before its first measurement and when its callback observed nothing.
 *
 * Histograms take several stores per measurement, and a reader must see all of one or nothing. They are plain stores, because
 * atomic ones cost two to three times the whole measurement; the order they need is what x64 gives anyway.
 *
 * Explicit: the bucket counts up first, COUNT last. A reader who reads COUNT first, the buckets last, and finds that they add
 * up to it has seen one state: more is in the buckets as soon as a measurement has begun. Exponential: buckets move when the
 * scale goes down, so BEGUN counts up before the first store, and must be COUNT as well when it is read after all else. Where
 * the hardware may reorder stores, the sum alone may lag by the measurement that is being made.
 */
export const BEGUN = 0;
export const COUNT = 1;
export const SUM = 2;
export const MIN = 3;
export const MAX = 4;

/** Explicit histogram: a bucket more than there are bounds follows. */
export const EXPLICIT_BUCKETS = 5;

/** Exponential histogram: bucket i holds what is in (base^i, base^(i+1)], base = 2^(2^-SCALE). */
export const ZEROS = 5;
export const SCALE = 6;
/** Per sign: lowest and highest bucket that holds something, lowest > highest for none; and the one of slot 0. */
export const LOW = 7;
export const HIGH = 8;
export const BASE = 9;
export const NEGATIVE_LOW = 10;
export const NEGATIVE_HIGH = 11;
export const NEGATIVE_BASE = 12;
/** Rings of `bucketsMax` slots: of the positive ones, then, where numbers may be below zero, of the negative ones. */
export const EXPONENTIAL_BUCKETS = 13;

export const MAX_SCALE = 20;
export const MIN_SCALE = -10;

/** Slot of bucket `index` in a ring of `size` slots; the buckets in use span less than `size` around `base`. */
export function ringSlot(index: number, base: number, size: number): number {
  const slot = index - base;
  return slot < 0 ? slot + size : slot;
}

/** A series without measurements. */
export function clearExplicit(cells: Float64Array, at: number, buckets: number): void {
  cells.fill(0, at, at + EXPLICIT_BUCKETS + buckets);
  cells[at + MIN] = Infinity;
  cells[at + MAX] = -Infinity;
}

export function clearExponential(cells: Float64Array, at: number, size: number, signed: boolean): void {
  cells.fill(0, at, at + exponentialFloats(size, signed));
  cells[at + MIN] = Infinity;
  cells[at + MAX] = -Infinity;
  cells[at + SCALE] = MAX_SCALE;
  cells[at + HIGH] = -1;
  cells[at + NEGATIVE_HIGH] = -1;
}

export function exponentialFloats(size: number, signed: boolean): number {
  return EXPONENTIAL_BUCKETS + (signed ? 2 * size : size);
}
