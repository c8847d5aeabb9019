import { GrowingBuffer } from './growing-buffer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
/** 1 = the byte stands in JSON text as it is; bytes of UTF-8 sequences do. */
const PLAIN = new Uint8Array(256).fill(1, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  JSON.stringify(String.fromCharCode(byte)).slice(1, -1),
);

/** Writes JSON values as UTF-8 bytes. */
export class JsonWriter extends GrowingBuffer {
  readonly #digits = new Uint8Array(20);

  /** UTF-8 text as a JSON string. */
  text(bytes: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    let run = start;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (PLAIN[byte] === 1) continue;
      this.copy(bytes, run, at);
      this.latin1(ESCAPES[byte]!);
      run = at + 1;
    }
    this.copy(bytes, run, end);
    this.byte(QUOTE);
  }

  /** An id: lower-case hexadecimal. */
  hex(bytes: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      this.byte(HEX_DIGITS[byte >> 4]!);
      this.byte(HEX_DIGITS[byte & 15]!);
    }
    this.byte(QUOTE);
  }

  base64(bytes: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    this.latin1(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('base64'));
    this.byte(QUOTE);
  }

  /** A whole number below 2^53 in magnitude. */
  integer(value: number): void {
    if (value < 0) this.byte(MINUS);
    this.#decimal(Math.abs(value), 1);
  }

  /** Any number; what JSON cannot say as a string. */
  number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.integer(value);
    else if (Number.isFinite(value)) this.latin1(Object.is(value, -0) ? '-0' : String(value));
    else this.latin1(`"${value}"`);
  }

  /** 64 bits, unsigned halves, as a decimal string: JSON numbers lose digits in most readers. */
  unsigned64(high: number, low: number): void {
    this.byte(QUOTE);
    this.#wide(high, low);
    this.byte(QUOTE);
  }

  signed64(high: number, low: number): void {
    if (high < 0x8000_0000) return this.unsigned64(high, low);
    this.byte(QUOTE);
    this.byte(MINUS);
    this.#wide((~high + (low === 0 ? 1 : 0)) >>> 0, (~low + 1) >>> 0);
    this.byte(QUOTE);
  }

  #wide(high: number, low: number): void {
    if (high < 0x20_0000) return this.#decimal(high * 0x1_0000_0000 + low, 1);
    // Long division by 10^9 in steps of 16 bits, so that every remainder times 2^16 stays exact.
    const first = (high % 1e9) * 0x10000 + (low >>> 16);
    const second = (first % 1e9) * 0x10000 + (low & 0xffff);
    const quotient = Math.floor(high / 1e9) * 0x1_0000_0000 + Math.floor(first / 1e9) * 0x10000 + Math.floor(second / 1e9);
    this.#decimal(quotient, 1);
    this.#decimal(second % 1e9, 9);
  }

  /** At least `width` digits of a whole number below 2^53. */
  #decimal(value: number, width: number): void {
    const digits = this.#digits;
    let at = digits.length;
    let rest = value;
    while (rest >= 0x8000_0000) {
      const next = Math.floor(rest / 10);
      digits[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    while (rest > 0 || digits.length - at < width) {
      const next = (rest / 10) | 0;
      digits[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.copy(digits, at, digits.length);
  }
}
