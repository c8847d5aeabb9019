import { assert } from '../assert.ts';
import { derive, type ScopedBatch } from '../batch/scoped-batch.ts';
import type { Splices } from './splices.kernel.ts';

/** Memory that lives as long as what the batch carries, when the batch carries any. */
function memory(batch: ScopedBatch, length: number): Uint8Array {
  return batch.leases[0]?.bytes(length) ?? new Uint8Array(length);
}

/** All of a batch as one run of bytes. */
export function wholeBytes(batch: ScopedBatch): Uint8Array {
  const { segments } = batch;
  if (segments.length === 1) return segments[0]!;
  const whole = memory(batch, batch.byteLength);
  const end = batch.writeTo(whole, 0);
  return end === whole.length ? whole : whole.subarray(0, end);
}

/** The batch with the changes made: `bytes` is what `splices` were found in, `scratch` has their texts. */
export function rewritten(
  batch: ScopedBatch,
  bytes: Uint8Array,
  splices: Splices,
  scratch: Uint8Array,
  items: number,
): ScopedBatch {
  const length = splices.measure(bytes.length);
  const out = memory(batch, length);
  const written = splices.write(bytes, scratch, out);
  assert(written === length, `a rewrite wrote ${written} bytes of ${length}`);
  return derive(batch, { items, byteLength: length, segments: [out] });
}
