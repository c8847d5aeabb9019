import { restate, split, type ScopedBatch } from './batch/scoped-batch.ts';
import { splitContent } from './otlp/split.ts';

/**
 * The two halves of a batch that a destination refused for good, so that one item which it cannot take costs half of
 * the batch and not all. Undefined when there is nothing to halve. `holds`: the batch's receipts are this branch's to
 * release; else the halves have none.
 */
export function halve(batch: ScopedBatch, holds: boolean): readonly ScopedBatch[] | undefined {
  if (batch.items < 2) return undefined;
  const parts = splitContent(batch.signal, batch.segments, Math.ceil(batch.items / 2));
  if (parts.length !== 2 || parts[0]!.items + parts[1]!.items !== batch.items) return undefined;
  if (holds) return split(batch, parts);
  for (const lease of batch.leases) lease.retain();
  return parts.map((content) => restate(batch, content, [], batch.leases));
}
