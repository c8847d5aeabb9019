import { lastInside } from './edits.kernel.ts';
import { CONTENT, DATA, END, LENGTH, MARK_STRIDE, PARENT, START } from './marks.kernel.ts';
import { Walk } from './walk.ts';

/**
 * Some Resource groups of a walked request as a walk of their own: their bytes, their marks, nothing else. `groups` are
 * the marks of their frames, in order. Bytes and marks are copied, so that whoever edits the groups pays for them alone:
 * a request of many scopes is taken apart at the cost of reading it once. Groups that stand together are not copied.
 */
export function takeGroups(walk: Walk, groups: readonly number[]): Walk {
  const { marks: rows, markCount } = walk;
  let count = 0;
  let byteLength = 0;
  let items = 0;
  for (const group of groups) {
    const base = group * MARK_STRIDE;
    count += lastInside(rows, markCount, group) - group + 1;
    byteLength += rows[base + END]! - rows[base + START]!;
    items += rows[base + DATA]!;
  }
  const begin = rows[groups[0]! * MARK_STRIDE + START]!;
  const end = rows[groups.at(-1)! * MARK_STRIDE + END]!;
  const together = end - begin === byteLength;
  const bytes = together ? walk.bytes.subarray(begin, end) : walk.lease.bytes(byteLength);
  const marks = walk.lease.words(count * MARK_STRIDE);
  let row = 0;
  let at = 0;
  for (const group of groups) {
    const start = rows[group * MARK_STRIDE + START]!;
    const last = lastInside(rows, markCount, group);
    const stop = rows[group * MARK_STRIDE + END]!;
    if (!together) bytes.set(walk.bytes.subarray(start, stop), at);
    marks.set(rows.subarray(group * MARK_STRIDE, (last + 1) * MARK_STRIDE), row * MARK_STRIDE);
    shift(marks, row, row + last - group, at - start, row - group);
    row += last - group + 1;
    at += stop - start;
  }
  return new Walk(walk.signal, bytes, items, marks, walk.inspection, walk.lease);
}

/** Moves the rows from `first` to `last` by so many bytes and rows. */
function shift(marks: Int32Array, first: number, last: number, byBytes: number, byRows: number): void {
  for (let base = first * MARK_STRIDE; base <= last * MARK_STRIDE; base += MARK_STRIDE) {
    marks[base + START] = marks[base + START]! + byBytes;
    marks[base + END] = marks[base + END]! + byBytes;
    marks[base + LENGTH] = marks[base + LENGTH]! + byBytes;
    marks[base + CONTENT] = marks[base + CONTENT]! + byBytes;
    if (marks[base + PARENT]! >= 0) marks[base + PARENT] = marks[base + PARENT]! + byRows;
  }
}
