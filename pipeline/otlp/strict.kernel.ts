import type { Wire } from './wire.kernel.ts';

/**
 * Checks of what a scan keeps as bytes and does not read itself: attributes, values, events, links, exemplars. OK means
 * that a reader may go through it without looking out for broken protobuf and for a singular field that occurs twice.
 */
export const OK = 0;
export const NOT_CANONICAL = 1;
export const BROKEN = 2;

/** Bits by field number: of known fields with the wire type, and of those that may occur more than once. */
interface Shape {
  readonly varints: number;
  readonly fixed64: number;
  readonly sized: number;
  readonly fixed32: number;
  readonly repeated: number;
  /** Field numbers of attributes (KeyValue), 0 for none. */
  readonly attributes: number;
}

const bit = (field: number): number => 1 << field;

export const EVENT: Shape = {
  varints: bit(4),
  fixed64: bit(1),
  sized: bit(2) | bit(3),
  fixed32: 0,
  repeated: bit(3),
  attributes: 3,
};
export const LINK: Shape = {
  varints: bit(5),
  fixed64: 0,
  sized: bit(1) | bit(2) | bit(3) | bit(4),
  fixed32: bit(6),
  repeated: bit(4),
  attributes: 4,
};
export const EXEMPLAR: Shape = {
  varints: 0,
  fixed64: bit(2) | bit(3) | bit(6),
  sized: bit(4) | bit(5) | bit(7),
  fixed32: 0,
  repeated: bit(7),
  attributes: 7,
};
/** as_double and as_int are one member. */
const EXEMPLAR_VALUES = bit(3) | bit(6);

/** A message in [start, end) of scalars, text and attributes. */
export function checkMessage(wire: Wire, shape: Shape, start: number, end: number, depthMax: number): number {
  let seen = 0;
  let verdict = OK;
  for (let p = start; p < end;) {
    const key = wire.key(p, end);
    if (key < 0) return BROKEN;
    const at = wire.at;
    p = wire.skip(key, at, end);
    if (p < 0) return BROKEN;
    const field = key < 256 ? bit(key >>> 3) : 0;
    const type = key & 7;
    const expected = type === 0 ? shape.varints : type === 1 ? shape.fixed64 : type === 2 ? shape.sized : shape.fixed32;
    if ((expected & field) === 0) {
      if (((shape.varints | shape.fixed64 | shape.sized | shape.fixed32) & field) !== 0) return BROKEN;
      continue;
    }
    const member = shape === EXEMPLAR && (field & EXEMPLAR_VALUES) !== 0 ? EXEMPLAR_VALUES : field;
    if ((seen & member & ~shape.repeated) !== 0) verdict = NOT_CANONICAL;
    seen |= member;
    if (key >>> 3 !== shape.attributes) continue;
    wire.sized(at, end);
    const found = checkKeyValue(wire, wire.at, p, depthMax);
    if (found === BROKEN) return BROKEN;
    if (found !== OK) verdict = NOT_CANONICAL;
  }
  return verdict;
}

/** KeyValue { string key = 1; AnyValue value = 2 } */
export function checkKeyValue(wire: Wire, start: number, end: number, depthMax: number): number {
  let seen = 0;
  let verdict = OK;
  for (let p = start; p < end;) {
    const key = wire.key(p, end);
    if (key < 0) return BROKEN;
    const at = wire.at;
    p = wire.skip(key, at, end);
    if (p < 0) return BROKEN;
    if (key >= 24) continue;
    if (key !== 10 && key !== 18) return BROKEN;
    if ((seen & key & 24) !== 0) verdict = NOT_CANONICAL;
    seen |= key & 24;
    if (key !== 18) continue;
    wire.sized(at, end);
    const found = checkAnyValue(wire, wire.at, p, depthMax);
    if (found === BROKEN) return BROKEN;
    if (found !== OK) verdict = NOT_CANONICAL;
  }
  return verdict;
}

/** AnyValue: fields 1 text, 2 bool, 3 int, 4 double, 5 array, 6 map, 7 bytes, of which it has one. */
export function checkAnyValue(wire: Wire, start: number, end: number, depthMax: number): number {
  if (depthMax < 0) return BROKEN;
  let members = 0;
  let verdict = OK;
  for (let p = start; p < end;) {
    const key = wire.key(p, end);
    if (key < 0) return BROKEN;
    const at = wire.at;
    p = wire.skip(key, at, end);
    if (p < 0) return BROKEN;
    if (key >= 64) continue;
    const field = key >>> 3;
    if ((key & 7) !== (field === 2 || field === 3 ? 0 : field === 4 ? 1 : 2)) return BROKEN;
    members += 1;
    if (field !== 5 && field !== 6) continue;
    wire.sized(at, end);
    const found = checkElements(wire, field, wire.at, p, depthMax);
    if (found === BROKEN) return BROKEN;
    if (found !== OK) verdict = NOT_CANONICAL;
  }
  return members > 1 ? NOT_CANONICAL : verdict;
}

/** ArrayValue { repeated AnyValue values = 1 } (field 5) or KeyValueList { repeated KeyValue values = 1 } (field 6). */
function checkElements(wire: Wire, field: number, start: number, end: number, depthMax: number): number {
  let verdict = OK;
  for (let p = start; p < end;) {
    const key = wire.key(p, end);
    if (key < 0) return BROKEN;
    const at = wire.at;
    p = wire.skip(key, at, end);
    if (p < 0) return BROKEN;
    if (key >= 16) continue;
    if (key !== 10) return BROKEN;
    wire.sized(at, end);
    const found = field === 5 ? checkAnyValue(wire, wire.at, p, depthMax - 1) : checkKeyValue(wire, wire.at, p, depthMax - 1);
    if (found === BROKEN) return BROKEN;
    if (found !== OK) verdict = NOT_CANONICAL;
  }
  return verdict;
}
