import { FieldReader } from './field-reader.kernel.ts';
import { skipVarint } from './varint.kernel.ts';

/**
 * One value, read from bytes without making an object of it: a register that is filled again and again. 64-bit integers
 * are two halves, text and bytes are places.
 */
export const NIL = 0;
export const TEXT = 1;
export const BOOL = 2;
export const INT = 3;
export const DOUBLE = 4;
export const LIST = 5;
export const MAP = 6;
export const BYTES = 7;

const scratch = new DataView(new ArrayBuffer(8));

export class ValueReader {
  kind = NIL;
  /** Where text, bytes, lists and maps are. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Of an INT: the halves of two's complement; of a BOOL `low` is 0 or 1. */
  high = 0;
  low = 0;
  double = 0;
  readonly #reader = new FieldReader();

  nil(): void {
    this.kind = NIL;
  }

  bool(value: boolean): void {
    this.kind = BOOL;
    this.low = value ? 1 : 0;
  }

  int32(value: number): void {
    this.kind = INT;
    this.high = value < 0 ? -1 : 0;
    this.low = value | 0;
  }

  setDouble(value: number): void {
    this.kind = DOUBLE;
    this.double = value;
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.#place(TEXT, bytes, start, end);
  }

  #place(kind: number, bytes: Uint8Array, start: number, end: number): void {
    this.kind = kind;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** The AnyValue message in [start, end): NIL when it has no member. */
  anyValue(bytes: Uint8Array, start: number, end: number): void {
    this.kind = NIL;
    const reader = this.#reader;
    reader.begin(bytes, start, end);
    while (reader.next()) {
      const { number, valueStart, position } = reader;
      if (number === 2) this.bool(isTrue(bytes, valueStart, position));
      else if (number === 3) this.varint(bytes, valueStart, position);
      else if (number === 4) this.fixedDouble(bytes, valueStart);
      else if (number <= 7) this.#place(number, bytes, valueStart, position);
    }
  }

  /** An int64 varint. */
  varint(bytes: Uint8Array, start: number, end: number): void {
    let low = 0;
    let high = 0;
    let shift = 0;
    const last = skipVarint(bytes, start, end);
    for (let p = start; p < last; p++) {
      const bits = bytes[p]! & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      shift += 7;
    }
    this.kind = INT;
    this.low = low | 0;
    this.high = high | 0;
  }

  /** A 64-bit integer of fixed length. */
  fixedInt(bytes: Uint8Array, start: number): void {
    this.kind = INT;
    this.low = bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 24);
    this.high = bytes[start + 4]! | (bytes[start + 5]! << 8) | (bytes[start + 6]! << 16) | (bytes[start + 7]! << 24);
  }

  fixedDouble(bytes: Uint8Array, start: number): void {
    for (let i = 0; i < 8; i++) scratch.setUint8(i, bytes[start + i]!);
    this.kind = DOUBLE;
    this.double = scratch.getFloat64(0, true);
  }

  /** An INT or DOUBLE as the nearest double. */
  get asDouble(): number {
    return this.kind === DOUBLE ? this.double : this.high * 4_294_967_296 + (this.low >>> 0);
  }
}

function isTrue(bytes: Uint8Array, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if ((bytes[p]! & (p - start < 9 ? 0x7f : 1)) !== 0) return true;
  return false;
}
