import { assert } from '../assert.ts';

/** From here on a native copy beats a loop. */
const COPY_LOOP_BYTES = 32;
/** A scratch buffer larger than this is given back after use. */
const KEPT_BYTES = 1024 * 1024;
const FIRST_BYTES = 16 * 1024;
/** Bytes of `value` as a varint; `value` is a whole number from 0 to 2^53. */
export function varintBytes(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/**
 * Protobuf written front to back into a buffer that grows. A nested message is opened with a guess of how many bytes
 * its length will take and closed when the length is known. A right guess costs nothing. A wrong one is noted, and put
 * right in the one copy that `take` makes anyway: were the message moved at once, a text inside two hundred messages
 * would be moved two hundred times.
 */
export class GrowingBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  length = 0;
  /** Wrong guesses, in order of `close`: where the length is to stand, how many bytes were left for it, the length. */
  #corrections: number[] = [];
  /** By how many bytes the corrections will lengthen what was written. */
  #growth = 0;
  /** `#growth` at each `open` that has no `close` yet. */
  readonly #growthAtOpen: number[] = [];

  /** What was written, as a copy of its own. */
  take(): Uint8Array {
    const taken = this.#corrections.length > 0 ? this.#corrected() : Uint8Array.prototype.slice.call(this.#bytes, 0, this.length);
    this.clear();
    return new Uint8Array(taken.buffer, taken.byteOffset, taken.length);
  }

  /** What was written, until the next write. Only for what no message was opened in. */
  peek(): Buffer {
    assert(this.#corrections.length === 0, 'a buffer with wrong lengths is read');
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    this.#growth = 0;
    this.#growthAtOpen.length = 0;
    if (this.#corrections.length > 0) this.#corrections = [];
    if (this.#bytes.length > KEPT_BYTES) this.#resize(FIRST_BYTES);
  }

  byte(value: number): void {
    this.reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** `value` is a whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(10);
    this.length = put(this.#bytes, value, this.length);
  }

  /** `high` and `low` are unsigned 32-bit halves. */
  varint64(high: number, low: number): void {
    this.reserve(10);
    let upper = high;
    let lower = low;
    while (upper !== 0) {
      this.#bytes[this.length++] = (lower & 0x7f) | 0x80;
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.varint(lower);
  }

  key(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  fixed64(high: number, low: number): void {
    this.reserve(8);
    this.#view.setUint32(this.length, low, true);
    this.#view.setUint32(this.length + 4, high, true);
    this.length += 8;
  }

  double(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size);
    if (size <= COPY_LOOP_BYTES) {
      const bytes = this.#bytes;
      let to = this.length;
      for (let from = start; from < end; from++) bytes[to++] = source[from]!;
    } else {
      this.#bytes.set(source.subarray(start, end), this.length);
    }
    this.length += size;
  }

  /** Characters up to U+00FF, one byte each. */
  latin1(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.length++] = text.charCodeAt(i);
  }

  /** As UTF-8. */
  codePoint(point: number): void {
    if (point < 0x80) {
      this.byte(point);
    } else if (point < 0x800) {
      this.byte(0xc0 | (point >> 6));
      this.byte(0x80 | (point & 0x3f));
    } else {
      if (point < 0x10000) {
        this.byte(0xe0 | (point >> 12));
      } else {
        this.byte(0xf0 | (point >> 18));
        this.byte(0x80 | ((point >> 12) & 0x3f));
      }
      this.byte(0x80 | ((point >> 6) & 0x3f));
      this.byte(0x80 | (point & 0x3f));
    }
  }

  /** Leaves `lengthBytes` free and returns the mark for `close`. */
  open(lengthBytes: number): number {
    this.reserve(lengthBytes);
    this.length += lengthBytes;
    this.#growthAtOpen.push(this.#growth);
    return this.length;
  }

  /** Puts the length of all since `mark`, the last one open, in front of it; returns how many bytes that takes. */
  close(mark: number, lengthBytes: number): number {
    const size = this.length - mark + this.#growth - this.#growthAtOpen.pop()!;
    const needed = varintBytes(size);
    if (needed === lengthBytes) put(this.#bytes, size, mark - lengthBytes);
    else {
      this.#corrections.push(mark - lengthBytes, lengthBytes, size);
      this.#growth += needed - lengthBytes;
    }
    return needed;
  }

  /** What was written, with every length right. */
  #corrected(): Buffer {
    const corrections = this.#corrections;
    const out = Buffer.allocUnsafeSlow(this.length + this.#growth);
    let from = 0;
    let to = 0;
    for (const row of rowsInOrder(corrections, this.length)) {
      const at = corrections[row]!;
      to += this.#bytes.copy(out, to, from, at);
      to = put(out, corrections[row + 2]!, to);
      from = at + corrections[row + 1]!;
    }
    to += this.#bytes.copy(out, to, from, this.length);
    assert(to === out.length, `${to} bytes are corrected of ${out.length}`);
    return out;
  }

  reserve(more: number): void {
    if (this.length + more > this.#bytes.length) this.#resize(Math.max(this.#bytes.length * 2, this.length + more));
  }

  #resize(size: number): void {
    const grown = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Writes a varint at `start`; returns the place behind it. */
function put(bytes: Buffer, value: number, start: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x8000_0000) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** The rows of three of `corrections`, each by its first place, in the order of what stands there: all below `end`. */
export function rowsInOrder(corrections: readonly number[], end: number): Float64Array {
  const count = corrections.length / 3;
  const order = new Float64Array(count);
  if (end * count > Number.MAX_SAFE_INTEGER) {
    for (let i = 0; i < count; i++) order[i] = i * 3;
    return order.sort((left, right) => corrections[left]! - corrections[right]!);
  }
  // Place and row in one number: a typed array sorts numbers without a call per comparison.
  for (let i = 0; i < count; i++) order[i] = corrections[i * 3]! * count + i;
  order.sort();
  for (let i = 0; i < count; i++) order[i] = (order[i]! % count) * 3;
  return order;
}
