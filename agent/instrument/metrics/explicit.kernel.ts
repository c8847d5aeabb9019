import { COUNT, EXPLICIT_BUCKETS, MAX, MIN, SUM } from './layout.kernel.ts';

/** Recording into explicit buckets: the layout is that of layout.kernel.ts. A search of up to 32 bounds goes one by one,
 *  which predicts better than halving; nothing is allocated. */
const LINEAR_MAX = 32;

/** Position of the bucket that `value` belongs to: the first whose bound is not below it. */
export function explicitBucket(bounds: Float64Array, value: number): number {
  const { length } = bounds;
  if (length > LINEAR_MAX) return halved(bounds, value);
  let bucket = 0;
  while (bucket < length && value > bounds[bucket]!) bucket += 1;
  return bucket;
}

function halved(bounds: Float64Array, value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value > bounds[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Records a finite `value` in the series at `at`. False, and nothing is changed, when the sum would become infinite. */
export function recordExplicit(cells: Float64Array, at: number, bucket: number, value: number): boolean {
  const sum = cells[at + SUM]! + value;
  // What is infinite or NaN is not zero when it is taken from itself.
  if (sum - sum !== 0) return false;
  // The bucket first and the count last: what a reader in another thread relies on.
  cells[at + EXPLICIT_BUCKETS + bucket]! += 1;
  cells[at + SUM] = sum;
  if (value < cells[at + MIN]!) cells[at + MIN] = value;
  if (value > cells[at + MAX]!) cells[at + MAX] = value;
  cells[at + COUNT]! += 1;
  return true;
}
