import { assert } from '../assert.ts';
import { pool } from './pool.ts';

/**
 * The pooled memory of one request: its body, and what is made of it. Every batch that carries bytes of the request
 * holds the lease, once for each branch it is on, as with receipts; the last one to let go gives the memory back. When
 * one of them cannot say that nobody reads the bytes any more (a send that failed or was given up), the memory is left
 * to the garbage collector: bytes of one tenant must never show up in another's.
 */
export class Lease {
  readonly #buffers: ArrayBuffer[] = [];
  #held = 1;
  #clean = true;
  #byteLength = 0;

  get held(): number {
    return this.#held;
  }

  /** Of all memory it holds. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Memory that is given back with the lease: its own, from `bytes` or `words`, or a body that came in pooled. */
  hold(buffer: ArrayBufferLike): void {
    assert(this.#held > 0, 'memory is added to a lease that has ended');
    this.#buffers.push(buffer as ArrayBuffer);
    this.#byteLength += buffer.byteLength;
  }

  /** Uninitialised: to be written whole before it is read. */
  bytes(length: number): Uint8Array {
    const buffer = pool.take(length);
    this.hold(buffer);
    return new Uint8Array(buffer, 0, length);
  }

  /** Uninitialised int32. */
  words(count: number): Int32Array {
    const buffer = pool.take(count * 4);
    this.hold(buffer);
    return new Int32Array(buffer, 0, count);
  }

  retain(times = 1): void {
    assert(this.#held > 0, 'a lease that has ended is retained');
    this.#held += times;
  }

  /** `clean`: nobody reads the bytes any more, for certain. */
  release(clean: boolean): void {
    assert(this.#held > 0, 'a lease is released more often than it was held');
    this.#held -= 1;
    if (!clean) this.#clean = false;
    if (this.#held > 0) return;
    if (this.#clean) for (const buffer of this.#buffers) pool.give(buffer);
    this.#buffers.length = 0;
    this.#byteLength = 0;
  }
}
