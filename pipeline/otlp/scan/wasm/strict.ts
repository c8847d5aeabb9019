import { BROKEN, NOT_CANONICAL, OK } from '../../scan-cells.ts';
import { at, key, sized, skip } from './wire.ts';

/**
 * Checks of what a scan keeps as bytes and does not read itself: attributes, values, events, links, exemplars. OK means
 * that a reader may go through it without looking out for broken protobuf and for a singular field that occurs twice.
 */
export const EVENT: i32 = 0;
export const LINK: i32 = 1;
export const EXEMPLAR: i32 = 2;
/** Bits by field number of an exemplar: as_double and as_int are one member. */
const EXEMPLAR_VALUES: i32 = (1 << 3) | (1 << 6);

/** Bits by field number: the known fields of a message that have the wire type. */
function fieldsOf(message: i32, wire: i32): i32 {
  if (message == EVENT) return wire == 0 ? 1 << 4 : wire == 1 ? 1 << 1 : wire == 2 ? (1 << 2) | (1 << 3) : 0;
  if (message == LINK) return wire == 0 ? 1 << 5 : wire == 2 ? (1 << 1) | (1 << 2) | (1 << 3) | (1 << 4) : wire == 5 ? 1 << 6 : 0;
  return wire == 1 ? (1 << 2) | (1 << 3) | (1 << 6) : wire == 2 ? (1 << 4) | (1 << 5) | (1 << 7) : 0;
}

/** A message in [start, end) of scalars, text and attributes. */
export function checkMessage(message: i32, start: usize, end: usize, depthMax: i32): i32 {
  const known = fieldsOf(message, 0) | fieldsOf(message, 1) | fieldsOf(message, 2) | fieldsOf(message, 5);
  const attribute = message == EVENT ? 3 : message == LINK ? 4 : 7;
  let seen = 0;
  let verdict = OK;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return BROKEN;
    p = skip(tag, at, end);
    if (p == 0) return BROKEN;
    const number = tag >>> 3;
    const field = number < 32 ? 1 << number : 0;
    if ((fieldsOf(message, tag & 7) & field) == 0) {
      if ((known & field) != 0) return BROKEN;
      continue;
    }
    if (number == attribute) {
      const found = checkKeyValue(at, p, depthMax);
      if (found == BROKEN) return BROKEN;
      if (found != OK) verdict = NOT_CANONICAL;
      continue;
    }
    const member = message == EXEMPLAR && (field & EXEMPLAR_VALUES) != 0 ? EXEMPLAR_VALUES : field;
    if ((seen & member) != 0) verdict = NOT_CANONICAL;
    seen |= member;
  }
  return verdict;
}

/** KeyValue { string key = 1; AnyValue value = 2 } */
export function checkKeyValue(start: usize, end: usize, depthMax: i32): i32 {
  let seen = 0;
  let verdict = OK;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return BROKEN;
    p = skip(tag, at, end);
    if (p == 0) return BROKEN;
    if (tag >= 24) continue;
    if (tag != 10 && tag != 18) return BROKEN;
    if ((seen & tag & 24) != 0) verdict = NOT_CANONICAL;
    seen |= tag & 24;
    if (tag != 18) continue;
    const found = checkAnyValue(at, p, depthMax);
    if (found == BROKEN) return BROKEN;
    if (found != OK) verdict = NOT_CANONICAL;
  }
  return verdict;
}

/** AnyValue: fields 1 text, 2 bool, 3 int, 4 double, 5 array, 6 map, 7 bytes, of which it has one. */
export function checkAnyValue(start: usize, end: usize, depthMax: i32): i32 {
  if (depthMax < 0) return BROKEN;
  let members = 0;
  let verdict = OK;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return BROKEN;
    p = skip(tag, at, end);
    if (p == 0) return BROKEN;
    if (tag >= 64) continue;
    const field = tag >>> 3;
    if ((tag & 7) != (field == 2 || field == 3 ? 0 : field == 4 ? 1 : 2)) return BROKEN;
    members += 1;
    if (field != 5 && field != 6) continue;
    const found = checkElements(field, at, p, depthMax);
    if (found == BROKEN) return BROKEN;
    if (found != OK) verdict = NOT_CANONICAL;
  }
  return members > 1 ? NOT_CANONICAL : verdict;
}

/** ArrayValue { repeated AnyValue values = 1 } (field 5) or KeyValueList { repeated KeyValue values = 1 } (field 6). */
function checkElements(field: i32, start: usize, end: usize, depthMax: i32): i32 {
  let verdict = OK;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return BROKEN;
    p = skip(tag, at, end);
    if (p == 0) return BROKEN;
    if (tag >= 16) continue;
    if (tag != 10) return BROKEN;
    const found = field == 5 ? checkAnyValue(at, p, depthMax - 1) : checkKeyValue(at, p, depthMax - 1);
    if (found == BROKEN) return BROKEN;
    if (found != OK) verdict = NOT_CANONICAL;
  }
  return verdict;
}
