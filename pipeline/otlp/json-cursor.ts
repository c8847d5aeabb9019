import type { ErrorCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { Decimal } from './decimal.ts';
import type { GrowingBuffer } from './growing-buffer.ts';

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const LOWER_N = 0x6e;
export const LOWER_T = 0x74;
export const LOWER_F = 0x66;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
/** A key of a sender shown in one of our messages. */
const KEY_CHARS = 40;

/** Escapes of one letter: the byte it stands for. */
const ESCAPES = new Map(Object.entries({ '"': 0x22, '\\': 0x5c, '/': 0x2f, b: 8, f: 12, n: 10, r: 13, t: 9 }));
const ESCAPED = new Uint8Array(256);
for (const [letter, byte] of ESCAPES) ESCAPED[letter.charCodeAt(0)] = byte;
const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) HEX['0123456789abcdef'.charCodeAt(i)] = HEX['0123456789ABCDEF'.charCodeAt(i)] = i;

/** Value of a hexadecimal digit of either case, -1 for any other byte. */
export function hexDigit(byte: number): number {
  return HEX[byte]!;
}

/**
 * Reads JSON text (RFC 8259) token by token from bytes that are valid UTF-8. Every method returns false when the text
 * is wrong, after noting the cause; callers return false in turn and put their step in front of `path`.
 */
export class JsonCursor {
  readonly bytes: Buffer;
  at = 0;
  depth = 0;
  cause = '';
  code: ErrorCode = 'MALFORMED';
  /** Steps from the top to the fault: `.spans`, `[3]`. */
  readonly path: string[] = [];
  /** Content of the last string token, without quotes; `escaped` when it holds a backslash. */
  textStart = 0;
  textEnd = 0;
  escaped = false;
  readonly decimal = new Decimal();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    // A byte order mark is no JSON, but some senders write it and RFC 8259 lets a reader skip it.
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3;
  }

  fail(cause: string, code: ErrorCode = 'MALFORMED'): false {
    this.cause = `${cause} (byte ${this.at})`;
    this.code = code;
    return false;
  }

  /** False for the caller to return; `step` leads to the fault. */
  within(step: string): false {
    this.path.unshift(step);
    return false;
  }

  /** The text of a key as a step of a path. */
  keyStep(start: number, end: number): string {
    const text = this.bytes.toString('latin1', start, Math.min(end, start + KEY_CHARS));
    return `.${text.replaceAll(/[^\x20-\x7e]/g, '?')}`;
  }

  /** Skips white space; the byte that follows, or -1 at the end. */
  next(): number {
    const bytes = this.bytes;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at]!;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return byte;
    }
    return -1;
  }

  /** Enters an object or list: past its bracket. */
  enter(): boolean {
    this.depth += 1;
    if (this.depth > LIMITS.jsonDepth) return this.fail(`nested deeper than ${LIMITS.jsonDepth}`, 'TOO_DEEP');
    this.at += 1;
    return true;
  }

  /** After an element: true past a comma with another element to come, false past `close` or at a fault (see `cause`). */
  more(close: number): boolean {
    const byte = this.next();
    if (byte === COMMA) {
      this.at += 1;
      return true;
    }
    if (byte !== close) return this.fail(`"," or "${String.fromCharCode(close)}" is expected`);
    this.leave();
    return false;
  }

  leave(): void {
    this.at += 1;
    this.depth -= 1;
  }

  /** A key and its colon. */
  key(): boolean {
    if (this.next() !== QUOTE) return this.fail('a key in quotes is expected');
    if (!this.string()) return false;
    if (this.next() !== COLON) return this.fail('":" is expected');
    this.at += 1;
    return true;
  }

  /** A string token, at its quote. */
  string(): boolean {
    const bytes = this.bytes;
    this.escaped = false;
    let at = this.at + 1;
    this.textStart = at;
    for (;;) {
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 0x20) return this.#badString(at);
      at += 1;
      if (byte !== BACKSLASH) continue;
      this.escaped = true;
      const size = escapeBytes(bytes, at);
      if (size === 0) return this.#badString(at);
      at += size;
    }
    this.textEnd = at;
    this.at = at + 1;
    return true;
  }

  #badString(at: number): false {
    this.at = Math.min(at, this.bytes.length);
    if (at >= this.bytes.length) return this.fail('a string does not end');
    return this.fail(this.bytes[at]! < 0x20 ? 'a control character stands in a string' : 'an escape in a string is not valid');
  }

  /** A number token; `decimal` holds it. */
  number(): boolean {
    const end = this.decimal.scan(this.bytes, this.at, this.bytes.length);
    if (end < 0) return this.fail('this is not JSON');
    this.at = end;
    return true;
  }

  literal(word: 'null' | 'true' | 'false'): boolean {
    if (this.bytes.toString('latin1', this.at, this.at + word.length) !== word) return this.fail('this is not JSON');
    this.at += word.length;
    return true;
  }

  /** Any value, which is checked and left out. */
  skip(): boolean {
    switch (this.next()) {
      case QUOTE:
        return this.string();
      case OPEN_OBJECT:
        return this.#skipObject();
      case OPEN_LIST:
        return this.#skipList();
      case LOWER_N:
        return this.literal('null');
      case LOWER_T:
        return this.literal('true');
      case LOWER_F:
        return this.literal('false');
      case -1:
        return this.fail('the text ends too early');
      default:
        return this.number();
    }
  }

  #skipObject(): boolean {
    if (!this.enter()) return false;
    if (this.next() === CLOSE_OBJECT) return this.#left();
    do {
      if (!this.key() || !this.skip()) return false;
    } while (this.more(CLOSE_OBJECT));
    return this.cause === '';
  }

  #skipList(): boolean {
    if (!this.enter()) return false;
    if (this.next() === CLOSE_LIST) return this.#left();
    do {
      if (!this.skip()) return false;
    } while (this.more(CLOSE_LIST));
    return this.cause === '';
  }

  #left(): true {
    this.leave();
    return true;
  }
}

/** Bytes of the escape behind a backslash at `at - 1`, or 0 when there is none such. */
function escapeBytes(bytes: Buffer, at: number): number {
  const letter = bytes[at];
  if (letter === undefined) return 0;
  if (letter !== LOWER_U) return ESCAPED[letter] === 0 ? 0 : 1;
  if (at + 5 > bytes.length) return 0;
  return codeUnit(bytes, at + 1) < 0 ? 0 : 5;
}

/** Four hexadecimal digits; negative when one of them is none. */
function codeUnit(bytes: Buffer, at: number): number {
  const digits = [HEX[bytes[at]!]!, HEX[bytes[at + 1]!]!, HEX[bytes[at + 2]!]!, HEX[bytes[at + 3]!]!] as const;
  if (digits[0] < 0 || digits[1] < 0 || digits[2] < 0 || digits[3] < 0) return -1;
  return digits[0] * 4096 + digits[1] * 256 + digits[2] * 16 + digits[3];
}

/** Writes the content of a string token as UTF-8; a surrogate without its partner becomes U+FFFD. */
export function unescape(bytes: Buffer, start: number, end: number, out: GrowingBuffer): void {
  let at = start;
  while (at < end) {
    const run = at;
    while (at < end && bytes[at] !== BACKSLASH) at += 1;
    out.copy(bytes, run, at);
    if (at >= end) return;
    at += 1;
    if (bytes[at] !== LOWER_U) {
      out.byte(ESCAPED[bytes[at]!]!);
      at += 1;
      continue;
    }
    const unit = codeUnit(bytes, at + 1);
    at += 5;
    let point = unit;
    if (unit >= 0xd800 && unit <= 0xdfff) {
      point = 0xfffd;
      const isPair = unit < 0xdc00 && at + 6 <= end && bytes[at] === BACKSLASH && bytes[at + 1] === LOWER_U;
      const low = isPair ? codeUnit(bytes, at + 2) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        point = 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00);
        at += 6;
      }
    }
    out.codePoint(point);
  }
}
