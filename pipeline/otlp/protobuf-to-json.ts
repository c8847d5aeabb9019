import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../limits.ts';
import type { Signal } from '../signal.ts';
import { FieldCursor } from './field-cursor.kernel.ts';
import { JsonWriter } from './json-writer.ts';
import { MESSAGES, REQUESTS, WIRE, type Field, type Message } from './schema.ts';

const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** `"jsonName":` of each field. */
const labels = new Map<Field, Buffer>();
for (const message of MESSAGES.values()) {
  for (const field of message.fields) labels.set(field, Buffer.from(`"${field.jsonName}":`));
}
const output = new JsonWriter();

/**
 * One request (protobuf, walked; segments may be cut anywhere) as one line of OTLP/JSON, UTF-8: keys in lowerCamelCase,
 * ids in lower-case hex, other bytes in base64, 64-bit integers as strings, enums as numbers, NaN and infinities as
 * strings, defaults left out unless the field has presence, unknown fields left out (opentelemetry-proto,
 * docs/specification.md "JSON Protobuf Encoding"). What is not valid protobuf is left out, never thrown.
 */
export function protobufToJsonBytes(signal: Signal, segments: readonly Uint8Array[]): Uint8Array {
  write(signal, segments);
  // The walk lets invalid text pass only where a processor mends it; a JSON reader must never see it.
  if (!isUtf8(output.peek())) return Buffer.from(protobufToJson(signal, segments));
  return output.take();
}

/** The same as a string. Throws a RangeError when it would be longer than a string may be (512 MiB). */
export function protobufToJson(signal: Signal, segments: readonly Uint8Array[]): string {
  write(signal, segments);
  const text = output.peek().toString('utf8');
  output.clear();
  return text;
}

function write(signal: Signal, segments: readonly Uint8Array[]): void {
  const only = segments.length === 1 ? segments[0] : undefined;
  const bytes = only ?? Buffer.concat(segments);
  output.clear();
  new Printer(bytes).message(REQUESTS[signal], 0, bytes.length, 0);
}

class Printer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Of the varint read last, unsigned halves. */
  #high = 0;
  #low = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** `depth` counts the AnyValues around. */
  message(message: Message, start: number, end: number, depth: number): void {
    output.byte(OPEN_OBJECT);
    if (depth <= LIMITS.valueDepth + 1) {
      if (this.#isOrderly(message, start, end)) this.#inOrder(message, start, end, depth);
      else this.#gathered(message, [start, end], depth);
    }
    output.byte(CLOSE_OBJECT);
  }

  /** Whether every field stands in one run and no singular one twice: then values can be written as they come. */
  #isOrderly(message: Message, start: number, end: number): boolean {
    let seen = 0;
    let last: Field | undefined;
    const cursor = new FieldCursor(this.#bytes, start, end);
    while (cursor.next()) {
      const field = message.byNumber[cursor.number];
      if (field === undefined || (field === last && field.repeated)) continue;
      if ((seen & (field.oneofMembers | (1 << field.index))) !== 0) return false;
      seen |= 1 << field.index;
      last = field;
    }
    return true;
  }

  #inOrder(message: Message, start: number, end: number, depth: number): void {
    let open: Field | undefined;
    let first = true;
    const cursor = new FieldCursor(this.#bytes, start, end);
    while (cursor.next()) {
      const field = message.byNumber[cursor.number];
      if (field === undefined || this.#isSilent(field, cursor.wireType, cursor.valueStart, cursor.position)) continue;
      if (field !== open) {
        if (open !== undefined) output.byte(CLOSE_LIST);
        open = field.repeated ? field : undefined;
        this.#label(field, first);
        first = false;
      } else {
        output.byte(COMMA);
      }
      this.#value(field, cursor.wireType, cursor.valueStart, cursor.position, depth);
    }
    if (open !== undefined) output.byte(CLOSE_LIST);
  }

  #label(field: Field, first: boolean): void {
    if (!first) output.byte(COMMA);
    const label = labels.get(field)!;
    output.copy(label, 0, label.length);
    if (field.repeated) output.byte(OPEN_LIST);
  }

  /** The fields of a message in several parts, or out of order: lists are joined, parts merged, of scalars the last. */
  #gathered(message: Message, parts: readonly number[], depth: number): void {
    let first = true;
    for (const [i, places] of this.#gather(message, parts).entries()) {
      const field = message.fields[i]!;
      if (places === undefined) continue;
      const [start, end] = places;
      if (start !== undefined && end !== undefined && this.#isSilent(field, field.wireType, start, end)) continue;
      this.#label(field, first);
      first = false;
      if (start === undefined || end === undefined) this.#list(message, field, parts, depth);
      else if (places.length === 2 || field.message === undefined) this.#value(field, field.wireType, start, end, depth);
      else this.#merged(field.message, places, depth);
    }
  }

  #merged(message: Message, parts: readonly number[], depth: number): void {
    const below = message.name === 'AnyValue' ? depth + 1 : depth;
    output.byte(OPEN_OBJECT);
    if (below <= LIMITS.valueDepth + 1) this.#gathered(message, parts, below);
    output.byte(CLOSE_OBJECT);
  }

  /** The elements of one list in all parts, and its end. */
  #list(message: Message, list: Field, parts: readonly number[], depth: number): void {
    let first = true;
    for (let i = 0; i < parts.length; i += 2) {
      const cursor = new FieldCursor(this.#bytes, parts[i]!, parts[i + 1]!);
      while (cursor.next()) {
        if (message.byNumber[cursor.number] !== list) continue;
        if (this.#isSilent(list, cursor.wireType, cursor.valueStart, cursor.position)) continue;
        if (!first) output.byte(COMMA);
        first = false;
        this.#value(list, cursor.wireType, cursor.valueStart, cursor.position, depth);
      }
    }
    output.byte(CLOSE_LIST);
  }

  /** By `Field.index` the places [start, end, …] of what a singular field has over all parts; of a list [] if it has any. */
  #gather(message: Message, parts: readonly number[]): (number[] | undefined)[] {
    const found: (number[] | undefined)[] = message.fields.map(() => undefined);
    for (let i = 0; i < parts.length; i += 2) {
      const cursor = new FieldCursor(this.#bytes, parts[i]!, parts[i + 1]!);
      while (cursor.next()) {
        const field = message.byNumber[cursor.number];
        if (field === undefined) continue;
        if (field.repeated) {
          if (!this.#isSilent(field, cursor.wireType, cursor.valueStart, cursor.position)) found[field.index] ??= [];
        } else if (cursor.wireType === field.wireType) {
          const places = (field.message === undefined ? undefined : found[field.index]) ?? [];
          for (const other of message.fields) {
            if ((field.oneofMembers & (1 << other.index)) !== 0) found[other.index] = undefined;
          }
          places.push(cursor.valueStart, cursor.position);
          found[field.index] = places;
        }
      }
    }
    return found;
  }

  /** True for a value that is not written: a default without presence, an empty packed run, another wire type. */
  #isSilent(field: Field, wireType: number, start: number, end: number): boolean {
    if (!isReadable(field, wireType)) return true;
    if (field.packed && wireType === WIRE.bytes) {
      return start === end || (field.wireType === WIRE.fixed64 && (end - start) % 8 !== 0);
    }
    if (field.repeated) return false;
    if (field.explicit || field.message !== undefined) return false;
    if (wireType === WIRE.bytes) return start === end;
    const mask = wireType === WIRE.varint ? 0x7f : 0xff;
    for (let at = start; at < end; at++) if ((this.#bytes[at]! & mask) !== 0) return false;
    return true;
  }

  #value(field: Field, wireType: number, start: number, end: number, depth: number): void {
    if (field.message !== undefined) {
      return this.message(field.message, start, end, field.message.name === 'AnyValue' ? depth + 1 : depth);
    }
    if (wireType === field.wireType) {
      this.#scalar(field, start, end);
      return;
    }
    for (let at = start; at < end;) {
      if (at > start) output.byte(COMMA);
      at = this.#scalar(field, at, end);
    }
  }

  /** Writes one value; returns where it ends. */
  #scalar(field: Field, start: number, end: number): number {
    switch (field.type) {
      case 'string':
        output.text(this.#bytes, start, end);
        return end;
      case 'bytes':
        if (field.idBytes > 0) output.hex(this.#bytes, start, end);
        else output.base64(this.#bytes, start, end);
        return end;
      case 'fixed32':
        output.integer(this.#view.getUint32(start, true));
        return start + 4;
      case 'double':
      case 'fixed64':
      case 'sfixed64':
        return this.#fixed64(field, start);
      default:
        return this.#varint(field, start, end);
    }
  }

  #fixed64(field: Field, start: number): number {
    const view = this.#view;
    if (field.type === 'double') output.number(view.getFloat64(start, true));
    else if (field.type === 'fixed64') output.unsigned64(view.getUint32(start + 4, true), view.getUint32(start, true));
    else output.signed64(view.getUint32(start + 4, true), view.getUint32(start, true));
    return start + 8;
  }

  #varint(field: Field, start: number, end: number): number {
    const next = this.#readVarint(start, end);
    const low = this.#low;
    switch (field.type) {
      case 'bool':
        if ((this.#high | low) !== 0) output.copy(TRUE, 0, TRUE.length);
        else output.copy(FALSE, 0, FALSE.length);
        break;
      case 'uint32':
        output.integer(low);
        break;
      case 'sint32':
        output.integer((low >>> 1) ^ -(low & 1));
        break;
      case 'int64':
        output.signed64(this.#high, low);
        break;
      case 'uint64':
        output.unsigned64(this.#high, low);
        break;
      default:
        output.integer(low | 0);
    }
    return next;
  }

  /** Sets the halves; bits past the 64th are dropped, as protobuf readers drop them. */
  #readVarint(start: number, end: number): number {
    let low = 0;
    let high = 0;
    let at = start;
    for (let shift = 0; at < end; shift += 7) {
      const byte = this.#bytes[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      if (byte < 0x80) break;
    }
    this.#low = low >>> 0;
    this.#high = high >>> 0;
    return at;
  }
}

function isReadable(field: Field, wireType: number): boolean {
  return wireType === field.wireType || (field.packed && wireType === WIRE.bytes);
}
