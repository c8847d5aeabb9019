import {
  LOG_ATTRIBUTES,
  LOG_BODY,
  LOG_BODY_IS_TEXT,
  LOG_EVENT_NAME,
  LOG_FLAGS,
  LOG_ORIGIN,
  LOG_SEVERITY_NUMBER,
  LOG_SEVERITY_TEXT,
  LOGS,
  RECORD_SPAN_ID,
  RECORD_TIME,
  RECORD_TRACE_ID,
} from '../../scan-cells.ts';
import { setOf } from './attribute-sets.ts';
import { attributesEntry, origin, textOf } from './origin.ts';
import { state } from './state.ts';
import { checkAnyValue } from './strict.ts';
import { Table, tableOf } from './tables.ts';
import { broken, found, full, repeated } from './verdict.ts';
import { at, key, sized, skip, varint32 } from './wire.ts';

/** Log records into columns. */
const ATTRIBUTE: i32 = 50;

let severityStart: usize = 0;
let severityEnd: usize = 0;
let eventStart: usize = 0;
let eventEnd: usize = 0;

/** The LogRecord in [start, end). */
export function logRecord(start: usize, end: usize): bool {
  const table = tableOf(LOGS);
  if (!table.reserve()) return full();
  table.clearRow();
  table.setRange(LOG_BODY, table.heapLength);
  severityStart = severityEnd = eventStart = eventEnd = start;
  let time: u64 = 0;
  let observed: u64 = 0;
  let seen = 0;
  let runStart: usize = 0;
  let runEnd: usize = 0;
  let scattered = false;
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
    const field = tag >>> 3;
    if (field > 12 || field == 4) continue;
    if ((seen & (1 << field)) != 0) return repeated();
    seen |= 1 << field;
    if (tag == 9) time = load<u64>(content);
    else if (tag == 89) observed = load<u64>(content);
    else if (!part(table, tag, content, p)) return false;
  }
  table.set64(RECORD_TIME, time != 0 ? time : observed);
  const entry = attributesEntry(ATTRIBUTE, start, end, runStart, runEnd, scattered);
  if (entry < 0) return false;
  table.set32(LOG_ATTRIBUTES, setOf(entry));
  table.set32(LOG_ORIGIN, origin);
  table.set32(LOG_SEVERITY_TEXT, textOf(severityStart, severityEnd));
  table.set32(LOG_EVENT_NAME, textOf(eventStart, eventEnd));
  table.rows += 1;
  return true;
}

/** 2 severity_number, 3 severity_text, 5 body, 7 dropped_attributes_count, 8 flags, 9 trace_id, 10 span_id, 12 event_name */
function part(table: Table, tag: i32, content: usize, end: usize): bool {
  switch (tag) {
    case 16: {
      const severity = varint32(content, end);
      table.set8(LOG_SEVERITY_NUMBER, severity < 0 || severity > 255 ? 0 : severity);
      return true;
    }
    case 26:
      severityStart = at;
      severityEnd = end;
      return true;
    case 42:
      return body(table, at, end);
    case 56:
      return true;
    case 69:
      table.set32(LOG_FLAGS, load<u32>(content));
      return true;
    case 74:
      return keepTraceId(table, at, end);
    case 82:
      return keepSpanId(table, RECORD_SPAN_ID, at, end);
    case 98:
      eventStart = at;
      eventEnd = end;
      return true;
    default:
      return broken();
  }
}

function body(table: Table, start: usize, end: usize): bool {
  if (!found(checkAnyValue(start, end, state.depthMax))) return false;
  let from = start;
  // Text alone, in the layout that every encoder writes: its bytes are the body.
  if (start < end && load<u8>(start) == 10 && sized(start + 1, end) == end) {
    table.set8(LOG_BODY_IS_TEXT, 1);
    from = at;
  }
  const heapAt = table.heapLength;
  table.keep(from, end);
  table.setRange(LOG_BODY, heapAt);
  return true;
}

/** An id of 16 bytes; none has no bytes. */
export function keepTraceId(table: Table, start: usize, end: usize): bool {
  if (start == end) return true;
  if (end - start != 16) return broken();
  v128.store(table.cell(RECORD_TRACE_ID, 16), v128.load(start));
  return true;
}

/** One of 8 bytes. */
export function keepSpanId(table: Table, column: usize, start: usize, end: usize): bool {
  if (start == end) return true;
  if (end - start != 8) return broken();
  table.set64(column, load<u64>(start));
  return true;
}
