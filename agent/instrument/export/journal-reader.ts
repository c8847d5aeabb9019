import type { SeriesRecord } from '../metrics/contract.ts';
import { HEAD_BYTES } from './series-journal.ts';

/** Reads a `SeriesJournal` from its beginning, each series once, in whichever thread it stands. */
export class JournalReader {
  readonly #chunks: SharedArrayBuffer[] = [];
  /** The chunk that is read, and where in it. */
  #chunk = 0;
  #at = 0;
  #series = 0;

  /** More chunks, in their order. */
  add(chunks: readonly SharedArrayBuffer[]): void {
    this.#chunks.push(...chunks);
  }

  /** Those that were not read yet, until `series` of all are. What `visit` gets stands in the journal itself, and stays there. */
  read(series: number, visit: (series: SeriesRecord) => void): void {
    while (this.#series < series) {
      const chunk = this.#chunks[this.#chunk];
      if (chunk === undefined) throw new Error(`BUG: ${this.#series} of ${series} series are in the journal`);
      const words = new Uint32Array(chunk, this.#at);
      // At the end of a chunk, and where it has no room for another one.
      const bytes = words[0] ?? 0;
      if (bytes === 0) {
        this.#chunk += 1;
        this.#at = 0;
        continue;
      }
      visit({
        id: words[1]!,
        instrument: words[2]!,
        page: words[3]!,
        offset: words[4]!,
        startTimeNs: new BigInt64Array(chunk, this.#at)[3]!,
        attributes: new Uint8Array(chunk, this.#at + HEAD_BYTES, words[5]!),
      });
      this.#at += bytes;
      this.#series += 1;
    }
  }
}
