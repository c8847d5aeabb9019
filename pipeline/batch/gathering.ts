import { assert } from '../assert.ts';
import type { SegmentSource } from '../compression/matches.ts';
import { LIMITS } from '../limits.ts';
import { Lease } from './lease.ts';
import type { Receipt } from './receipt.ts';
import { restate, type ScopedBatch } from './scoped-batch.ts';

const OK = { ok: true } as const;
const NOTHING = new Uint8Array(0);

/**
 * Small requests of one scope and signal, and those that change, on their way into one batch. Each is written behind the
 * one before as it comes in, and lets go of its own memory at once: a thousand tiny requests then hold a few pieces of
 * memory and not five buffers each, and reach a destination as a few writes and not a thousand. A larger one of which is
 * known how its sender compressed it stays a segment of its own, and what is known is kept.
 */
export class Gathering {
  readonly #first: ScopedBatch;
  readonly #lease = new Lease();
  readonly #segments: Uint8Array[] = [];
  /** Per segment, as Content.sources; nothing until there is one. */
  readonly #sources: (SegmentSource | undefined)[] = [];
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
    const source = batch.byteLength > LIMITS.gatheredBytes ? batch.sources?.[0] : undefined;
    if (source !== undefined || this.#used + batch.byteLength > this.#piece.length) this.#startPiece(batch.byteLength);
    const from = this.#used;
    this.#used = batch.writeTo(this.#piece, from);
    this.#items += batch.items;
    this.#byteLength += this.#used - from;
    if (source !== undefined) {
      this.#sources[this.#segments.length] = this.#kept(source);
      this.#endPiece();
    }
    for (const receipt of batch.receipts) {
      if (receipt.isAwaited) this.#receipts.push(receipt);
      else receipt.release(OK);
    }
    for (const lease of batch.leases) lease.release(true);
  }

  /** All of it; nothing may be added after that. */
  take(): ScopedBatch {
    this.#endPiece();
    const sources = this.#sources.length === 0 ? undefined : this.#sources;
    const content = { items: this.#items, byteLength: this.#byteLength, segments: this.#segments, sources };
    return restate(this.#first, content, this.#receipts, [this.#lease]);
  }

  /** What outlives the request's own memory. */
  #kept(source: SegmentSource): SegmentSource {
    const { matches, sourceLength } = source;
    const tokens = this.#copyOf(matches.tokens);
    const kept = this.#copyOf(source.copies());
    return { matches: { tokens, isHasty: matches.isHasty }, sourceLength, copies: () => kept };
  }

  #copyOf(words: Int32Array): Int32Array {
    const copy = this.#lease.words(words.length);
    copy.set(words);
    return copy;
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
