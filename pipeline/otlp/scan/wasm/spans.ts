import {
  RECORD_SPAN_ID,
  RECORD_TIME,
  SPAN_ATTRIBUTES,
  SPAN_DURATION,
  SPAN_EVENTS,
  SPAN_FLAGS,
  SPAN_KIND,
  SPAN_LINKS,
  SPAN_NAME,
  SPAN_ORIGIN,
  SPAN_PARENT,
  SPAN_STATUS_CODE,
  SPAN_STATUS_MESSAGE,
  SPAN_TRACE_STATE,
  SPANS,
} from '../../scan-cells.ts';
import { setOf } from './attribute-sets.ts';
import { keepSpanId, keepTraceId } from './logs.ts';
import { keepMessages } from './messages.ts';
import { attributesEntry, origin, textOf } from './origin.ts';
import { EVENT, LINK } from './strict.ts';
import { Table, tableOf } from './tables.ts';
import { broken, full, repeated } from './verdict.ts';
import { at, key, skip, varint32 } from './wire.ts';

/** Spans into columns. */
const ATTRIBUTE: i32 = 74;
const EVENT_FIELD: i32 = 90;
const LINK_FIELD: i32 = 106;
/** Keys from here on are unknown. */
const UNKNOWN: i32 = 136;

let nameStart: usize = 0;
let nameEnd: usize = 0;
let traceStateStart: usize = 0;
let traceStateEnd: usize = 0;
let messageStart: usize = 0;
let messageEnd: usize = 0;

/** The Span in [start, end). */
export function span(start: usize, end: usize): bool {
  const table = tableOf(SPANS);
  if (!table.reserve()) return full();
  table.clearRow();
  nameStart = nameEnd = traceStateStart = traceStateEnd = messageStart = messageEnd = start;
  let begun: u64 = 0;
  let ended: u64 = 0;
  let seen = 0;
  let runStart: usize = 0;
  let runEnd: usize = 0;
  let scattered = false;
  let events = false;
  let links = false;
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
    if (tag == EVENT_FIELD) events = true;
    else if (tag == LINK_FIELD) links = true;
    if (tag == EVENT_FIELD || tag == LINK_FIELD || tag >= UNKNOWN) continue;
    const bit = 1 << (tag >>> 3);
    if ((seen & bit) != 0) return repeated();
    seen |= bit;
    if (tag == 57) begun = load<u64>(content);
    else if (tag == 65) ended = load<u64>(content);
    else if (!part(table, tag, content, p)) return false;
  }
  table.set64(RECORD_TIME, begun);
  table.set64(SPAN_DURATION, ended < begun ? 0 : ended - begun);
  if (!keepMessages(EVENT, table, SPAN_EVENTS, EVENT_FIELD, events, start, end)) return false;
  if (!keepMessages(LINK, table, SPAN_LINKS, LINK_FIELD, links, start, end)) return false;
  const entry = attributesEntry(ATTRIBUTE, start, end, runStart, runEnd, scattered);
  if (entry < 0) return false;
  table.set32(SPAN_ATTRIBUTES, setOf(entry));
  table.set32(SPAN_ORIGIN, origin);
  table.set32(SPAN_NAME, textOf(nameStart, nameEnd));
  table.set32(SPAN_TRACE_STATE, textOf(traceStateStart, traceStateEnd));
  table.set32(SPAN_STATUS_MESSAGE, textOf(messageStart, messageEnd));
  table.rows += 1;
  return true;
}

/** 1 trace_id, 2 span_id, 3 trace_state, 4 parent_span_id, 5 name, 6 kind, 15 status, 16 flags; 10, 12, 14 counts */
function part(table: Table, tag: i32, content: usize, end: usize): bool {
  switch (tag) {
    case 10:
      return keepTraceId(table, at, end);
    case 18:
      return keepSpanId(table, RECORD_SPAN_ID, at, end);
    case 26:
      traceStateStart = at;
      traceStateEnd = end;
      return true;
    case 34:
      return keepSpanId(table, SPAN_PARENT, at, end);
    case 42:
      nameStart = at;
      nameEnd = end;
      return true;
    case 48: {
      const kind = varint32(content, end);
      table.set8(SPAN_KIND, kind < 0 || kind > 255 ? 0 : kind);
      return true;
    }
    case 80:
    case 96:
    case 112:
      return true;
    case 122:
      return status(table, at, end);
    case 133:
      table.set32(SPAN_FLAGS, load<u32>(content));
      return true;
    default:
      return broken();
  }
}

/** Status { string message = 2; enum code = 3 } */
function status(table: Table, start: usize, end: usize): bool {
  let seen = 0;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return broken();
    const content = at;
    p = skip(tag, content, end);
    if (p == 0) return broken();
    if (tag < 16 || tag >= 32) continue;
    if (tag != 18 && tag != 24) return broken();
    const bit = tag == 18 ? 1 : 2;
    if ((seen & bit) != 0) return repeated();
    seen |= bit;
    if (tag == 18) {
      messageStart = at;
      messageEnd = p;
    } else {
      const code = varint32(content, end);
      table.set8(SPAN_STATUS_CODE, code < 0 || code > 255 ? 0 : code);
    }
  }
  return true;
}
