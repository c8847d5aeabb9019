import type { Lease } from '../batch/lease.ts';

const FIRST_BYTES = 256;

/** Texts that edits put in, in one growing buffer of the request's lease; places stay valid while it grows. */
export class Scratch {
  bytes: Uint8Array;
  readonly #lease: Lease;
  #length = 0;

  constructor(lease: Lease) {
    this.#lease = lease;
    this.bytes = lease.bytes(FIRST_BYTES);
  }

  /** Returns where `text` stands from now on. */
  add(text: Uint8Array): number {
    const at = this.#length;
    const length = at + text.length;
    if (length > this.bytes.length) {
      const grown = this.#lease.bytes(Math.max(this.bytes.length * 2, length));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.bytes.set(text, at);
    this.#length = length;
    return at;
  }
}
