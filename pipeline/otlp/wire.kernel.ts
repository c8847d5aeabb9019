/**
 * Reading protobuf by hand: keys, lengths, varints, for loops that know what they expect. Positions are places in `bytes`;
 * -1 stands for bytes that are cut off or no protobuf. `at` is the place behind what was read last.
 */
export class Wire {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;

  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The field key at `p`: number * 8 + wire type, which is at least 8; -1 if there is none. */
  key(p: number, end: number): number {
    const first = this.bytes[p]!;
    if (first < 0x80) {
      this.at = p + 1;
      return first < 8 ? -1 : first;
    }
    const long = this.varint(p, end);
    return long < 8 || long > 0xffff_ffff ? -1 : long;
  }

  /** Where the value ends whose length stands at `p`; `at` is where it begins. */
  sized(p: number, end: number): number {
    let length = p < end ? this.bytes[p]! : 0x80;
    if (length < 0x80) this.at = p + 1;
    else if (p + 1 < end && this.bytes[p + 1]! < 0x80) {
      length = (length & 0x7f) | (this.bytes[p + 1]! << 7);
      this.at = p + 2;
    } else {
      length = this.varint(p, end);
      if (length < 0) return -1;
    }
    const last = this.at + length;
    return last > end ? -1 : last;
  }

  /** A varint as a number, exact up to 2^53. */
  varint(p: number, end: number): number {
    const limit = end - p > 10 ? p + 10 : end;
    let value = 0;
    let scale = 1;
    for (let q = p; q < limit; q++) {
      const byte = this.bytes[q]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.at = q + 1;
        return value;
      }
      scale *= 128;
    }
    return -1;
  }

  /** A varint as protobuf reads it into 32 bits: the upper ones are cut off. Signed; 0 when it is cut off, and `at` is -1. */
  varint32(p: number, end: number): number {
    const limit = end - p > 10 ? p + 10 : end;
    let value = 0;
    let shift = 0;
    for (let q = p; q < limit; q++) {
      const byte = this.bytes[q]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = q + 1;
        return value;
      }
      shift += 7;
    }
    this.at = -1;
    return 0;
  }

  /** Is any bit of the varint set? `at` is -1 when it is cut off. */
  bool(p: number, end: number): boolean {
    const limit = end - p > 10 ? p + 10 : end;
    let bits = 0;
    for (let q = p; q < limit; q++) {
      const byte = this.bytes[q]!;
      bits |= q - p < 9 ? byte & 0x7f : byte & 1;
      if (byte < 0x80) {
        this.at = q + 1;
        return bits !== 0;
      }
    }
    this.at = -1;
    return false;
  }

  /** The place behind the value at `p` of a field with this key. */
  skip(key: number, p: number, end: number): number {
    let next = -1;
    switch (key & 7) {
      case 0:
        next = this.varint(p, end) < 0 ? -1 : this.at;
        break;
      case 1:
        next = p + 8;
        break;
      case 2:
        next = this.sized(p, end);
        break;
      case 5:
        next = p + 4;
        break;
      default:
    }
    return next > end ? -1 : next;
  }
}
