import { isUtf8 } from 'node:buffer';
import type { Refusal } from '../component.ts';
import { LIMITS } from '../limits.ts';
import type { Signal } from '../signal.ts';
import { canonicalise } from './canonicalise.ts';
import { GrowingBuffer, varintBytes } from './growing-buffer.ts';
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  hexDigit,
  JsonCursor,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  unescape,
} from './json-cursor.ts';
import { KeyTable } from './json-keys.ts';
import { MESSAGES, REQUESTS, WIRE, type Field, type Message } from './schema.ts';

const keyTables = new Map([...MESSAGES.values()].map((message) => [message, new KeyTable(message)]));
const output = new GrowingBuffer();
const unescaped = new GrowingBuffer();
/** How many bytes the length of a message took last time, by message: the guess for the next one. */
const lengthBytes = new Map<Message, { value: number }>([...MESSAGES.values()].map((message) => [message, { value: 1 }]));
const NOT_FINITE = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/** By message. Every other key that OTLP does not know is passed over; in these are items, or the attributes that tell
 *  them apart, which must not be lost without a word. */
const REMOVED_KEYS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...['Metrics', 'Spans', 'Logs'].map(
    (name) =>
      [`Resource${name}`, new Set([`instrumentationLibrary${name}`, `instrumentation_library_${name.toLowerCase()}`])] as const,
  ),
  ['Metric', new Set(['intGauge', 'int_gauge', 'intSum', 'int_sum', 'intHistogram', 'int_histogram'])],
  ...['NumberDataPoint', 'HistogramDataPoint', 'SummaryDataPoint'].map((name) => [name, new Set(['labels'])] as const),
  ['Exemplar', new Set(['filteredLabels', 'filtered_labels'])],
]);

const BASE64 = new Uint8Array(256);
for (const letter of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_')) BASE64[letter] = 1;

/**
 * One OTLP/JSON Export…ServiceRequest as protobuf, by the OTLP mapping (opentelemetry-proto,
 * docs/specification.md "JSON Protobuf Encoding") and as lax as the Go collector: keys in lowerCamelCase or
 * snake_case, ids in hex of any case, enums as number or name, numbers as number or string, null = absent, unknown keys
 * ignored. Of a key that occurs twice lists are joined, messages merged, and of scalars the last counts. One pass, no
 * tree, integers exact. MALFORMED or TOO_DEEP with the path to the fault, BODY_TOO_LARGE when it would be more than
 * `maxBytes` of protobuf (a packed `0,` takes 8); never throws.
 */
export function jsonToProtobuf(
  signal: Signal,
  json: Uint8Array,
  maxBytes: number = LIMITS.requestBodyBytes,
): Uint8Array | Refusal {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  const cursor = new JsonCursor(bytes);
  const converter = new Converter(cursor, maxBytes);
  const done = isUtf8(bytes) ? converter.request(REQUESTS[signal]) : cursor.fail('the text is not valid UTF-8');
  if (!done) {
    output.clear();
    const place = cursor.path.join('').replace(/^\./, '');
    const message = `cannot read JSON at ${place === '' ? '$' : place}: ${cursor.cause}`.slice(0, LIMITS.messageChars);
    return { ok: false, code: cursor.code, retryable: false, message };
  }
  const protobuf = output.take();
  return converter.repeated ? canonicalise(signal, protobuf) : protobuf;
}

class Converter {
  /** A singular key, or two members of a oneof, came twice: what was written is not canonical yet. */
  repeated = false;
  readonly #cursor: JsonCursor;
  readonly #maxBytes: number;

  constructor(cursor: JsonCursor, maxBytes: number) {
    this.#cursor = cursor;
    this.#maxBytes = maxBytes;
  }

  request(message: Message): boolean {
    const cursor = this.#cursor;
    if (cursor.next() !== OPEN_OBJECT) return cursor.fail('an object is expected');
    if (!this.#message(message)) return false;
    return cursor.next() === -1 ? true : cursor.fail('more text follows the request');
  }

  /** The fields of an object, at its brace. */
  #message(message: Message): boolean {
    const cursor = this.#cursor;
    if (!cursor.enter()) return false;
    if (cursor.next() === CLOSE_OBJECT) {
      cursor.leave();
      return true;
    }
    let seen = 0;
    do {
      if (!cursor.key()) return false;
      const field = this.#lookUp(message);
      if (field === undefined) {
        const { textStart, textEnd } = cursor;
        const removed = REMOVED_KEYS.get(message.name);
        if (removed !== undefined) {
          const key = cursor.bytes.toString('latin1', textStart, Math.min(textEnd, textStart + 64));
          if (removed.has(key)) return cursor.fail(`it has ${key}, which OTLP has removed; update the sender`);
        }
        if (!cursor.skip()) return cursor.within(cursor.keyStep(textStart, textEnd));
        continue;
      }
      if (cursor.next() === LOWER_N) {
        if (!cursor.literal('null')) return cursor.within(`.${field.jsonName}`);
        continue;
      }
      const again = !field.repeated && (seen & (field.oneofMembers | (1 << field.index))) !== 0;
      if (again) this.repeated = true;
      seen |= 1 << field.index;
      if (!this.#field(field, again)) return cursor.within(`.${field.jsonName}`);
    } while (cursor.more(CLOSE_OBJECT));
    return cursor.cause === '';
  }

  #lookUp(message: Message): Field | undefined {
    const cursor = this.#cursor;
    const table = keyTables.get(message)!;
    if (!cursor.escaped) return table.find(cursor.bytes, cursor.textStart, cursor.textEnd);
    unescaped.clear();
    unescape(cursor.bytes, cursor.textStart, cursor.textEnd, unescaped);
    return table.find(unescaped.peek(), 0, unescaped.length);
  }

  #field(field: Field, again: boolean): boolean {
    if (field.repeated) return this.#list(field);
    if (field.message !== undefined) return this.#nested(field, field.message);
    return this.#scalar(field, field.explicit || again, true);
  }

  #nested(field: Field, message: Message): boolean {
    if (this.#cursor.next() !== OPEN_OBJECT) return this.#cursor.fail('an object is expected');
    const guess = lengthBytes.get(message)!;
    const reserved = guess.value;
    output.key(field.number, WIRE.bytes);
    const mark = output.open(reserved);
    if (!this.#message(message)) return false;
    guess.value = output.close(mark, reserved);
    return true;
  }

  #list(field: Field): boolean {
    const cursor = this.#cursor;
    if (cursor.next() !== OPEN_LIST) return cursor.fail('a list is expected');
    if (!cursor.enter()) return false;
    if (cursor.next() === CLOSE_LIST) {
      cursor.leave();
      return true;
    }
    let mark = 0;
    if (field.packed) {
      output.key(field.number, WIRE.bytes);
      mark = output.open(1);
    }
    let index = 0;
    do {
      if (!this.#element(field)) return cursor.within(`[${index}]`);
      // Only a list can make more bytes than it is made of.
      if (output.length > this.#maxBytes) return cursor.fail('the request is too large as protobuf', 'BODY_TOO_LARGE');
      index += 1;
    } while (cursor.more(CLOSE_LIST));
    if (field.packed) output.close(mark, 1);
    return cursor.cause === '';
  }

  #element(field: Field): boolean {
    const cursor = this.#cursor;
    if (field.message === undefined) return this.#scalar(field, true, !field.packed);
    if (cursor.next() !== LOWER_N) return this.#nested(field, field.message);
    // A list cannot leave an element out: null is one without content, as the Go collector reads it.
    output.key(field.number, WIRE.bytes);
    output.byte(0);
    return cursor.literal('null');
  }

  /** `zero`: write the value even when it is the type's default. `keyed`: with the field's key in front. */
  #scalar(field: Field, zero: boolean, keyed: boolean): boolean {
    switch (field.type) {
      case 'string':
        return this.#text(field, zero);
      case 'bytes':
        return field.idBytes > 0 ? this.#id(field, zero) : this.#base64(field, zero);
      case 'bool':
        return this.#bool(field, zero);
      case 'double':
        return this.#double(field, zero, keyed);
      default:
        return this.#integer(field, zero, keyed);
    }
  }

  #text(field: Field, zero: boolean): boolean {
    const cursor = this.#cursor;
    if (cursor.next() !== QUOTE) return cursor.fail('a string is expected');
    if (!cursor.string()) return false;
    const size = cursor.textEnd - cursor.textStart;
    if (size === 0 && !zero) return true;
    output.key(field.number, WIRE.bytes);
    if (cursor.escaped) {
      const reserved = varintBytes(size);
      const mark = output.open(reserved);
      unescape(cursor.bytes, cursor.textStart, cursor.textEnd, output);
      output.close(mark, reserved);
    } else {
      output.varint(size);
      output.copy(cursor.bytes, cursor.textStart, cursor.textEnd);
    }
    return true;
  }

  /** The string at the cursor without escapes, in `source` from `sourceStart` to `sourceEnd`. */
  #plain(): boolean {
    const cursor = this.#cursor;
    if (!cursor.string()) return false;
    if (cursor.escaped) {
      unescaped.clear();
      unescape(cursor.bytes, cursor.textStart, cursor.textEnd, unescaped);
      this.#source = unescaped.peek();
      this.#sourceStart = 0;
      this.#sourceEnd = unescaped.length;
    } else {
      this.#source = cursor.bytes;
      this.#sourceStart = cursor.textStart;
      this.#sourceEnd = cursor.textEnd;
    }
    return true;
  }
  #source: Buffer = unescaped.peek();
  #sourceStart = 0;
  #sourceEnd = 0;

  #id(field: Field, zero: boolean): boolean {
    const cursor = this.#cursor;
    if (cursor.next() !== QUOTE) return cursor.fail('an id in hexadecimal is expected');
    if (!this.#plain()) return false;
    const digits = this.#sourceEnd - this.#sourceStart;
    if (digits === 0 && !zero) return true;
    if (digits !== 0 && digits !== field.idBytes * 2) {
      return cursor.fail(`an id of ${field.idBytes * 2} hexadecimal digits is expected, there are ${digits}`);
    }
    output.key(field.number, WIRE.bytes);
    output.varint(digits / 2);
    for (let at = this.#sourceStart; at < this.#sourceEnd; at += 2) {
      const byte = hexDigit(this.#source[at]!) * 16 + hexDigit(this.#source[at + 1]!);
      if (byte < 0 || hexDigit(this.#source[at + 1]!) < 0) return cursor.fail('an id in hexadecimal is expected');
      output.byte(byte);
    }
    return true;
  }

  #base64(field: Field, zero: boolean): boolean {
    const cursor = this.#cursor;
    if (cursor.next() !== QUOTE) return cursor.fail('base64 in quotes is expected');
    if (!this.#plain()) return false;
    if (this.#sourceEnd === this.#sourceStart && !zero) return true;
    if (!isBase64(this.#source, this.#sourceStart, this.#sourceEnd)) return cursor.fail('base64 is expected');
    const decoded = Buffer.from(this.#sourceText(), 'base64');
    output.key(field.number, WIRE.bytes);
    output.varint(decoded.length);
    output.copy(decoded, 0, decoded.length);
    return true;
  }

  #bool(field: Field, zero: boolean): boolean {
    const cursor = this.#cursor;
    const first = cursor.next();
    if (first !== LOWER_T && first !== LOWER_F) return cursor.fail('true or false is expected');
    if (!cursor.literal(first === LOWER_T ? 'true' : 'false')) return false;
    if (first === LOWER_F && !zero) return true;
    output.key(field.number, WIRE.varint);
    output.byte(first === LOWER_T ? 1 : 0);
    return true;
  }

  #double(field: Field, zero: boolean, keyed: boolean): boolean {
    const cursor = this.#cursor;
    let value: number;
    if (cursor.next() === QUOTE) {
      if (!this.#plain()) return false;
      const special = this.#sourceEnd - this.#sourceStart <= 9 ? NOT_FINITE.get(this.#sourceText()) : undefined;
      if (special === undefined && !this.#wholeSource()) return cursor.fail('a number is expected');
      value = special ?? cursor.decimal.toDouble();
      if (special === undefined && !Number.isFinite(value)) return cursor.fail('the number is out of range');
    } else {
      if (!this.#number()) return false;
      value = cursor.decimal.toDouble();
      if (!Number.isFinite(value)) return cursor.fail('the number is out of range');
    }
    // -0 is not the default: only +0 may be left out.
    if (!zero && Object.is(value, 0)) return true;
    if (keyed) output.key(field.number, WIRE.fixed64);
    output.double(value);
    return true;
  }

  #integer(field: Field, zero: boolean, keyed: boolean): boolean {
    const cursor = this.#cursor;
    if (cursor.next() === QUOTE) {
      if (!this.#plain()) return false;
      const named = field.enumValues?.get(this.#sourceEnd - this.#sourceStart <= 64 ? this.#sourceText() : '');
      if (named !== undefined) return this.#small(field, named, zero);
      if (!this.#wholeSource())
        return cursor.fail(field.enumValues ? 'a number or a name of the enum is expected' : 'an integer is expected');
    } else if (!this.#number()) {
      return false;
    }
    const decimal = cursor.decimal;
    const cause = decimal.toMagnitude();
    if (cause !== '') return cursor.fail(cause);
    const { high, low } = decimal;
    const isZero = high === 0 && low === 0;
    const negative = decimal.negative && !isZero;
    if (!inRange(field, negative, high, low)) return cursor.fail('the number is out of range');
    if (isZero && !zero) return true;
    if (keyed) output.key(field.number, field.wireType);
    // Two's complement of 64 bits; a narrower negative number is sign-extended, as protobuf has it.
    const lower = negative ? (~low + 1) >>> 0 : low;
    const upper = negative ? (~high + (low === 0 ? 1 : 0)) >>> 0 : high;
    if (field.type === 'sint32') output.varint(((lower << 1) ^ (lower >> 31)) >>> 0);
    else if (field.type === 'fixed32') output.fixed32(lower);
    else if (field.wireType === WIRE.fixed64) output.fixed64(upper, lower);
    else output.varint64(upper, lower);
    return true;
  }

  #small(field: Field, value: number, zero: boolean): boolean {
    if (value === 0 && !zero) return true;
    output.key(field.number, WIRE.varint);
    output.varint(value);
    return true;
  }

  #number(): boolean {
    const cursor = this.#cursor;
    const first = cursor.next();
    if (first !== 0x2d && (first < 0x30 || first > 0x39)) return cursor.fail('a number is expected');
    return cursor.number();
  }

  /** Whether the string read last is a number from end to end. */
  #wholeSource(): boolean {
    return (
      this.#cursor.decimal.scan(this.#source, this.#sourceStart, this.#sourceEnd) === this.#sourceEnd &&
      this.#sourceEnd > this.#sourceStart
    );
  }

  #sourceText(): string {
    return this.#source.toString('latin1', this.#sourceStart, this.#sourceEnd);
  }
}

/** Either alphabet, with or without padding. */
function isBase64(bytes: Buffer, start: number, end: number): boolean {
  let last = end;
  while (last > start && end - last < 2 && bytes[last - 1] === 0x3d) last -= 1;
  for (let at = start; at < last; at++) if (BASE64[bytes[at]!] === 0) return false;
  return last < end ? (end - start) % 4 === 0 : (end - start) % 4 !== 1;
}

/** Whether the magnitude high:low with its sign fits the field's type. */
function inRange(field: Field, negative: boolean, high: number, low: number): boolean {
  switch (field.type) {
    case 'uint32':
    case 'fixed32':
      return !negative && high === 0;
    case 'uint64':
    case 'fixed64':
      return !negative;
    case 'int64':
    case 'sfixed64':
      return high < 0x8000_0000 || (negative && high === 0x8000_0000 && low === 0);
    default:
      return high === 0 && (low < 0x8000_0000 || (negative && low === 0x8000_0000));
  }
}
