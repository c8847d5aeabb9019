import { hash } from 'node:crypto';
import { writeAnyValue } from '../otlp/any-value.ts';
import { BOOL, DOUBLE, INT, TEXT, type ValueReader } from '../otlp/value-reader.kernel.ts';
import { intText, valueText } from '../otlp/value-text.ts';

/** What `hash` and `convert` make of a value, as AnyValue bytes; the rules are the Go collector's (attraction package). */

const NUMBERS = new DataView(new ArrayBuffer(8));

/** AnyValue { string_value } of 64 characters, used again by every hash. */
const HASH_VALUE = Buffer.concat([Buffer.of(0x0a, 64), Buffer.alloc(64)]);
const NO_HASH = textValue('');

/**
 * SHA-256 in hex of a text's bytes, of a number's eight bytes (little-endian), of a flag's one; '' of anything else. Good
 * until the next call.
 */
export function hashed(value: ValueReader): Uint8Array {
  const text = hashText(value);
  if (text === '') return NO_HASH;
  HASH_VALUE.write(text, 2, 'latin1');
  return HASH_VALUE;
}

function hashText(value: ValueReader): string {
  switch (value.kind) {
    case TEXT:
      return hash('sha256', value.bytes.subarray(value.start, value.end), 'hex');
    case BOOL:
      return hash('sha256', Uint8Array.of(value.low), 'hex');
    case INT:
      NUMBERS.setInt32(0, value.low, true);
      NUMBERS.setInt32(4, value.high, true);
      return hash('sha256', new Uint8Array(NUMBERS.buffer), 'hex');
    case DOUBLE:
      NUMBERS.setFloat64(0, value.double, true);
      return hash('sha256', new Uint8Array(NUMBERS.buffer), 'hex');
    default:
      return '';
  }
}

export function textValue(text: string): Uint8Array {
  return writeAnyValue({ kind: 'string', text });
}

/** Undefined when the value stays what it is: it has the type already, or cannot have it. */
export function converted(value: ValueReader, to: 'int' | 'double' | 'string'): Uint8Array | undefined {
  if (to === 'string') return value.kind === TEXT ? undefined : textValue(valueText(value));
  if (to === 'int') {
    const int = intOf(value);
    return int === undefined ? undefined : writeAnyValue({ kind: 'int', value: int });
  }
  const double = doubleOf(value);
  return double === undefined ? undefined : writeAnyValue({ kind: 'double', value: double });
}

const LEAST = -(2n ** 63n);
const WHOLE = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const WORD = /^([+-]?)(inf|infinity)$/i;

function intOf(value: ValueReader): bigint | undefined {
  if (value.kind === BOOL) return BigInt(value.low);
  if (value.kind === DOUBLE) {
    // Outside of int64, and for NaN, Go gives on amd64 what the processor gives: the least int64.
    const whole = Math.trunc(value.double);
    return Math.abs(whole) < 2 ** 63 ? BigInt(whole) : LEAST;
  }
  if (value.kind !== TEXT) return undefined;
  const text = valueText(value);
  // 19 digits are the most an int64 has; zeros in front are free.
  if (!WHOLE.test(text) || text.length > 64) return undefined;
  const int = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, int) === int ? int : undefined;
}

function doubleOf(value: ValueReader): number | undefined {
  if (value.kind === BOOL) return value.low;
  if (value.kind === INT) return Number(BigInt(intText(value)));
  if (value.kind !== TEXT) return undefined;
  const text = valueText(value);
  const word = WORD.exec(text);
  if (word !== null) return word[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (!DECIMAL.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
