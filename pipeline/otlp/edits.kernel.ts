import { CONTENT, END, KIND, LENGTH, MARK_FRAME, MARK_STRIDE, PARENT, START } from './marks.kernel.ts';
import { varintLength, writeVarint } from './varint.kernel.ts';

/**
 * Splices: request bytes + marks + an action per mark -> request bytes. Two passes over the marks, one copy of the
 * bytes; nothing else of the request is looked at. Four int32 an action: what is done, place in the scratch, length
 * there, and how much the content of a frame grows, which `editedLength` finds out.
 */
export const ACTION_STRIDE = 4;
export const GROWTH = 3;
export const ACTION_NONE = 0;
export const ACTION_CUT = 1;
export const ACTION_REPLACE = 2;

/**
 * Length of the result; fills in the growths. Backwards, so that a frame's sum is complete when it is reached, for the
 * marks inside it stand behind it.
 */
export function editedLength(length: number, rows: Int32Array, count: number, actions: Int32Array): number {
  let total = length;
  for (let mark = 0; mark < count; mark++) actions[mark * ACTION_STRIDE + GROWTH] = 0;
  for (let mark = count - 1; mark >= 0; mark--) {
    const base = mark * MARK_STRIDE;
    const act = mark * ACTION_STRIDE;
    const action = actions[act]!;
    const growth = actions[act + GROWTH]!;
    const size = rows[base + END]! - rows[base + START]!;
    let delta = 0;
    if (action === ACTION_CUT) delta = -size;
    else if (action === ACTION_REPLACE) delta = actions[act + 2]! - size;
    else if (growth !== 0 && rows[base + KIND] === MARK_FRAME) {
      const content = rows[base + END]! - rows[base + CONTENT]!;
      delta = growth + varintLength(content + growth) - (rows[base + CONTENT]! - rows[base + LENGTH]!);
    }
    if (delta === 0) continue;
    const parent = rows[base + PARENT]!;
    if (parent < 0) total += delta;
    else actions[parent * ACTION_STRIDE + GROWTH] = actions[parent * ACTION_STRIDE + GROWTH]! + delta;
  }
  return total;
}

/** Writes the result into `out` from `at` on; returns where it ends. Growths as `editedLength` left them. */
export function applyEdits(
  bytes: Uint8Array,
  rows: Int32Array,
  count: number,
  actions: Int32Array,
  scratch: Uint8Array,
  out: Uint8Array,
  at: number,
): number {
  let from = 0;
  let to = at;
  for (let mark = 0; mark < count; mark++) {
    const base = mark * MARK_STRIDE;
    const start = rows[base + START]!;
    const act = mark * ACTION_STRIDE;
    const action = actions[act]!;
    if (action === ACTION_NONE) {
      const growth = actions[act + GROWTH]!;
      if (growth === 0 || rows[base + KIND] !== MARK_FRAME) continue;
      const length = rows[base + LENGTH]!;
      const content = rows[base + CONTENT]!;
      to = copy(bytes, from, length, out, to);
      to = writeVarint(out, to, rows[base + END]! - content + growth);
      from = content;
      continue;
    }
    to = copy(bytes, from, start, out, to);
    from = rows[base + END]!;
    if (action === ACTION_REPLACE) {
      const place = actions[act + 1]!;
      to = copy(scratch, place, place + actions[act + 2]!, out, to);
    }
    mark = lastInside(rows, count, mark);
  }
  return copy(bytes, from, bytes.length, out, to);
}

/** int32 per copy: first byte of the request, the byte behind the last, place in the result. */
export const COPY_STRIDE = 3;

/**
 * What `applyEdits` copies, as rows of COPY_STRIDE in `out`, which has room for one a mark and one more; returns how
 * many. Growths as `editedLength` left them.
 */
export function editedCopies(length: number, rows: Int32Array, count: number, actions: Int32Array, out: Int32Array): number {
  let from = 0;
  let to = 0;
  let row = 0;
  for (let mark = 0; mark < count; mark++) {
    const base = mark * MARK_STRIDE;
    const act = mark * ACTION_STRIDE;
    const action = actions[act]!;
    let end = rows[base + START]!;
    let next = rows[base + END]!;
    let put = 0;
    if (action === ACTION_NONE) {
      const growth = actions[act + GROWTH]!;
      if (growth === 0 || rows[base + KIND] !== MARK_FRAME) continue;
      put = varintLength(next - rows[base + CONTENT]! + growth);
      end = rows[base + LENGTH]!;
      next = rows[base + CONTENT]!;
    } else {
      if (action === ACTION_REPLACE) put = actions[act + 2]!;
      mark = lastInside(rows, count, mark);
    }
    if (end > from) row = writeCopy(out, row, from, end, to);
    to += end - from + put;
    from = next;
  }
  return length > from ? writeCopy(out, row, from, length, to) : row;
}

function writeCopy(out: Int32Array, row: number, from: number, end: number, to: number): number {
  out[row * COPY_STRIDE] = from;
  out[row * COPY_STRIDE + 1] = end;
  out[row * COPY_STRIDE + 2] = to;
  return row + 1;
}

/** The last mark inside the frame `mark`, or itself: what is inside stands behind it and has it as first ancestor. */
export function lastInside(rows: Int32Array, count: number, mark: number): number {
  let last = mark;
  while (last + 1 < count && rows[(last + 1) * MARK_STRIDE + PARENT]! >= mark) last += 1;
  return last;
}

/** A call into the engine's memmove costs about 60 ns: short runs are cheaper by hand. */
function copy(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  const length = end - start;
  if (length > 48) out.set(bytes.subarray(start, end), to);
  else for (let i = 0; i < length; i++) out[to + i] = bytes[start + i]!;
  return to + length;
}
