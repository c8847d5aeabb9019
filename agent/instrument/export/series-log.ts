import type { CellPage, ExemplarRecord, InstrumentRecord, KeptPoints, SeriesRecord, SeriesSink } from '../metrics/contract.ts';
import { SeriesJournal } from './series-journal.ts';

/** What a reader is told, in the order in which it must be. Small, however many series are new: it shares the memory that they stand
 *  in. */
export interface SeriesRecords {
  readonly pages: CellPage[];
  readonly instruments: InstrumentRecord[];
  /** More chunks of the journal. */
  readonly chunks: SharedArrayBuffer[];
  /** How many series the journal has, of all: those that the reader does not know are new. */
  readonly series: number;
  readonly exemplars: ExemplarRecord[];
  readonly kept?: KeptPoints | undefined;
}

/** Points that are told whole, where they are made. */
export interface KeptSource {
  /** What has changed since it was last asked, or all that stands. */
  take(all: boolean): KeptPoints;
  /** Rises when a point changes. */
  readonly version: number;
}

/** What the cells of a provider mean: all of it, for a reader that begins anew, and what came since it was last asked. Series are
 *  written down as they come, once; of the rest the provider's own records are kept. */
export class SeriesLog implements SeriesSink {
  readonly #pages: CellPage[] = [];
  readonly #instruments = new Map<number, InstrumentRecord>();
  readonly #journal = new SeriesJournal();
  readonly #kept: KeptSource | undefined;
  /** Since it was last asked: so many pages and chunks were there, these instruments came. */
  #pagesTaken = 0;
  #chunksTaken = 0;
  #freshInstruments: InstrumentRecord[] = [];
  #exemplars: ExemplarRecord[] = [];

  constructor(kept?: KeptSource) {
    this.#kept = kept;
  }

  addPage(page: CellPage): void {
    this.#pages.push(page);
  }

  addInstrument(instrument: InstrumentRecord): void {
    this.#instruments.set(instrument.id, instrument);
    this.#freshInstruments.push(instrument);
  }

  addSeries(series: SeriesRecord): void {
    this.#journal.write(series);
  }

  /** The last ones replace those before them, as they do in a reader: nobody may have asked for a long time. */
  addExemplars(exemplars: readonly ExemplarRecord[]): void {
    this.#exemplars = [...exemplars];
  }

  /** What came since the last call of this or of `takeAll`. */
  take(): SeriesRecords {
    return this.#taken(this.#pagesTaken, this.#freshInstruments, this.#chunksTaken, false);
  }

  /** For who knows nothing. */
  takeAll(): SeriesRecords {
    return this.#taken(0, [...this.#instruments.values()], 0, true);
  }

  #taken(firstPage: number, instruments: InstrumentRecord[], firstChunk: number, all: boolean): SeriesRecords {
    const { chunks, series } = this.#journal;
    const exemplars = this.#exemplars;
    this.#pagesTaken = this.#pages.length;
    this.#chunksTaken = chunks.length;
    this.#freshInstruments = [];
    this.#exemplars = [];
    const [pages, newChunks] = [this.#pages.slice(firstPage), chunks.slice(firstChunk)];
    return { pages, instruments, chunks: newChunks, series, exemplars, kept: this.#kept?.take(all) };
  }

  /** A number that changes when a cell does: whether anything was measured since. */
  fingerprint(): number {
    let hash = this.#journal.series + (this.#kept?.version ?? 0);
    for (const { buffer } of this.#pages) {
      const words = new Int32Array(buffer);
      for (let at = 0; at < words.length; at++) hash = (Math.imul(hash, 31) + words[at]!) | 0;
    }
    return hash;
  }
}
