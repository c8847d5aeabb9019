import type { SeriesSink } from '../metrics/contract.ts';
import { JournalReader } from './journal-reader.ts';
import type { SeriesRecords } from './series-log.ts';

/** Tells a sink, which begins knowing nothing, of what a log gives. */
export class SeriesTelling {
  readonly #sink: SeriesSink;
  readonly #journal = new JournalReader();

  constructor(sink: SeriesSink) {
    this.#sink = sink;
  }

  tell({ pages, instruments, chunks, series, exemplars, kept }: SeriesRecords): void {
    const sink = this.#sink;
    for (const page of pages) sink.addPage(page);
    for (const instrument of instruments) sink.addInstrument(instrument);
    this.#journal.add(chunks);
    this.#journal.read(series, (each) => sink.addSeries(each));
    if (exemplars.length > 0) sink.addExemplars?.(exemplars);
    if (kept !== undefined && kept.points.length > 0) sink.addKept?.(kept);
  }
}
