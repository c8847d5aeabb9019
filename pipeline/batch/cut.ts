import { LIMITS } from '../limits.ts';
import { splitContent } from '../otlp/split.ts';
import { split, type Content, type ScopedBatch } from './scoped-batch.ts';

/** What the size of a batch is measured in. */
export type BatchSizer = 'items' | 'bytes';

export function sizeOf(batch: { readonly items: number; readonly byteLength: number }, sizer: BatchSizer): number {
  return sizer === 'items' ? batch.items : batch.byteLength;
}

/**
 * The batches, in order, in groups of `max` in units of `sizer`, the last one of less. Only a batch that reaches over an
 * end is split, so that what is held later holds the receipts and the memory of no request but those it has items of.
 * In bytes a group is rarely full to the last byte, and larger than `max` in two cases: one item that is, and a batch
 * whose headers (its resources and instrumentation scopes, which every part repeats) outweigh its items.
 */
export function cut(batches: readonly ScopedBatch[], max: number, sizer: BatchSizer): ScopedBatch[][] {
  const groups: ScopedBatch[][] = [];
  let group: ScopedBatch[] = [];
  let room = max;
  const close = (): void => {
    if (group.length > 0) groups.push(group);
    group = [];
    room = max;
  };
  const add = (batch: ScopedBatch): void => {
    if (sizeOf(batch, sizer) > room) close();
    group.push(batch);
    room -= sizeOf(batch, sizer);
    if (room <= 0) close();
  };
  for (const batch of batches) {
    if (sizeOf(batch, sizer) <= room) add(batch);
    else for (const piece of piecesOf(batch, max, room, sizer)) add(piece);
  }
  close();
  return groups;
}

/** A batch in pieces of at most `max`, the first of at most `room` where an item fits into that. */
function piecesOf(batch: ScopedBatch, max: number, room: number, sizer: BatchSizer): readonly ScopedBatch[] {
  const { signal, segments } = batch;
  const contents = sizer === 'items' ? splitContent(signal, segments, max, room) : cutBytes(batch, max, room);
  return contents === undefined || contents.length < 2 ? [batch] : split(batch, contents);
}

/** By the average size of an item, and what is too large after that once more. Undefined when it would come to several
 *  times the bytes. */
function cutBytes({ signal, items, byteLength, segments }: ScopedBatch, max: number, room: number): Content[] | undefined {
  const done: Content[] = [];
  const left: Content[] = [{ items, byteLength, segments }];
  let total = byteLength;
  let first = room;
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.byteLength <= first || next.items < 2) {
      done.push(next);
      first = max;
      continue;
    }
    const perByte = next.items / next.byteLength;
    if (first < max && first * perByte < 1) {
      // Nothing of it fits behind what is there.
      first = max;
      left.push(next);
      continue;
    }
    const most = Math.min(next.items - 1, Math.max(1, Math.floor(max * perByte)));
    const parts = splitContent(signal, next.segments, most, Math.min(most, Math.max(1, Math.floor(first * perByte))));
    total -= next.byteLength;
    for (const part of parts) total += part.byteLength;
    if (total > LIMITS.cutGrowth * byteLength) return undefined;
    left.push(...parts.toReversed());
  }
  return done;
}
