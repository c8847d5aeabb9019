import { state } from './state.ts';
import { checkMessage, EXEMPLAR } from './strict.ts';
import { Table } from './tables.ts';
import { found } from './verdict.ts';
import { at, key, skip } from './wire.ts';

/** Keeps the fields with the key `wanted` in [start, end), which are messages of a kind of strict.ts, as fields of number 1. */
export function keepMessages(
  message: i32,
  table: Table,
  column: usize,
  wanted: i32,
  any: bool,
  start: usize,
  end: usize,
): bool {
  const from = table.heapLength;
  if (any) {
    for (let p = start; p < end; ) {
      const tag = key(p, end);
      const lengthAt = at;
      p = skip(tag, lengthAt, end);
      if (tag != wanted) continue;
      if (!found(checkMessage(message, at, p, state.depthMax))) return false;
      store<u8>(table.more(1), 10);
      table.heapLength += 1;
      table.keep(lengthAt, p);
    }
  }
  table.setRange(column, from);
  return true;
}

export function keepExemplars(table: Table, column: usize, wanted: i32, any: bool, start: usize, end: usize): bool {
  return keepMessages(EXEMPLAR, table, column, wanted, any, start, end);
}
