import { AttributeFinder } from '../../pipeline/otlp/attribute-finder.kernel.ts';
import { FieldReader } from '../../pipeline/otlp/field-reader.kernel.ts';
import { BYTES, INT, LIST, MAP, ValueReader } from '../../pipeline/otlp/value-reader.kernel.ts';
import { valueText } from '../../pipeline/otlp/value-text.ts';
import type { Literal } from './expression.ts';
import type { Place } from './place.kernel.ts';

/** Reads a value at a place, into a register of its own that is good until it is called again. May set `at.fault`. */
export type Getter = (at: Place) => ValueReader;
export type GoTo = (at: Place) => void;

/** How a field is written, and what it is when it is not there. */
export type FieldKind = 'text' | 'uint32' | 'int32' | 'sint32' | 'bool' | 'fixed32' | 'fixed64' | 'double' | 'sfixed64';

const EMPTY = new Uint8Array(0);

export function literalGetter(value: Literal): Getter {
  const register = new ValueReader();
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    register.text(bytes, 0, bytes.length);
  } else if (typeof value === 'boolean') register.bool(value);
  else if (typeof value === 'bigint') {
    register.kind = INT;
    register.low = Number(BigInt.asIntN(32, value));
    register.high = Number(BigInt.asIntN(32, value >> 32n));
  } else if (typeof value === 'number') register.setDouble(value);
  else if (value !== null) {
    register.text(value, 0, value.length);
    register.kind = BYTES;
  }
  return () => register;
}

/** Sets a register to what a field that is absent stands for. */
function setDefault(register: ValueReader, kind: FieldKind): void {
  if (kind === 'text') register.text(EMPTY, 0, 0);
  else if (kind === 'bool') register.bool(false);
  else if (kind === 'double') register.setDouble(0);
  else register.int32(0);
}

/** A field of the message that `goTo` leads to. A message that is not there has all its defaults. */
export function fieldGetter(goTo: GoTo, field: number, kind: FieldKind): Getter {
  const register = new ValueReader();
  const reader = new FieldReader();
  return (at) => {
    setDefault(register, kind);
    goTo(at);
    if (at.start < 0) return register;
    const { bytes } = at.descent;
    reader.begin(bytes, at.start, at.end);
    while (reader.next()) if (reader.number === field) fill(register, kind, bytes, reader.valueStart, reader.position);
    return register;
  };
}

function fill(register: ValueReader, kind: FieldKind, bytes: Uint8Array, start: number, end: number): void {
  switch (kind) {
    case 'text':
      register.text(bytes, start, end);
      return;
    case 'double':
      register.fixedDouble(bytes, start);
      return;
    case 'fixed64':
    case 'sfixed64':
      register.fixedInt(bytes, start);
      return;
    case 'fixed32':
      register.kind = INT;
      register.high = 0;
      register.low = bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 24);
      return;
    default:
      register.varint(bytes, start, end);
      if (kind === 'bool') register.bool((register.low | register.high) !== 0);
      else if (kind === 'uint32') register.high = 0;
      else if (kind === 'int32') register.high = register.low >> 31;
      else {
        register.low = (register.low >>> 1) ^ -(register.low & 1);
        register.high = register.low >> 31;
      }
  }
}

/** Another getter's value, or nil where `isThere` says that the place has none. */
export function whereThere(getter: Getter, isThere: (at: Place) => boolean): Getter {
  const none = new ValueReader();
  return (at) => (isThere(at) ? getter(at) : none);
}

/** An id as text: 2 hex digits per byte, zeros when it is empty. */
export function idGetter(goTo: GoTo, field: number, length: number): Getter {
  const register = new ValueReader();
  const reader = new FieldReader();
  const text = Buffer.alloc(length * 2);
  return (at) => {
    text.fill('0');
    goTo(at);
    const { bytes } = at.descent;
    reader.begin(bytes, Math.max(0, at.start), at.start < 0 ? 0 : at.end);
    while (reader.next()) {
      if (reader.number !== field || reader.position - reader.valueStart !== length) continue;
      for (let i = 0; i < length; i++) {
        const byte = bytes[reader.valueStart + i]!;
        text[i * 2] = HEX[byte >> 4]!;
        text[i * 2 + 1] = HEX[byte & 15]!;
      }
    }
    register.text(text, 0, text.length);
    return register;
  };
}
const HEX = Buffer.from('0123456789abcdef');

/** One of `names` by the number that another getter gives; '' beyond them. */
export function nameGetter(number: Getter, names: readonly string[]): Getter {
  const register = new ValueReader();
  const texts = names.map((name) => Buffer.from(name));
  return (at) => {
    const { high, low } = number(at);
    const text = (high === 0 ? texts[low] : undefined) ?? EMPTY;
    register.text(text, 0, text.length);
    return register;
  };
}

export function numberGetter(number: (at: Place) => number): Getter {
  const register = new ValueReader();
  return (at) => {
    register.int32(number(at));
    return register;
  };
}

/** An AnyValue field; nil when it is not there or has no member. */
export function anyValueGetter(goTo: GoTo, field: number): Getter {
  const register = new ValueReader();
  return (at) => {
    goTo(at);
    at.enter(field);
    if (at.start < 0) register.nil();
    else register.anyValue(at.descent.bytes, at.start, at.end);
    return register;
  };
}

/** What another getter gives, as text: '' for nil. */
export function textGetter(value: Getter): Getter {
  const register = new ValueReader();
  return (at) => {
    const text = Buffer.from(valueText(value(at)));
    register.text(text, 0, text.length);
    return register;
  };
}

/** `attributes["key"]…`: the attribute in field `field`, then what its further keys lead to. */
export function attributeGetter(goTo: GoTo, field: number, keys: readonly (string | number)[]): Getter {
  const register = new ValueReader();
  const finder = new AttributeFinder();
  const first = Buffer.from(keys[0] as string);
  const rest = indexer(keys.slice(1));
  return (at) => {
    goTo(at);
    register.nil();
    if (at.start < 0 || !finder.find(at.descent.bytes, at.start, at.end, field, first)) return register;
    if (finder.valueStart >= 0) register.anyValue(at.descent.bytes, finder.valueStart, finder.valueEnd);
    rest(at, register);
    return register;
  };
}

/** `body["key"]…`: what the keys lead to in a value of another getter. */
export function indexGetter(value: Getter, keys: readonly (string | number)[]): Getter {
  const rest = indexer(keys);
  return (at) => {
    const register = value(at);
    rest(at, register);
    return register;
  };
}

type Indexer = (at: Place, register: ValueReader) => void;

/** Follows keys into maps and lists, in the register. A key that a map lacks gives nil; one that does not fit is a fault. */
function indexer(keys: readonly (string | number)[]): Indexer {
  const finder = new AttributeFinder();
  const reader = new FieldReader();
  const wanted = keys.map((key) => (typeof key === 'number' ? key : Buffer.from(key)));
  return (at, register) => {
    for (const key of wanted) {
      const { bytes, start, end, kind } = register;
      if (kind === MAP && typeof key !== 'number') {
        const found = finder.find(bytes, start, end, 1, key);
        register.nil();
        if (!found) return;
        if (finder.valueStart >= 0) register.anyValue(bytes, finder.valueStart, finder.valueEnd);
      } else if (kind === LIST && typeof key === 'number') {
        if (!element(reader, register, key)) at.fault = `index ${key} is out of bounds`;
      } else at.fault = kind === MAP || kind === LIST ? 'a map takes texts as keys, a list numbers' : 'the value has no keys';
      if (at.fault !== '') {
        register.nil();
        return;
      }
    }
  };
}

function element(reader: FieldReader, register: ValueReader, index: number): boolean {
  let left = index;
  reader.begin(register.bytes, register.start, register.end);
  while (reader.next()) {
    if (reader.number !== 1) continue;
    if (left === 0) {
      register.anyValue(reader.bytes, reader.valueStart, reader.position);
      return true;
    }
    left -= 1;
  }
  return false;
}
