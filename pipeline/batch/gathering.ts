import { assert } from '../assert.ts';
import { LIMITS } from '../limits.ts';
import { Lease } from './lease.ts';
import type { Receipt } from './receipt.ts';
import { restate, type ScopedBatch } from './scoped-batch.ts';

const OK = { ok: true } as const;
const NOTHING = new Uint8Array(0);

/**
 * Small requests of one scope and signal, and those that change, on their way into one batch. Each is written behind the one before as it comes
 * in, and lets go of its own memory at once: a thousand tiny requests then hold a few pieces of memory and not five
 * buffers each, and reach a destination as a few writes and not a thousand.
 */
export class Gathering {
  readonly #first: ScopedBatch;
  readonly #lease = new Lease();
  readonly #segments: Uint8Array[] = [];
  readonly #receipts: Receipt[] = [];
  #items = 0;
  #byteLength = 0;
  #piece: Uint8Array = NOTHING;
  #used = 0;
  #nextBytes: number = LIMITS.gatherFirstBytes;

  constructor(first: ScopedBatch) {
    this.#first = first;
    this.add(first);
  }

  static takes(batch: ScopedBatch): boolean {
    // What must be copied anyway is copied now, while the request still lies where it was walked.
    return batch.byteLength <= (batch.edits?.isPending === true ? LIMITS.splicedBytes : LIMITS.gatheredBytes);
  }

  /** The batch is held from here on; nobody reads it again. Throws when its scope or signal is another. */
  add(batch: ScopedBatch): void {
    const { scope, signal } = this.#first;
    assert(batch.scope === scope && batch.signal === signal, 'batches of two scopes or signals are gathered');
    if (this.#used + batch.byteLength > this.#piece.length) this.#startPiece(batch.byteLength);
    const from = this.#used;
    this.#used = batch.writeTo(this.#piece, from);
    this.#items += batch.items;
    this.#byteLength += this.#used - from;
    for (const receipt of batch.receipts) {
      if (receipt.isAwaited) this.#receipts.push(receipt);
      else receipt.release(OK);
    }
    for (const lease of batch.leases) lease.release(true);
  }

  /** All of it; nothing may be added after that. */
  take(): ScopedBatch {
    this.#endPiece();
    const content = { items: this.#items, byteLength: this.#byteLength, segments: this.#segments };
    return restate(this.#first, content, this.#receipts, [this.#lease]);
  }

  #startPiece(bytes: number): void {
    this.#endPiece();
    this.#piece = this.#lease.roomyBytes(Math.max(this.#nextBytes, bytes));
    this.#nextBytes = Math.min(LIMITS.gatherBytes, this.#nextBytes * 2);
  }

  #endPiece(): void {
    if (this.#used > 0) this.#segments.push(new Uint8Array(this.#piece.buffer, 0, this.#used));
    this.#piece = NOTHING;
    this.#used = 0;
  }
}
