/**
 * Steps over the protobuf fields of one message: `while (cursor.next()) …`, then `fault` says whether it ended well.
 * Reads no values, allocates nothing. Accepts over-long varints up to ten bytes, as decoders do; refuses groups,
 * field number 0, and anything that reaches past `end`.
 */
export class FieldCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** The next field begins here; after `next()` also the end of the current value. */
  position: number;
  /** Where the current field's key begins. */
  start = 0;
  /** Where its value begins: for wire type 2 after the length. */
  valueStart = 0;
  number = 0;
  wireType = 0;
  /** '' or the cause. */
  fault = '';

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  next(): boolean {
    if (this.position >= this.end) return false;
    this.start = this.position;
    let key = this.bytes[this.position]!;
    if (key < 0x80) this.position += 1;
    else key = this.#varint();
    if (key < 0) return this.#fail('a field key is cut off or over-long');
    this.wireType = key % 8;
    this.number = Math.floor(key / 8);
    if (this.number === 0 || this.number > 0x1fff_ffff) return this.#fail('a field number is out of range');
    return this.#value();
  }

  #value(): boolean {
    this.valueStart = this.position;
    switch (this.wireType) {
      case 0:
        return this.#varint() < 0 ? this.#fail('a varint is cut off or over-long') : true;
      case 1:
        this.position += 8;
        break;
      case 2: {
        let length = this.position < this.end ? this.bytes[this.position]! : 0x80;
        if (length < 0x80) this.position += 1;
        else length = this.#varint();
        if (length < 0) return this.#fail('a length is cut off or over-long');
        this.valueStart = this.position;
        this.position += length;
        break;
      }
      case 5:
        this.position += 4;
        break;
      default:
        return this.#fail(`wire type ${this.wireType} is not used by OTLP`);
    }
    return this.position > this.end ? this.#fail('a value reaches past the end of its message') : true;
  }

  /** -1 when cut off or longer than ten bytes. Exact up to 2^53, which is more than any length or key may be. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    const last = Math.min(this.position + 10, this.end);
    for (let at = this.position; at < last; at++) {
      const byte = this.bytes[at]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.position = at + 1;
        return value;
      }
      scale *= 128;
    }
    return -1;
  }

  #fail(cause: string): false {
    this.fault = cause;
    this.position = this.end;
    return false;
  }
}
