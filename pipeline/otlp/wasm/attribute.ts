import { FLAG_BAD_TEXT, FLAG_CLAIM, FLAG_KEY, FLAG_NESTED, FLAG_SCALAR, FLAG_TOO_DEEP, FLAG_VALUE } from '../marks.kernel.ts';
import {
  BODY_BY,
  BODY_MAX,
  BODY_TABLE,
  CLAIM_KEYS,
  CLAIM_LENGTHS,
  CLAIMS,
  DEPTH_MAX,
  FAST_KEY_MAX,
  FAST_TEXT_MAX,
  KEY_BY,
  KEY_CLASS,
  KEY_MAX,
  KEY_TABLE,
  NESTED,
  PLAIN_BODIES,
  PLAIN_VALUES,
  SCALARS,
  VALUE_BY,
  VALUE_MAX,
  VALUE_TABLE,
} from './rules.ts';
import { allIn, allOf, equals, isPlain, isUtf8 } from './text.ts';
import { readKey, readVarint31, skipVarint } from './varint.ts';

/** Wire format broken: the request is refused. */
const BROKEN = -1;

/** No message was found that holds a singular field twice. Set by the walk before a request. */
export let canonical: bool = true;
export function setCanonical(value: bool): void {
  canonical = value;
}

/** Of the field that was read last. */
let tag: i32 = 0;
let content: usize = 0;

/**
 * Is KeyValue { string key = 1; AnyValue value = 2 } in [p, end) in the layout every SDK writes, 0A <key length> key 12
 * <value length> <AnyValue tag> …, lengths below 128, with nothing to judge? False says only that it is to be looked at
 * closely.
 */
@inline
export function isCleanPair(p: usize, end: usize): bool {
  if (end - p < 8 || load<u8>(p) != 0x0a) return false;
  const keyLength = <usize>load<u8>(p, 1);
  const key = p + 2;
  const keyEnd = key + keyLength;
  const value = keyEnd + 2;
  if (keyLength < 2 || keyLength > <usize>load<i32>(FAST_KEY_MAX) || value + 2 > end) return false;
  const valueLength = <usize>load<u8>(keyEnd, 1);
  if (load<u8>(keyEnd) != 0x12 || valueLength >= 0x80 || value + valueLength != end) return false;
  if (load<u8>(CLAIM_LENGTHS + keyLength) != 0 && isClaim(key, keyEnd)) return false;
  if (!allOf(KEY_CLASS, key, keyEnd)) return false;
  const first = load<u8>(value);
  if (first == 0x0a) {
    const length = <i32>load<u8>(value, 1);
    return length <= load<i32>(FAST_TEXT_MAX) && value + 2 + length == end && isPlain(value + 2, end);
  }
  // A bool, int or double that ends where it should is clean too.
  if (first == 0x10 || first == 0x18) return skipVarint(value + 1, end) == end;
  return first == 0x21 && value + 9 == end && load<i32>(SCALARS) == 0;
}

/** Judges a KeyValue in [p, end): 0 = clean, else FLAG_* bits, negative = malformed. */
export function keyValue(p: usize, end: usize): i32 {
  return isCleanPair(p, end) ? 0 : pair(p, end, 0);
}

/** A KeyValue in any layout. Depth 0 is an attribute; a member of a map value is no attribute, and no claim. */
function pair(start: usize, end: usize, depth: i32): i32 {
  let flags = 0;
  let seen = 0;
  let p = start;
  while (p < end) {
    p = readField(p, end);
    if (p == 0) return BROKEN;
    const field = tag >>> 3;
    const at = content;
    if ((tag & 7) != 2 && field <= 2) return BROKEN;
    if (field > 2) continue;
    if ((seen & field) != 0) canonical = false;
    seen |= field;
    const found = field == 2 ? anyValue(at, p, depth) : depth == 0 ? judgeKey(at, p) : judgeUtf8(at, p);
    if (found < 0) return BROKEN;
    flags |= found;
  }
  return flags;
}

/** Reads the field at `p`: its key into `tag`, the place of its content into `content`; returns its end, 0 = broken. */
function readField(p: usize, end: usize): usize {
  const key = readKey(p, end);
  const at = skipVarint(p, end);
  if (key < 0 || at == 0) return 0;
  const wire = key & 7;
  tag = key;
  content = at;
  let next: usize = wire == 0 ? skipVarint(at, end) : wire == 1 ? at + 8 : wire == 5 ? at + 4 : 0;
  if (wire == 2) {
    const length = readVarint31(at, end);
    content = skipVarint(at, end);
    next = length < 0 || content == 0 ? 0 : content + length;
  }
  return next > end ? 0 : next;
}

function isClaim(start: usize, end: usize): bool {
  let at = CLAIMS;
  for (let i = load<i32>(CLAIM_KEYS); i > 0; i--) {
    const length = load<i32>(at);
    if (<usize>length == end - start && equals(start, end, at + 4)) return true;
    at += 4 + ((length + 3) & ~3);
  }
  return false;
}

function judgeKey(start: usize, end: usize): i32 {
  const length = end - start;
  let flags = 0;
  if (load<u8>(CLAIM_LENGTHS + (length < 255 ? length : 255)) != 0 && isClaim(start, end)) flags = FLAG_CLAIM;
  if (load<i32>(KEY_BY) != 0) {
    if (<i64>length <= load<i32>(KEY_MAX) && allIn(KEY_TABLE, start, end)) return flags;
    flags |= FLAG_KEY;
  }
  return flags | judgeUtf8(start, end);
}

function judgeUtf8(start: usize, end: usize): i32 {
  return isUtf8(start, end) ? 0 : FLAG_BAD_TEXT;
}

function judgeText(start: usize, end: usize): i32 {
  let flags = 0;
  const plain = isPlain(start, end);
  if (load<i32>(VALUE_BY) != 0) {
    if (<i64>(end - start) > load<i32>(VALUE_MAX)) flags = FLAG_VALUE;
    else if (!(plain && load<i32>(PLAIN_VALUES) != 0) && !allIn(VALUE_TABLE, start, end)) flags = FLAG_VALUE;
  }
  if (!plain && !isUtf8(start, end)) flags |= FLAG_BAD_TEXT;
  return flags;
}

/** A log body, an AnyValue: text has limits of its own, below it only UTF-8 and depth are checked. */
export function judgeBody(start: usize, end: usize): i32 {
  const max = load<i32>(BODY_MAX);
  const plain = load<i32>(PLAIN_BODIES) != 0;
  if (end - start >= 2 && load<u8>(start) == 0x0a) {
    const length = <i32>load<u8>(start, 1);
    const isShort = length < 0x80 && start + 2 + length == end && (max == 0 || length <= max);
    if (isShort && plain && isPlain(start + 2, end)) return 0;
  }
  const flags = anyValue(start, end, 1);
  if (flags != 0 || load<i32>(BODY_BY) == 0 || end == start) return flags;
  // Another first byte than the tag of a member, in one byte, is a layout in which text could hide from the rules.
  const first = load<u8>(start);
  if (first != 0x0a) {
    const isMember = first == 0x10 || first == 0x18 || first == 0x21 || first == 0x2a || first == 0x32 || first == 0x3a;
    return isMember ? 0 : FLAG_VALUE;
  }
  const text = skipVarint(start + 1, end);
  if (max > 0 && <i64>(end - text) > max) return FLAG_VALUE;
  return (plain && isPlain(text, end)) || allIn(BODY_TABLE, text, end) ? 0 : FLAG_VALUE;
}

/**
 * AnyValue in [start, end); depth 0 is an attribute's value, a log body starts at 1. Fields: 1 string, 2 bool, 3 int,
 * 4 double, 5 array { repeated AnyValue = 1 }, 6 map { repeated KeyValue = 1 }, 7 bytes. Below the first level only
 * UTF-8 and depth are checked.
 */
function anyValue(start: usize, end: usize, depth: i32): i32 {
  if (depth > load<i32>(DEPTH_MAX)) return FLAG_TOO_DEEP;
  let flags = 0;
  let members = 0;
  let p = start;
  while (p < end) {
    p = readField(p, end);
    if (p == 0) return BROKEN;
    const field = tag >>> 3;
    const wire = tag & 7;
    const at = content;
    if (field <= 7) {
      if (wire != (field == 2 || field == 3 ? 0 : field == 4 ? 1 : 2)) return BROKEN;
      members += 1;
    }
    if (wire != 2) {
      if (field == 4 && depth == 0 && load<i32>(SCALARS) != 0 && !isDecimal(load<f64>(at))) flags |= FLAG_SCALAR;
      continue;
    }
    const found = field <= 7 ? sizedMember(field, at, p, depth) : 0;
    if (found < 0) return BROKEN;
    flags |= found;
  }
  if (members > 1) canonical = false;
  return flags;
}

/** The members of AnyValue that have a length. */
function sizedMember(field: i32, start: usize, end: usize, depth: i32): i32 {
  if (field == 1) return depth == 0 ? judgeText(start, end) : judgeUtf8(start, end);
  if (field == 7) return depth == 0 && <i64>(end - start) > load<i32>(VALUE_MAX) ? FLAG_VALUE : 0;
  const found = elements(field, start, end, depth);
  if (found < 0) return BROKEN;
  return found | (depth == 0 && load<i32>(NESTED) != 0 ? FLAG_NESTED : 0);
}

/** The elements of an ArrayValue (field 5) or KeyValueList (field 6). */
function elements(field: i32, start: usize, end: usize, depth: i32): i32 {
  let flags = 0;
  let p = start;
  while (p < end) {
    p = readField(p, end);
    if (p == 0) return BROKEN;
    const at = content;
    if (tag >>> 3 != 1) continue;
    if ((tag & 7) != 2) return BROKEN;
    const found = field == 5 ? anyValue(at, p, depth + 1) : pair(at, p, depth + 1);
    if (found < 0) return BROKEN;
    flags |= found;
  }
  return flags;
}

/** Does JavaScript, and so our pattern for numbers, write this one without an exponent, a word or a sign of NaN? */
function isDecimal(value: f64): bool {
  const size = abs(value);
  return size < 1e21 && (size >= 1e-6 || size == 0);
}
