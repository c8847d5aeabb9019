import { pool } from '../../pipeline/batch/pool.ts';

const NOTHING = new Uint8Array(0);
/** Below this a zeroed array is cheaper than one that is not. */
const ZEROED_BYTES_MAX = 256;
const FIRST_GUESS_BYTES = 16 * 1024;

/** A plain Uint8Array over pooled memory, which the receiver's lease gives back: every byte of it is written. */
function allocate(bytes: number): Uint8Array {
  if (bytes <= ZEROED_BYTES_MAX) return new Uint8Array(bytes);
  return new Uint8Array(pool.take(bytes).bytes.buffer, 0, bytes);
}

/** A body that came in one piece; copied, unless it is `owned`: nobody else will write to it. */
export function wholeBody(chunk: Uint8Array, owned: boolean): Uint8Array {
  if (owned) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
  const bytes = allocate(chunk.length);
  bytes.set(chunk);
  return bytes;
}

/** The body of one request as it comes in: one allocation when its length is known, doubling when it is chunked. */
export class RequestBody {
  readonly #maxBytes: number;
  readonly #expectedBytes: number;
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  /** `contentLength` -1: unknown. */
  constructor(contentLength: number, maxBytes: number) {
    this.#expectedBytes = contentLength;
    this.#maxBytes = maxBytes;
  }

  /** False when the body is over its bound; nothing was added. A chunk is copied, unless it is `owned` and the whole. */
  add(chunk: Uint8Array, owned: boolean): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#maxBytes || (this.#expectedBytes >= 0 && length > this.#expectedBytes)) return false;
    if (owned && chunk.length === this.#expectedBytes) {
      this.#bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    } else {
      if (length > this.#bytes.length) this.#grow(length);
      this.#bytes.set(chunk, this.#length);
    }
    this.#length = length;
    return true;
  }

  take(): Uint8Array {
    const bytes = this.#bytes.length === this.#length ? this.#bytes : this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    return bytes;
  }

  #grow(needed: number): void {
    const room =
      this.#expectedBytes >= 0
        ? this.#expectedBytes
        : Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2, FIRST_GUESS_BYTES));
    const bytes = allocate(room);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
