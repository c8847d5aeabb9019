import type { CellPage, ExemplarRecord, InstrumentRecord, KeptPoints, SeriesRecord, SeriesSink } from '../metrics/contract.ts';

/** What a reader is told, in the order in which it must be. */
export interface SeriesRecords {
  readonly pages: CellPage[];
  readonly instruments: InstrumentRecord[];
  readonly series: SeriesRecord[];
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

export function noRecords(): SeriesRecords {
  return { pages: [], instruments: [], series: [], exemplars: [] };
}

/** Tells a reader all of these. */
export function tell(sink: SeriesSink, { pages, instruments, series, exemplars, kept }: SeriesRecords): void {
  for (const page of pages) sink.addPage(page);
  for (const instrument of instruments) sink.addInstrument(instrument);
  for (const each of series) sink.addSeries(each);
  if (exemplars.length > 0) sink.addExemplars?.(exemplars);
  if (kept !== undefined && kept.points.length > 0) sink.addKept?.(kept);
}

/** What the cells of a provider mean: all of it, for a reader that begins anew, and what came since it was last asked. The
 *  provider's own records are kept, not copies of them. */
export class SeriesLog implements SeriesSink {
  readonly #pages: CellPage[] = [];
  readonly #instruments = new Map<number, InstrumentRecord>();
  readonly #series: SeriesRecord[] = [];
  readonly #kept: KeptSource | undefined;
  #fresh = noRecords();

  constructor(kept?: KeptSource) {
    this.#kept = kept;
  }

  addPage(page: CellPage): void {
    this.#pages.push(page);
    this.#fresh.pages.push(page);
  }

  addInstrument(instrument: InstrumentRecord): void {
    this.#instruments.set(instrument.id, instrument);
    this.#fresh.instruments.push(instrument);
  }

  addSeries(series: SeriesRecord): void {
    this.#series.push(series);
    this.#fresh.series.push(series);
  }

  /** The last ones replace those before them, as they do in a reader: nobody may have asked for a long time. */
  addExemplars(exemplars: readonly ExemplarRecord[]): void {
    this.#fresh.exemplars.splice(0, Infinity, ...exemplars);
  }

  /** What came since the last call of this or of `takeAll`. */
  take(): SeriesRecords {
    return { ...this.#taken(), kept: this.#kept?.take(false) };
  }

  takeAll(): SeriesRecords {
    const { exemplars } = this.#taken();
    const [pages, instruments, series] = [[...this.#pages], [...this.#instruments.values()], [...this.#series]];
    return { pages, instruments, series, exemplars, kept: this.#kept?.take(true) };
  }

  #taken(): SeriesRecords {
    const fresh = this.#fresh;
    this.#fresh = noRecords();
    return fresh;
  }

  /** A number that changes when a cell does: whether anything was measured since. */
  fingerprint(): number {
    let hash = this.#series.length + (this.#kept?.version ?? 0);
    for (const { buffer } of this.#pages) {
      const words = new Int32Array(buffer);
      for (let at = 0; at < words.length; at++) hash = (Math.imul(hash, 31) + words[at]!) | 0;
    }
    return hash;
  }
}
