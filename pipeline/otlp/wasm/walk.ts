import {
  ACTION_ATTRIBUTE,
  ACTION_BYTES,
  ACTION_ID16,
  ACTION_ID8,
  ACTION_MESSAGE,
  ACTION_PACKED8,
  ACTION_PACKED_VARINT,
  ACTION_SCALAR,
  ACTION_STEP,
  ACTION_TEXT,
  ACTION_UNKNOWN,
  ACTION_VALUE,
  CELLS_PER_TYPE,
  REMOVED_BIT,
  REMOVED_TAG,
  ROLE_GROUP,
  ROLE_ITEM,
  ROLE_RESOURCE,
  WALK_MALFORMED,
  WALK_NOT_CANONICAL,
  WALK_OK,
  WALK_TOO_MANY,
} from '../layout-cells.ts';
import {
  DATA,
  END,
  FLAG_BAD_TEXT,
  FLAG_KEY,
  KIND,
  MARK_ATTRIBUTE,
  MARK_COUNT,
  MARK_FRAME,
  MARK_POINT,
  MARK_REMOVED,
  MARK_TEXT,
  MARK_UNKNOWN,
  MARK_VALUE,
} from '../marks.kernel.ts';
import { canonical, isCleanPair, judgeBody, keyValue, setCanonical } from './attribute.ts';
import { beginMarks, column, count, full, push, rows, setColumn } from './marks.ts';
import { BODY, FRAMES, LAYOUT, ROLES, TAGS } from './memory.ts';
import { COUNT_MAX } from './rules.ts';
import { isPlain, isUtf8 } from './text.ts';
import { readKey, readVarint31, skipVarint } from './varint.ts';

/**
 * The walk: one pass over the bytes of a request, driven by a layout that is compiled from the OTLP schema. It checks
 * the wire format and UTF-8, counts items, and leaves marks (marks.kernel.ts) where something has to be judged. Clean
 * bytes leave two frames and a point per Resource group and nothing per item.
 */

/** A frame is eight int32: start, length, content, end, type, its row in the marks (-1: none yet), items before it. */
const FRAME_SHIFT = 5;
const FRAME_START: usize = 0;
const FRAME_LENGTH: usize = 4;
const FRAME_CONTENT: usize = 8;
const FRAME_END: usize = 12;
const FRAME_TYPE: usize = 16;
const FRAME_ROW: usize = 20;
const FRAME_ITEMS: usize = 24;

let items: i32 = 0;
let faultAt: usize = 0;
/** Attributes that `passClean` has just passed. */
let passed: i32 = 0;

export function itemCount(): i32 {
  return items;
}
/** Where the wire format broke. */
export function faultPosition(): i32 {
  return <i32>(faultAt - BODY);
}
export function markRows(): usize {
  return rows;
}
export function markCount(): i32 {
  return count;
}

/** Walks the request of `bytes` bytes at BODY, of message type `type`; WALK_*. */
export function run(bytes: i32, type: i32, marksMax: i32): i32 {
  setCanonical(true);
  items = 0;
  beginMarks(bytes, marksMax);
  const ok = message(type, BODY, BODY + bytes, 0);
  if (full) return WALK_TOO_MANY;
  if (!ok) return WALK_MALFORMED;
  return canonical ? WALK_OK : WALK_NOT_CANONICAL;
}

function fault(at: usize): bool {
  faultAt = at;
  return false;
}

/** One message's fields in [start, end). `depth` counts the frames around it. */
function message(type: i32, start: usize, end: usize, depth: i32): bool {
  const cells = LAYOUT + type * (CELLS_PER_TYPE * 4);
  let attributes = 0;
  let seen: u32 = 0;
  let markAll = false; // a key that will change may become one behind it: whoever changes it sees them all
  let p = start;
  while (p < end) {
    const fieldStart = p;
    let tag = <i32>load<u8>(p);
    if (tag < 0x80) p += 1;
    else {
      tag = readKey(p, end);
      p = skipVarint(p, end);
    }
    if (tag < 8 || p == 0) return fault(fieldStart);
    const field = tag >>> 3;
    const wire = tag & 7;
    const cell = field < CELLS_PER_TYPE ? load<i32>(cells + (field << 2)) : tag == REMOVED_TAG ? load<i32>(cells) : 0;
    const action = cell & 15;
    const bit: u32 = (<u32>(cell >>> 16) & 1) << ((cell >>> 17) & 31);
    if ((seen & bit) != 0) setCanonical(false);
    seen |= bit;
    if (wire != 2) {
      const isKnown = action != ACTION_UNKNOWN && ((cell >>> REMOVED_BIT) & 1) == 0;
      if (isKnown && wire != ((cell >>> 4) & 7)) return fault(fieldStart);
      p = wire == 1 ? p + 8 : wire == 5 ? p + 4 : wire == 0 ? skipVarint(p, end) : 0;
      if (p == 0 || p > end) return fault(fieldStart);
      if (depth == 0) unknown(fieldStart, p, type); // only unknown fields of a request are no messages
      continue;
    }
    const lengthStart = p;
    let length = p < end ? <i32>load<u8>(p) : -1;
    if (length < 0x80) p += 1;
    else if (p + 1 < end && load<u8>(p, 1) < 0x80) {
      length = (length & 0x7f) | ((<i32>load<u8>(p, 1)) << 7);
      p += 2;
    } else {
      length = readVarint31(p, end);
      p = skipVarint(p, end);
    }
    const content = p;
    if (length < 0 || p == 0 || <usize>length > end - p) return fault(fieldStart);
    p += length;
    if (((cell >>> REMOVED_BIT) & 1) != 0) push(MARK_REMOVED, fieldStart, p, frameRow(depth), lengthStart, content, 0, type);
    if (action == ACTION_ATTRIBUTE) {
      attributes += 1;
      const flags = keyValue(content, p);
      if (flags < 0) return fault(fieldStart);
      if ((flags & FLAG_KEY) != 0) markAll = true;
      if (flags == 0 && !markAll) {
        p = passClean(tag, p, end);
        attributes += passed;
      } else push(MARK_ATTRIBUTE, fieldStart, p, frameRow(depth), lengthStart, content, flags, type);
    } else if (action == ACTION_MESSAGE) {
      const next =
        load<u8>(ROLES + ((cell >>> 8) & 255)) == ROLE_ITEM ? passItems(tag, (cell >>> 8) & 255, fieldStart, end) : fieldStart;
      if (next != fieldStart) {
        p = next;
        continue;
      }
      if (!enter((cell >>> 8) & 255, fieldStart, lengthStart, content, p, depth + 1)) return false;
    } else if (action == ACTION_UNKNOWN) {
      if (depth == 0) unknown(fieldStart, p, type);
    } else if (!leaf(action, type, fieldStart, lengthStart, content, p, depth)) return fault(fieldStart);
  }
  if (attributes > load<i32>(COUNT_MAX)) push(MARK_COUNT, end, end, frameRow(depth), end, end, attributes, type);
  return true;
}

/**
 * Is the message in [start, end) written as every SDK writes it, with nothing in it to judge? False says only that it
 * is to be walked closely. The hot loop: few values live, no frames, no marks.
 */
function isClean(type: i32, start: usize, end: usize): bool {
  const cells = TAGS + (type << 9);
  let attributes = 0;
  let seen: u32 = 0;
  let p = start;
  while (p < end) {
    const tag = <i32>load<u8>(p);
    if (tag >= 0x80) return false;
    const cell = load<i32>(cells + (tag << 2));
    const action = cell & 15;
    const bit: u32 = (<u32>(cell >>> 16) & 1) << ((cell >>> 17) & 31);
    if ((seen & bit) != 0) return false;
    seen |= bit;
    if (action == ACTION_STEP) p += <usize>((cell >>> 4) & 15);
    else if (action == ACTION_ATTRIBUTE) {
      const next = p + 2 + load<u8>(p, 1);
      if (load<u8>(p, 1) >= 0x80 || next > end || !isCleanPair(p + 2, next)) return false;
      attributes += 1;
      p = next;
    } else {
      p = cleanField(action, (cell >>> 8) & 255, p + 1, end);
      if (p == 0) return false;
    }
  }
  return p == end && attributes <= load<i32>(COUNT_MAX);
}

/** Behind the tag at `p`: the end of a field with nothing to judge, else 0. */
function cleanField(action: i32, type: i32, at: usize, end: usize): usize {
  if (action == ACTION_SCALAR) return skipVarint(at, end);
  if (action == ACTION_UNKNOWN) return 0;
  const word = <i32>load<u16>(at);
  const two = (word >>> 7) & 1;
  if ((word & 0x8080) == 0x8080) return 0;
  const length = (word & 0x7f) | ((word >>> 1) & 0x3f80 & -two);
  const content = at + 1 + two;
  const next = content + length;
  if (next > end) return 0;
  switch (action) {
    case ACTION_TEXT:
      return isPlain(content, next) || isUtf8(content, next) ? next : 0;
    case ACTION_MESSAGE:
      return isClean(type, content, next) ? next : 0;
    case ACTION_VALUE:
      return judgeBody(content, next) == 0 ? next : 0;
    default:
      return leaf(action, 0, at, at, content, next, 0) ? next : 0;
  }
}

/** Passes the items from `start` on that have the tag and nothing to judge; the first other one is the loop's. */
function passItems(tag: i32, type: i32, start: usize, end: usize): usize {
  let p = start;
  while (p + 3 <= end && <i32>load<u8>(p) == tag) {
    const word = <i32>load<u16>(p, 1);
    const two = (word >>> 7) & 1;
    if ((word & 0x8080) == 0x8080) break;
    const content = p + 2 + two;
    const next = content + ((word & 0x7f) | ((word >>> 1) & 0x3f80 & -two));
    if (next > end || !isClean(type, content, next)) break;
    items += 1;
    p = next;
  }
  return p;
}

/** Passes the attributes from `start` on that have the tag and nothing to judge; the first other one is the loop's. */
function passClean(tag: i32, start: usize, end: usize): usize {
  let p = start;
  passed = 0;
  while (p + 2 <= end && <i32>load<u8>(p) == tag && load<u8>(p, 1) < 0x80) {
    const next = p + 2 + load<u8>(p, 1);
    if (next > end || keyValue(p + 2, next) != 0) break;
    passed += 1;
    p = next;
  }
  return p;
}

/** A field of the request itself that is not in the schema; neighbours share a mark. */
function unknown(start: usize, end: usize, type: i32): void {
  const last = count - 1;
  if (last >= 0 && column(last, KIND) == MARK_UNKNOWN && column(last, END) == <i32>(start - BODY))
    setColumn(last, END, <i32>(end - BODY));
  else push(MARK_UNKNOWN, start, end, -1, end, end, 0, type);
}

/** A field of length type that is neither an attribute nor a message. */
function leaf(action: i32, type: i32, start: usize, length: usize, content: usize, end: usize, depth: i32): bool {
  const size = end - content;
  switch (action) {
    case ACTION_TEXT: {
      if (!isUtf8(content, end)) push(MARK_TEXT, start, end, frameRow(depth), length, content, FLAG_BAD_TEXT, type);
      return true;
    }
    case ACTION_VALUE: {
      const flags = judgeBody(content, end);
      if (flags < 0) return false;
      if (flags != 0) push(MARK_VALUE, start, end, frameRow(depth), length, content, flags, type);
      return true;
    }
    case ACTION_BYTES:
      return true;
    case ACTION_ID8:
      return size == 8 || size == 0;
    case ACTION_ID16:
      return size == 16 || size == 0;
    case ACTION_PACKED8:
      return (size & 7) == 0;
    case ACTION_PACKED_VARINT: {
      let p = content;
      while (p != 0 && p < end) p = skipVarint(p, end);
      return p == end;
    }
    default:
      return false; // ACTION_SCALAR with a length is the wrong wire type
  }
}

/** A sub-message: remembers it as the frame at `depth`, walks it, and settles its row. */
function enter(type: i32, start: usize, length: usize, content: usize, end: usize, depth: i32): bool {
  const role = <i32>load<u8>(ROLES + type);
  const frame = FRAMES + (depth << FRAME_SHIFT);
  store<usize>(frame, start, FRAME_START);
  store<usize>(frame, length, FRAME_LENGTH);
  store<usize>(frame, content, FRAME_CONTENT);
  store<usize>(frame, end, FRAME_END);
  store<i32>(frame, type, FRAME_TYPE);
  store<i32>(frame, -1, FRAME_ROW);
  store<i32>(frame, items, FRAME_ITEMS);
  if (role == ROLE_ITEM) items += 1;
  else if (role == ROLE_GROUP) push(MARK_POINT, content, content, frameRow(depth), content, content, 0, type);
  else if (role == ROLE_RESOURCE) frameRow(depth);
  if (!message(type, content, end, depth)) return false;
  if (role == ROLE_RESOURCE) push(MARK_POINT, end, end, frameRow(depth), end, end, 0, type);
  const row = load<i32>(frame, FRAME_ROW);
  if (row >= 0) setColumn(row, DATA, items - load<i32>(frame, FRAME_ITEMS));
  return true;
}

/** Row of the frame at `depth`, made now, with those around it, if it has none yet. -1 for the request itself. */
function frameRow(depth: i32): i32 {
  if (depth == 0) return -1;
  const frame = FRAMES + (depth << FRAME_SHIFT);
  const known = load<i32>(frame, FRAME_ROW);
  if (known >= 0) return known;
  const parent = frameRow(depth - 1);
  const made = push(
    MARK_FRAME,
    load<usize>(frame, FRAME_START),
    load<usize>(frame, FRAME_END),
    parent,
    load<usize>(frame, FRAME_LENGTH),
    load<usize>(frame, FRAME_CONTENT),
    0,
    load<i32>(frame, FRAME_TYPE),
  );
  store<i32>(frame, made, FRAME_ROW);
  return made;
}
