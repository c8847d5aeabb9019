import type { SeriesRecord } from '../metrics/contract.ts';
import { EXPORT_LIMITS } from '../limits.ts';

/**
 * A series in a chunk of the journal: in words of 32 bits how many bytes it takes, its id, its instrument, page and offset of its cells,
 * how many bytes its attributes are; then 64 bits of its start, in ns since 1970; then its attributes. It begins at a multiple of
 * eight bytes. One of 0 bytes is none: what follows is in the next chunk.
 */
export const HEAD_BYTES = 32;

/**
 * Every series of a provider, written once, where another thread reads it: to tell that thread of ten thousand takes no more than to tell
 * it how many there are now. What is written never changes, and stands before anybody is told of it.
 */
export class SeriesJournal {
  readonly chunks: SharedArrayBuffer[] = [];
  /** How many there are. */
  series = 0;
  /** The last chunk. */
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #longs: BigInt64Array = new BigInt64Array(0);
  /** Of it. */
  #used = 0;

  write({ id, instrument, page, offset, startTimeNs, attributes }: SeriesRecord): void {
    const { length } = attributes;
    const bytes = HEAD_BYTES + Math.ceil(length / 8) * 8;
    if (this.#used + bytes > this.#bytes.length) this.#begin(bytes);
    const at = this.#used;
    const words = this.#words;
    words[at / 4] = bytes;
    words[at / 4 + 1] = id;
    words[at / 4 + 2] = instrument;
    words[at / 4 + 3] = page;
    words[at / 4 + 4] = offset;
    words[at / 4 + 5] = length;
    this.#longs[at / 8 + 3] = startTimeNs;
    this.#bytes.set(attributes, at + HEAD_BYTES);
    this.#used += bytes;
    this.series += 1;
  }

  /** A chunk is twice the one before, up to a bound: few series take little, and many are few chunks. */
  #begin(bytes: number): void {
    const grown = Math.max(EXPORT_LIMITS.journalFirstBytes, this.#bytes.length * 2);
    const chunk = new SharedArrayBuffer(Math.max(bytes, Math.min(grown, EXPORT_LIMITS.journalChunkBytes)));
    this.chunks.push(chunk);
    this.#bytes = new Uint8Array(chunk);
    this.#words = new Uint32Array(chunk);
    this.#longs = new BigInt64Array(chunk);
    this.#used = 0;
  }
}
