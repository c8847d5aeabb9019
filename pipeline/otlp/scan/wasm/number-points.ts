import { POINT_EXEMPLARS, POINT_FLAGS, POINT_SERIES, POINT_START, POINT_TIME, POINT_VALUE } from '../../scan-cells.ts';
import { keepExemplars } from './messages.ts';
import { guess, isRunOf, seen, seriesOf } from './series.ts';
import { Table } from './tables.ts';
import { broken, full, repeated } from './verdict.ts';
import { at, key, sized, skip, varint32 } from './wire.ts';

/** Data points of gauges and sums. */
const DATA_POINT: i32 = 10;
/** Keys of NumberDataPoint. */
const START_TIME: i32 = 17;
const TIME: i32 = 25;
const AS_DOUBLE: i32 = 33;
const AS_INT: i32 = 49;
const EXEMPLAR: i32 = 42;
const ATTRIBUTE: i32 = 58;
const FLAGS: i32 = 64;
/** A key of one byte and eight of a fixed64 or double. */
const FIXED_FIELD: usize = 9;

/** The points among the fields in [start, end), which can all be stepped over. */
export function numberPoints(table: Table, start: usize, end: usize): bool {
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag != DATA_POINT) {
      p = skip(tag, at, end);
      continue;
    }
    p = sized(at, end);
    if (!table.reserve()) return full();
    if (!usual(table, at, p) && !point(table, at, p)) return false;
  }
  return true;
}

/**
 * The usual point: times, value and attributes in the order of their fields' numbers and nothing else, of the series that
 * is expected. False when it is not that, and nothing is done.
 */
@inline
function usual(table: Table, start: usize, end: usize): bool {
  // Reading past the point is reading in memory; what was read there is not used.
  const hasStart = load<u8>(start) == START_TIME;
  const timeAt = hasStart ? start + FIXED_FIELD : start;
  const valueAt = timeAt + FIXED_FIELD;
  const runStart = valueAt + FIXED_FIELD;
  if (runStart > end || load<u8>(timeAt) != TIME) return false;
  const kind = <i32>load<u8>(valueAt);
  if (kind != AS_DOUBLE && kind != AS_INT) return false;
  const index = guess();
  if (index < 0 || !isRunOf(index, runStart, end)) return false;
  table.set64(POINT_TIME, load<u64>(timeAt, 1));
  table.set64(POINT_START, hasStart ? load<u64>(start, 1) : 0);
  const value = kind == AS_DOUBLE ? load<f64>(valueAt, 1) : <f64>load<i64>(valueAt, 1);
  store<f64>(table.cell(POINT_VALUE, 8), value);
  table.set32(POINT_FLAGS, 0);
  table.setRange(POINT_EXEMPLARS, table.heapLength);
  table.set32(POINT_SERIES, index);
  table.rows += 1;
  seen(index);
  return true;
}

function point(table: Table, start: usize, end: usize): bool {
  table.clearRow();
  let value: f64 = 0;
  let once = 0;
  let runStart: usize = 0;
  let runEnd: usize = 0;
  let scattered = false;
  let exemplars = false;
  for (let p = start; p < end; ) {
    const fieldStart = p;
    const tag = key(p, end);
    if (tag == 0) return broken();
    const content = at;
    p = skip(tag, content, end);
    if (p == 0) return broken();
    if (tag == ATTRIBUTE) {
      if (runEnd == 0) runStart = fieldStart;
      else if (fieldStart != runEnd) scattered = true;
      runEnd = p;
      continue;
    }
    if (tag == EXEMPLAR) {
      exemplars = true;
      continue;
    }
    if (tag == START_TIME) table.set64(POINT_START, load<u64>(content));
    else if (tag == TIME) table.set64(POINT_TIME, load<u64>(content));
    else if (tag == AS_DOUBLE) value = load<f64>(content);
    else if (tag == AS_INT) value = <f64>load<i64>(content);
    else if (tag == FLAGS) table.set32(POINT_FLAGS, varint32(content, end));
    else {
      if (tag >>> 3 >= 2 && tag >>> 3 <= 8) return broken();
      continue;
    }
    // as_double and as_int are members of one oneof.
    const bit = 1 << (tag == AS_INT ? 4 : tag >>> 3);
    if ((once & bit) != 0) return repeated();
    once |= bit;
  }
  store<f64>(table.cell(POINT_VALUE, 8), value);
  const index = seriesOf(ATTRIBUTE, start, end, runStart, runEnd, scattered);
  if (index < 0) return false;
  table.set32(POINT_SERIES, index);
  if (!keepExemplars(table, POINT_EXEMPLARS, EXEMPLAR, exemplars, start, end)) return false;
  table.rows += 1;
  return true;
}
