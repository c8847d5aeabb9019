import type { Signal } from '../signal.ts';
import { assert } from '../assert.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { REQUESTS, type Field, type Message } from './schema.ts';

/**
 * A message as a plain object, by JSON names: 64-bit integers are bigint, enums their number, ids and bytes Uint8Array,
 * all other values what JavaScript calls them. Undefined is absent.
 */
export type PlainMessage = { readonly [jsonName: string]: PlainField | undefined };
export type PlainField = string | number | bigint | boolean | Uint8Array | PlainMessage | readonly PlainField[];

const MASK_32 = 0xffff_ffffn;
const scratch = new GrowingBuffer();
/** How many bytes the length of a field took last time: mostly right the next time, too. */
const lengthBytes = new Map<Field, number>();

/** The request that `message` describes, as protobuf. For telemetry that we make ourselves: it builds objects per item, so
 *  nothing that only passes through comes here. Throws on a name or a type that OTLP does not have. */
export function encodeRequest(signal: Signal, message: PlainMessage): Uint8Array {
  scratch.clear();
  writeMessage(REQUESTS[signal], message);
  return scratch.take();
}

function writeMessage({ name, byName }: Message, message: PlainMessage): void {
  for (const [jsonName, value] of Object.entries(message)) {
    if (value === undefined) continue;
    const field = byName.get(jsonName);
    assert(field !== undefined, `${name} has no field ${jsonName}`);
    if (field.packed) writePacked(field, value as readonly PlainField[]);
    else if (field.repeated) for (const element of value as readonly PlainField[]) writeField(field, element);
    else if (field.explicit || field.type === 'message' || !isDefault(value)) writeField(field, value);
  }
}

/** What proto3 leaves out where a field has no presence. */
function isDefault(value: PlainField): boolean {
  return (
    value === 0n || value === '' || value === false || Object.is(value, 0) || (value instanceof Uint8Array && value.length === 0)
  );
}

function writeField(field: Field, value: PlainField): void {
  scratch.key(field.number, field.wireType);
  writeValue(field, value);
}

function writePacked(field: Field, values: readonly PlainField[]): void {
  if (values.length === 0) return;
  scratch.key(field.number, 2);
  writeSized(field, () => {
    for (const value of values) writeValue(field, value);
  });
}

function writeSized(field: Field, write: () => void): void {
  const guess = lengthBytes.get(field) ?? 1;
  const mark = scratch.open(guess);
  write();
  lengthBytes.set(field, scratch.close(mark, guess));
}

function writeValue(field: Field, value: PlainField): void {
  switch (field.type) {
    case 'message': {
      const { message } = field;
      assert(message !== undefined, `${field.name} has no message`);
      writeSized(field, () => writeMessage(message, value as PlainMessage));
      return;
    }
    case 'string':
      return writeBytes(Buffer.from(value as string));
    case 'bytes':
      return writeBytes(value as Uint8Array);
    case 'double':
      return scratch.double(value as number);
    case 'bool':
      return scratch.byte(value === true ? 1 : 0);
    case 'fixed32':
      return scratch.fixed32(value as number);
    case 'fixed64':
    case 'sfixed64': {
      const bits = BigInt.asUintN(64, value as bigint);
      return scratch.fixed64(Number(bits >> 32n), Number(bits & MASK_32));
    }
    case 'sint32':
      return scratch.varint((((value as number) << 1) ^ ((value as number) >> 31)) >>> 0);
    default: {
      const bits = BigInt.asUintN(64, BigInt(value as number | bigint));
      return scratch.varint64(Number(bits >> 32n), Number(bits & MASK_32));
    }
  }
}

function writeBytes(bytes: Uint8Array): void {
  scratch.varint(bytes.length);
  scratch.copy(bytes, 0, bytes.length);
}

export type PlainAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** KeyValues of a plain object; a whole number becomes an integer. */
export function keyValues(attributes: PlainAttributes): PlainMessage[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: anyValueOf(value) }]));
}

export function anyValueOf(value: string | number | boolean | readonly string[]): PlainMessage {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: BigInt(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map(anyValueOf) } };
}
