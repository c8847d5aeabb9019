import { pool } from '../../pipeline/batch/pool.ts';

/** A message that is announced larger grows as it comes: a lie about the length costs the liar's bytes only. */
const WHOLE_BYTES_MAX = 1024 * 1024;
const PREFIX_BYTES = 5;
const NOTHING = new Uint8Array(0);

const EMPTY_MESSAGE = Buffer.alloc(PREFIX_BYTES);

/** A message with its prefix, never compressed: an answer is a few bytes. */
export function framed(message: Uint8Array | undefined): Buffer {
  if (message === undefined || message.length === 0) return EMPTY_MESSAGE;
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** A plain Uint8Array over pooled memory, which the receiver's lease gives back: every byte of it is written. */
function allocate(bytes: number): Uint8Array {
  return bytes === 0 ? NOTHING : new Uint8Array(pool.take(bytes).bytes.buffer, 0, bytes);
}

/**
 * The one length-prefixed message of a unary call (gRPC over HTTP/2, "Length-Prefixed-Message": a byte of flags, four
 * of length, big end first), out of pieces that break anywhere.
 */
export class MessageReader {
  /** -1 until the prefix is in. */
  length = -1;
  flags = 0;
  #prefixBytes = 0;
  #prefixValue = 0;
  #bytes: Uint8Array = NOTHING;
  #at = 0;

  /** The prefix and the whole message are in. */
  get complete(): boolean {
    return this.length >= 0 && this.#at === this.length;
  }

  /** Anything has come in. */
  get begun(): boolean {
    return this.#prefixBytes > 0;
  }

  /** Reads what of `chunk` belongs to the prefix. Gives its length, also when `length` is still unknown. */
  prefix(chunk: Uint8Array): number {
    let at = 0;
    while (this.#prefixBytes < PREFIX_BYTES && at < chunk.length) {
      const byte = chunk[at]!;
      if (this.#prefixBytes === 0) this.flags = byte;
      else this.#prefixValue = this.#prefixValue * 256 + byte;
      this.#prefixBytes += 1;
      at += 1;
    }
    if (this.#prefixBytes === PREFIX_BYTES) this.length = this.#prefixValue;
    return at;
  }

  /** Keeps `chunk` from `start` on, as a copy. False when bytes follow the message; then nothing of it was kept. */
  add(chunk: Uint8Array, start: number): boolean {
    const count = chunk.length - start;
    if (count === 0) return true;
    const end = this.#at + count;
    if (end > this.length) return false;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(start === 0 ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset + start, count), this.#at);
    this.#at = end;
    return true;
  }

  take(): Uint8Array {
    const bytes = this.#bytes.length === this.length ? this.#bytes : this.#bytes.subarray(0, this.length);
    this.#bytes = NOTHING;
    return bytes;
  }

  #grow(needed: number): void {
    const room = this.length <= WHOLE_BYTES_MAX ? this.length : Math.max(needed, this.#bytes.length * 2, WHOLE_BYTES_MAX);
    const bytes = allocate(Math.min(this.length, room));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
  }
}
