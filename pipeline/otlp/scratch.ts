import type { Lease } from '../batch/lease.ts';

const NOTHING = new Uint8Array(0);
const LEAST_BYTES = 256;

/** Texts that edits put in, in one growing buffer of the request's lease; places stay valid while it grows. Most
 *  requests need a single text, which is kept by everybody: the first one is taken as it is and never written to. */
export class Scratch {
  bytes: Uint8Array = NOTHING;
  readonly #lease: Lease;
  #length = 0;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** What has been added. */
  get used(): Uint8Array {
    return this.bytes.subarray(0, this.#length);
  }

  /** Returns where `text` stands from now on. */
  add(text: Uint8Array): number {
    const at = this.#length;
    const length = at + text.length;
    this.#length = length;
    if (at === 0) {
      this.bytes = text;
      return at;
    }
    if (length > this.bytes.length) {
      const grown = this.#lease.roomyBytes(Math.max(LEAST_BYTES, this.bytes.length * 2, length));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.bytes.set(text, at);
    return at;
  }
}
