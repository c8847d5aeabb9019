import { ACTION_NONE, ACTION_REPLACE, ACTION_STRIDE, GROWTH } from '../edits.kernel.ts';
import { CONTENT, END, KIND, LENGTH, MARK_FRAME, PARENT, START } from '../marks.kernel.ts';
import { column, count } from './marks.ts';
import { BODY } from './memory.ts';

/**
 * `applyEdits` of edits.kernel.ts on the request that was walked last, whose marks are still there: from where it lies
 * to `out`, by the actions and texts at the given places. Returns the end of what is written. Half the time, as a
 * run of bytes costs no two views.
 */
export function splice(bytes: i32, actions: usize, scratch: usize, out: usize): usize {
  let from = BODY;
  let to = out;
  for (let mark = 0; mark < count; mark++) {
    const act = actions + mark * (ACTION_STRIDE * 4);
    const action = load<i32>(act);
    if (action == ACTION_NONE) {
      const growth = load<i32>(act, GROWTH * 4);
      if (growth == 0 || column(mark, KIND) != MARK_FRAME) continue;
      to = copy(from, BODY + column(mark, LENGTH), to);
      to = writeVarint(to, column(mark, END) - column(mark, CONTENT) + growth);
      from = BODY + column(mark, CONTENT);
      continue;
    }
    to = copy(from, BODY + column(mark, START), to);
    from = BODY + column(mark, END);
    if (action == ACTION_REPLACE) {
      const text = scratch + load<i32>(act, 4);
      to = copy(text, text + load<i32>(act, 8), to);
    }
    // What is inside a mark that went stands behind it and has it as first ancestor.
    const gone = mark;
    while (mark + 1 < count && column(mark + 1, PARENT) >= gone) mark += 1;
  }
  return copy(from, BODY + bytes, to);
}

function copy(start: usize, end: usize, to: usize): usize {
  const length = end - start;
  memory.copy(to, start, length);
  return to + length;
}

/** As in varint.kernel.ts. */
function writeVarint(p: usize, value: u32): usize {
  while (value >= 0x80) {
    store<u8>(p++, <u8>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  store<u8>(p, <u8>value);
  return p + 1;
}
