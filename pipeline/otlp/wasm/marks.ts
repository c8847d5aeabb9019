import { CONTENT, DATA, END, KIND, LENGTH, MARK_STRIDE, PARENT, START, TYPE } from '../marks.kernel.ts';
import { BODY } from './memory.ts';

/** Rows as in marks.kernel.ts, behind the request; positions in them count from its first byte. */
export let rows: usize = 0;
export let count: i32 = 0;
/** There were more than it may have: the walk's result is void. */
export let full: bool = false;
let marksMost: i32 = 0;
/** Rows that the memory has room for. */
let room: i32 = 0;

const ROW_BYTES = MARK_STRIDE * 4;

/** For a request of so many bytes, which may leave so many marks. */
export function beginMarks(bytes: usize, marksMax: i32): void {
  // The last check of a text reads up to 16 bytes past the request.
  rows = (BODY + bytes + 31) & ~15;
  count = 0;
  full = false;
  marksMost = marksMax;
  room = <i32>(((<usize>memory.size() << 16) - rows) / ROW_BYTES);
}

/** Returns the new row. */
export function push(
  kind: i32,
  start: usize,
  end: usize,
  parent: i32,
  length: usize,
  content: usize,
  data: i32,
  type: i32,
): i32 {
  if (count >= room && !grow()) {
    full = true;
    return count - 1;
  }
  const row = rows + count * ROW_BYTES;
  store<i32>(row, kind, KIND * 4);
  store<i32>(row, <i32>(start - BODY), START * 4);
  store<i32>(row, <i32>(end - BODY), END * 4);
  store<i32>(row, parent, PARENT * 4);
  store<i32>(row, <i32>(length - BODY), LENGTH * 4);
  store<i32>(row, <i32>(content - BODY), CONTENT * 4);
  store<i32>(row, data, DATA * 4);
  store<i32>(row, type, TYPE * 4);
  return count++;
}

/** Room for half as many rows again and more, as far as the request may have them. */
function grow(): bool {
  if (count >= marksMost) return false;
  const pages = memory.size();
  if (memory.grow(max(1, pages >> 1)) < 0) return false;
  room = <i32>(((<usize>memory.size() << 16) - rows) / ROW_BYTES);
  return true;
}

@inline
export function column(row: i32, name: i32): i32 {
  return load<i32>(rows + row * ROW_BYTES + (name << 2));
}

@inline
export function setColumn(row: i32, name: i32, value: i32): void {
  store<i32>(rows + row * ROW_BYTES + (name << 2), value);
}
