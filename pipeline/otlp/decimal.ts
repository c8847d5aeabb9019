const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
/** Beyond it every number is zero or out of range, whatever its digits. */
const EXPONENT_MAX = 1e9;
/** Digits that a double holds exactly, so that one division rounds once. */
const EXACT_DIGITS = 15;
const DIGITS_64_BIT = 20;

/** One number in JSON's grammar, read from bytes without loss: as a 64-bit magnitude or as the nearest double. */
export class Decimal {
  negative = false;
  /** Of the magnitude, unsigned halves; after `toMagnitude`. */
  high = 0;
  low = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #wholeStart = 0;
  #wholeEnd = 0;
  #fractionStart = 0;
  #fractionEnd = 0;
  #exponent = 0;

  /** Reads the number that begins at `start`; returns where it ends, or -1 when there is none. */
  scan(bytes: Buffer, start: number, limit: number): number {
    let at = start;
    this.#bytes = bytes;
    this.#start = start;
    this.negative = bytes[at] === MINUS;
    if (this.negative) at += 1;
    this.#wholeStart = at;
    at = digitsEnd(bytes, at, limit);
    this.#wholeEnd = at;
    if (at === this.#wholeStart || (bytes[this.#wholeStart] === ZERO && at > this.#wholeStart + 1)) return -1;
    this.#fractionStart = this.#fractionEnd = at;
    if (at < limit && bytes[at] === DOT) {
      this.#fractionStart = at + 1;
      at = this.#fractionEnd = digitsEnd(bytes, at + 1, limit);
      if (this.#fractionEnd === this.#fractionStart) return -1;
    }
    this.#exponent = 0;
    if (at < limit && (bytes[at]! | 0x20) === 0x65) at = this.#scanExponent(at + 1, limit);
    this.#end = at;
    return at;
  }

  #scanExponent(start: number, limit: number): number {
    let at = start;
    const sign = at < limit ? this.#bytes[at] : 0;
    if (sign === MINUS || sign === PLUS) at += 1;
    const end = digitsEnd(this.#bytes, at, limit);
    if (end === at) return -1;
    let exponent = 0;
    for (; at < end; at++) exponent = Math.min(exponent * 10 + this.#bytes[at]! - ZERO, EXPONENT_MAX);
    this.#exponent = sign === MINUS ? -exponent : exponent;
    return end;
  }

  /** Sets `high` and `low`; returns '' or why the number is no 64-bit integer. */
  toMagnitude(): string {
    const digits = this.#wholeEnd - this.#wholeStart;
    if (this.#fractionEnd > this.#fractionStart || this.#exponent !== 0) return this.#shifted();
    if (digits > DIGITS_64_BIT) return 'the number is out of range';
    // Two halves of at most ten digits; ten digits are below 2^34.
    const tail = Math.min(digits, 10);
    const upper = this.#digits(this.#wholeStart, this.#wholeEnd - tail);
    const lower = this.#digits(this.#wholeEnd - tail, this.#wholeEnd);
    return this.#combine(upper, lower);
  }

  /** upper * 10^10 + lower, in parts that stay below 2^53. */
  #combine(upper: number, lower: number): string {
    const scaledHigh = Math.floor(upper / 0x10000) * 1e10;
    const low = (scaledHigh % 0x10000) * 0x10000 + (upper % 0x10000) * 1e10 + lower;
    this.high = Math.floor(scaledHigh / 0x10000) + Math.floor(low / 0x1_0000_0000);
    this.low = low % 0x1_0000_0000;
    return this.high > 0xffff_ffff ? 'the number is out of range' : '';
  }

  /** A number with a fraction or an exponent may still be whole: 1.50e1. */
  #shifted(): string {
    const fraction = this.#fractionEnd - this.#fractionStart;
    const all = this.#wholeEnd - this.#wholeStart + fraction;
    let first = 0;
    while (first < all && this.#digit(first) === 0) first += 1;
    if (first === all) return this.#combine(0, 0);
    let last = all - 1;
    while (this.#digit(last) === 0) last -= 1;
    const zeros = this.#exponent - fraction + (all - 1 - last);
    if (zeros < 0) return 'the number is not whole';
    const digits = last - first + 1 + zeros;
    if (digits > DIGITS_64_BIT) return 'the number is out of range';
    let upper = 0;
    let lower = 0;
    for (let i = 0; i < digits; i++) {
      const digit = first + i <= last ? this.#digit(first + i) : 0;
      if (i < digits - 10) upper = upper * 10 + digit;
      else lower = lower * 10 + digit;
    }
    return this.#combine(upper, lower);
  }

  /** Digit `i` of all, the point left out. */
  #digit(i: number): number {
    const whole = this.#wholeEnd - this.#wholeStart;
    return this.#bytes[i < whole ? this.#wholeStart + i : this.#fractionStart + i - whole]! - ZERO;
  }

  /** The nearest double; infinite when the number is out of its range. */
  toDouble(): number {
    const fraction = this.#fractionEnd - this.#fractionStart;
    if (this.#exponent !== 0 || this.#wholeEnd - this.#wholeStart + fraction > EXACT_DIGITS) {
      return Number(this.#bytes.toString('latin1', this.#start, this.#end));
    }
    let value = this.#digits(this.#wholeStart, this.#wholeEnd);
    for (let at = this.#fractionStart; at < this.#fractionEnd; at++) value = value * 10 + this.#bytes[at]! - ZERO;
    if (fraction > 0) value /= 10 ** fraction;
    return this.negative ? -value : value;
  }

  #digits(start: number, end: number): number {
    let value = 0;
    for (let at = start; at < end; at++) value = value * 10 + this.#bytes[at]! - ZERO;
    return value;
  }
}

function digitsEnd(bytes: Buffer, start: number, limit: number): number {
  let at = start;
  while (at < limit && bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1;
  return at;
}
