import { Table } from './tables.ts';
import { broken, repeated } from './verdict.ts';
import { at, key, skip, varint32, varint64, zigzag } from './wire.ts';
import { skipVarint } from '../../wasm/varint.ts';

/** Lists of numbers in the points of distributions, kept as 8 bytes a number. */

/** Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2 } in [start, end). */
export function keepBuckets(table: Table, counts: usize, offset: usize, start: usize, end: usize): bool {
  const from = table.heapLength;
  let seen = false;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return broken();
    const content = at;
    p = skip(tag, content, end);
    if (p == 0) return broken();
    if (tag == 8) {
      if (seen) return repeated();
      seen = true;
      table.set32(offset, zigzag(varint32(content, end)));
    } else if (tag == 16) keepCount(table, content, end);
    else if (tag == 18) {
      for (let q = at; q < p; ) {
        const next = skipVarint(q, p);
        if (next == 0) return broken();
        keepCount(table, q, p);
        q = next;
      }
    } else if (tag < 24) return broken();
  }
  table.setRange(counts, from);
  return true;
}

function keepCount(table: Table, start: usize, end: usize): void {
  store<u64>(table.more(8), varint64(start, end));
  table.heapLength += 8;
}

/** Keeps a repeated 64-bit field, packed or not. */
export function keepFixed(table: Table, column: usize, field: i32, any: bool, start: usize, end: usize): bool {
  const from = table.heapLength;
  if (any) {
    for (let p = start; p < end; ) {
      const tag = key(p, end);
      const content = at;
      p = skip(tag, content, end);
      if (tag >>> 3 != field) continue;
      if ((tag & 7) == 1) table.keep(content, p);
      else {
        if (((p - at) & 7) != 0) return broken();
        table.keep(at, p);
      }
    }
  }
  table.setRange(column, from);
  return true;
}

/** ValueAtQuantile { double quantile = 1; double value = 2 } */
export function keepQuantile(table: Table, start: usize, end: usize): bool {
  const to = table.more(16);
  memory.fill(to, 0, 16);
  let seen = 0;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return broken();
    const content = at;
    p = skip(tag, content, end);
    if (p == 0) return broken();
    if (tag >= 24) continue;
    if (tag != 9 && tag != 17) return broken();
    const bit = 1 << (tag >>> 3);
    if ((seen & bit) != 0) return repeated();
    seen |= bit;
    store<u64>(to + (tag == 9 ? 0 : 8), load<u64>(content));
  }
  table.heapLength += 16;
  return true;
}
