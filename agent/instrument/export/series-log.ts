import type { CellPage, ExemplarRecord, InstrumentRecord, SeriesRecord, SeriesSink } from '../metrics/contract.ts';

/** What a reader is told, in the order in which it must be. */
export interface SeriesRecords {
  readonly pages: CellPage[];
  readonly instruments: InstrumentRecord[];
  readonly series: SeriesRecord[];
  readonly exemplars: ExemplarRecord[];
}

export function noRecords(): SeriesRecords {
  return { pages: [], instruments: [], series: [], exemplars: [] };
}

/** Tells a reader all of these. */
export function tell(sink: SeriesSink, { pages, instruments, series, exemplars }: SeriesRecords): void {
  for (const page of pages) sink.addPage(page);
  for (const instrument of instruments) sink.addInstrument(instrument);
  for (const each of series) sink.addSeries(each);
  if (exemplars.length > 0) sink.addExemplars?.(exemplars);
}

/** What the cells of a provider mean: all of it, for a reader that begins anew, and what came since it was last asked. The
 *  provider's own records are kept, not copies of them. */
export class SeriesLog implements SeriesSink {
  readonly #pages: CellPage[] = [];
  readonly #instruments = new Map<number, InstrumentRecord>();
  readonly #series: SeriesRecord[] = [];
  #fresh = noRecords();

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
    const fresh = this.#fresh;
    this.#fresh = noRecords();
    return fresh;
  }

  takeAll(): SeriesRecords {
    const { exemplars } = this.take();
    return { pages: [...this.#pages], instruments: [...this.#instruments.values()], series: [...this.#series], exemplars };
  }

  /** A number that changes when a cell does: whether anything was measured since. */
  fingerprint(): number {
    let hash = this.#series.length;
    for (const { buffer } of this.#pages) {
      const words = new Int32Array(buffer);
      for (let at = 0; at < words.length; at++) hash = (Math.imul(hash, 31) + words[at]!) | 0;
    }
    return hash;
  }
}
