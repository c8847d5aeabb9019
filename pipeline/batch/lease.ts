import { assert } from '../assert.ts';
import { type Memory, pool } from './pool.ts';

/**
 * The pooled memory of one request: its body, and what is made of it. Every batch that carries bytes of the request
 * holds the lease, once for each branch it is on, as with receipts; the last one to let go gives the memory back. When
 * one of them cannot say that nobody reads the bytes any more (a send that failed or was given up), the memory is left
 * to the garbage collector: bytes of one tenant must never show up in another's.
 */
export class Lease {
  #first: Memory | undefined;
  #held = 1;
  #clean = true;
  #byteLength = 0;

  get held(): number {
    return this.#held;
  }

  /** Of all memory that was taken for the request, besides the body it came in with. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** A body that came in pooled is given back with the lease; other memory is not ours to give. */
  hold(buffer: ArrayBufferLike): void {
    const memory = pool.owner(buffer);
    if (memory !== undefined) this.#keep(memory);
  }

  /** Uninitialised: to be written whole before it is read. */
  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#take(length).bytes.buffer, 0, length);
  }

  /** Uninitialised int32. */
  words(count: number): Int32Array {
    return new Int32Array(this.#take(count * 4).words.buffer, 0, count);
  }

  /** As `bytes`, but as much as there is, at least `length`: costs no view of its own. */
  roomyBytes(length: number): Uint8Array {
    return this.#take(length).bytes;
  }

  /** As `words`, but as many as there are, at least `count`. */
  roomyWords(count: number): Int32Array {
    return this.#take(count * 4).words;
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
    let memory = this.#first;
    this.#first = undefined;
    this.#byteLength = 0;
    while (memory !== undefined) {
      const { next } = memory;
      memory.next = undefined;
      if (this.#clean) pool.give(memory);
      memory = next;
    }
  }

  #take(length: number): Memory {
    const memory = pool.take(length);
    this.#keep(memory);
    this.#byteLength += memory.bytes.length;
    return memory;
  }

  #keep(memory: Memory): void {
    assert(this.#held > 0, 'memory is added to a lease that has ended');
    memory.next = this.#first;
    this.#first = memory;
  }
}
