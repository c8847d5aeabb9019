import { FieldCursor } from './field-cursor.kernel.ts';
import { readKeyValue, utf8 } from './key-value.ts';
import { keyValue, sizedField } from './write.ts';

/** An AnyValue as plain JavaScript. Maps keep their order and duplicate keys; 64-bit integers stay exact. */
export type AnyValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'double'; readonly value: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'array'; readonly values: readonly AnyValue[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, AnyValue | undefined])[] };

/** Reads the AnyValue in [start, end), found valid by a walk, which has also bounded its depth. Invalid UTF-8 becomes
 *  U+FFFD. Slow path: builds objects. */
export function readAnyValue(bytes: Uint8Array, start: number, end: number): AnyValue {
  const cursor = new FieldCursor(bytes, start, end);
  let value: AnyValue = { kind: 'none' };
  while (cursor.next()) {
    const { number, valueStart, position } = cursor;
    if (number >= 1 && number <= 7) value = member(bytes, number, valueStart, position);
  }
  return value;
}

function member(bytes: Uint8Array, field: number, start: number, end: number): AnyValue {
  switch (field) {
    case 1:
      return { kind: 'string', text: utf8(bytes, start, end) };
    case 2:
      return { kind: 'bool', value: readInt64(bytes, start, end) !== 0n };
    case 3:
      return { kind: 'int', value: readInt64(bytes, start, end) };
    case 4:
      return { kind: 'double', value: new DataView(bytes.buffer, bytes.byteOffset + start, 8).getFloat64(0, true) };
    case 5:
      return { kind: 'array', values: elements(bytes, start, end).map(([from, to]) => readAnyValue(bytes, from, to)) };
    case 6:
      return { kind: 'map', entries: elements(bytes, start, end).map(([from, to]) => readEntry(bytes, from, to)) };
    default:
      return { kind: 'bytes', bytes: bytes.subarray(start, end) };
  }
}

function elements(bytes: Uint8Array, start: number, end: number): [number, number][] {
  const found: [number, number][] = [];
  const cursor = new FieldCursor(bytes, start, end);
  while (cursor.next()) if (cursor.number === 1) found.push([cursor.valueStart, cursor.position]);
  return found;
}

function readEntry(bytes: Uint8Array, start: number, end: number): [string, AnyValue | undefined] {
  const { keyStart, keyEnd, valueStart, valueEnd } = readKeyValue(bytes, start, end);
  return [utf8(bytes, keyStart, keyEnd), valueStart < 0 ? undefined : readAnyValue(bytes, valueStart, valueEnd)];
}

function readInt64(bytes: Uint8Array, start: number, end: number): bigint {
  let value = 0n;
  for (let p = start; p < end; p++) value |= BigInt(bytes[p]! & 0x7f) << BigInt(7 * (p - start));
  return BigInt.asIntN(64, value);
}

/** Content of an AnyValue message. */
export function writeAnyValue(value: AnyValue): Uint8Array {
  switch (value.kind) {
    case 'none':
      return new Uint8Array(0);
    case 'string':
      return sizedField(1, Buffer.from(value.text));
    case 'bool':
      return Uint8Array.of(0x10, value.value ? 1 : 0);
    case 'int':
      return Uint8Array.of(0x18, ...int64Varint(value.value));
    case 'double': {
      const out = new Uint8Array(9);
      out[0] = 0x21;
      new DataView(out.buffer).setFloat64(1, value.value, true);
      return out;
    }
    case 'bytes':
      return sizedField(7, value.bytes);
    case 'array':
      return sizedField(5, Buffer.concat(value.values.map((element) => sizedField(1, writeAnyValue(element)))));
    case 'map':
      return sizedField(6, Buffer.concat(value.entries.map(([key, entry]) => sizedField(1, writeEntry(key, entry)))));
  }
}

function writeEntry(key: string, value: AnyValue | undefined): Uint8Array {
  return keyValue(Buffer.from(key), value === undefined ? undefined : writeAnyValue(value));
}

function int64Varint(value: bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return out;
}

/** Nesting: 0 for a scalar, 1 for an array or map of scalars, … */
export function depthOf(value: AnyValue | undefined): number {
  if (value === undefined) return 0;
  if (value.kind !== 'array' && value.kind !== 'map') return 0;
  let deepest = 0;
  const inner = value.kind === 'array' ? value.values : value.entries.map(([, entry]) => entry);
  for (const element of inner) deepest = Math.max(deepest, depthOf(element));
  return deepest + 1;
}

/** JSON text of a value as people write it (not the OTLP mapping): numbers as numbers, bytes as base64. NaN and the
 *  infinities, which JSON lacks, are strings. */
export function jsonText(value: AnyValue): string {
  switch (value.kind) {
    case 'none':
      return 'null';
    case 'string':
      return JSON.stringify(value.text);
    case 'bool':
    case 'int':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) ? String(value.value) : `"${value.value}"`;
    case 'bytes':
      return `"${Buffer.from(value.bytes).toString('base64')}"`;
    case 'array':
      return `[${value.values.map(jsonText).join(',')}]`;
    case 'map':
      return `{${value.entries.map(([key, entry]) => `${JSON.stringify(key)}:${entry === undefined ? 'null' : jsonText(entry)}`).join(',')}}`;
  }
}
