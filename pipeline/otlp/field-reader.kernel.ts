import { skipVarint } from './varint.kernel.ts';

/**
 * Steps over the fields of one message after another without a new object for each: `begin`, then `while (next()) …`.
 * For bytes that a walk has found valid; on others it ends early. 5 to 10 ns per field.
 */
export class FieldReader {
  bytes: Uint8Array = new Uint8Array(0);
  end = 0;
  /** The next field begins here: the end of the current one. */
  position = 0;
  /** Where the current field's key begins. */
  start = 0;
  /** Where its length begins, when it has one. */
  lengthStart = 0;
  /** Where its value begins: for wire type 2 behind the length. */
  valueStart = 0;
  number = 0;
  wireType = 0;

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  next(): boolean {
    const { bytes, end } = this;
    let p = this.position;
    if (p >= end) return false;
    this.start = p;
    let key = bytes[p]!;
    if (key < 0x80) p += 1;
    else {
      key = this.#long(p, end);
      p = this.position;
    }
    if (key < 8) return this.#stop();
    this.number = key < 0x8000_0000 ? key >>> 3 : Math.floor(key / 8);
    const wire = key & 7;
    this.wireType = wire;
    this.lengthStart = p;
    this.valueStart = p;
    if (wire === 2) {
      let length = p < end ? bytes[p]! : -1;
      if (length < 0x80) p += 1;
      else {
        length = this.#long(p, end);
        p = this.position;
      }
      if (length < 0) return this.#stop();
      this.valueStart = p;
      p += length;
    } else if (wire === 0) p = skipVarint(bytes, p, end);
    else p = wire === 1 ? p + 8 : wire === 5 ? p + 4 : -1;
    if (p < 0 || p > end) return this.#stop();
    this.position = p;
    return true;
  }

  /** A varint of several bytes, exact up to 2^53; -1 when it is cut off. Leaves the place behind it in `position`. */
  #long(start: number, end: number): number {
    const limit = Math.min(start + 10, end);
    let value = 0;
    let scale = 1;
    for (let p = start; p < limit; p++) {
      const byte = this.bytes[p]!;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      this.position = p + 1;
      return value;
    }
    return -1;
  }

  #stop(): false {
    this.position = this.end;
    return false;
  }
}
