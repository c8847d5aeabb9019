import type {
  CellPage,
  Collected,
  CollectedRequest,
  ExemplarRecord,
  InstrumentRecord,
  KeptPoints,
  SeriesRecord,
  SeriesSink,
  Temporality,
} from '../metrics/contract.ts';
import { ExplicitPoints } from './explicit-points.ts';
import { ExponentialPoints } from './exponential-points.ts';
import { KEPT_GAUGE, KeptGauge } from './kept-gauge.ts';
import { NumberPoints } from './number-points.ts';
import { momentOf, type Moment } from './point-image.ts';
import { type RequestFrame, shareOut, writeRequest } from './request.ts';
import { type Points, type Run, Runs } from './runs.ts';

/** Of a request that nobody sends. */
const REBASE_BYTES = 1024 * 1024;

export interface CellReaderOptions {
  /** A Resource message, as `encodeResource` makes it. */
  readonly resource: Uint8Array;
  readonly resourceSchemaUrl?: string;
  readonly temporality: Temporality;
}

/**
 * Reads cells into OTLP requests, in whichever thread it stands. Cells only ever count up: a delta is what they hold less what
 * was committed, so what was collected and never arrived is in the next one.
 *
 * One collection at a time: the next one ends that before it, whose `commit` then does nothing.
 */
export class CellReader implements SeriesSink {
  readonly #frame: RequestFrame;
  readonly #temporality: Temporality;
  readonly #pages = new Map<number, Float64Array>();
  /** By instrument, in the order of their meters. */
  readonly #points = new Map<number, Points>();
  readonly #places = new Map<number, { readonly points: Points; readonly place: number }>();
  readonly #runs = new Runs();
  #kept: KeptGauge | undefined;
  #ordered: readonly Points[] | undefined;
  #collection = 0;
  #latestNs = 0n;

  constructor({ resource, resourceSchemaUrl = '', temporality }: CellReaderOptions) {
    this.#frame = { resource, schemaUrl: resourceSchemaUrl };
    this.#temporality = temporality;
  }

  /** Series that are known. */
  get series(): number {
    return this.#places.size;
  }

  addPage({ id, buffer }: CellPage): void {
    this.#pages.set(id, new Float64Array(buffer));
  }

  addInstrument(instrument: InstrumentRecord): void {
    const known = this.#points.get(instrument.id);
    if (known === undefined) this.#points.set(instrument.id, this.#make(instrument));
    else known.instrument = instrument;
    this.#ordered = undefined;
  }

  addSeries(series: SeriesRecord): void {
    const points = this.#points.get(series.instrument);
    const cells = this.#pages.get(series.page);
    if (points === undefined || cells === undefined) throw new Error(`BUG: series ${series.id} came before what it is of`);
    if (series.startTimeNs > this.#latestNs) this.#latestNs = series.startTimeNs;
    this.#places.set(series.id, { points, place: points.add(series, cells) });
  }

  addExemplars(exemplars: readonly ExemplarRecord[]): void {
    const bySeries = new Map<number, ExemplarRecord[]>();
    for (const exemplar of exemplars) {
      const known = bySeries.get(exemplar.series);
      if (known === undefined) bySeries.set(exemplar.series, [exemplar]);
      else known.push(exemplar);
    }
    for (const [id, ofSeries] of bySeries) {
      const at = this.#places.get(id);
      at?.points.setExemplars(at.place, ofSeries);
    }
  }

  addKept(kept: KeptPoints): void {
    if (this.#kept === undefined) {
      this.#kept = new KeptGauge(kept);
      this.#points.set(KEPT_GAUGE, this.#kept);
      this.#ordered = undefined;
    }
    for (const point of kept.points) this.#kept.keep(point);
  }

  /** What is in cells is taken for delivered: the bases of a delta begin here. Points that were told whole are not. */
  rebase(nowNs: bigint): void {
    this.collect(nowNs, REBASE_BYTES).commit();
    this.#kept?.repeat();
  }

  /** Requests of at most `maxBytes` each, but for a point that is larger by itself, in which all that was measured until now is. */
  collect(nowNs: bigint, maxBytes: number): Collected {
    this.#collection += 1;
    const collection = this.#collection;
    // Clocks are set back, and those of two threads differ: time never ends before it began.
    if (nowNs > this.#latestNs) this.#latestNs = nowNs;
    const now = momentOf(this.#latestNs);
    const runs = this.#runs;
    runs.begin(maxBytes);
    this.#ordered ??= [...this.#points.values()].toSorted(
      (left, right) => left.instrument.meter.id - right.instrument.meter.id || left.instrument.id - right.instrument.id,
    );
    for (const points of this.#ordered) points.read(now, runs);
    const requests = shareOut([...runs.list], this.#frame, maxBytes).map((share) => this.#request(share, now, collection));
    return { requests, commit: () => requests.forEach((request) => request.commit()) };
  }

  #request(share: readonly Run[], now: Moment, collection: number): CollectedRequest {
    let open = true;
    const commit = (): void => {
      if (!open || collection !== this.#collection) return;
      open = false;
      for (const { points, first, end } of share) points.commit(first, end, now);
    };
    return {
      body: writeRequest(share, this.#frame),
      points: share.reduce((sum, { first, end }) => sum + end - first, 0),
      commit,
    };
  }

  #make(instrument: InstrumentRecord): Points {
    const delta = isDelta(instrument, this.#temporality);
    if (instrument.point === 'histogram') return new ExplicitPoints(instrument, delta);
    if (instrument.point === 'exponential_histogram') return new ExponentialPoints(instrument, delta);
    return new NumberPoints(instrument, delta);
  }
}

/** The specification's temporality preferences: what may fall never leaves as a delta. */
function isDelta({ kind, point }: InstrumentRecord, temporality: Temporality): boolean {
  if (temporality === 'cumulative' || point === 'gauge') return false;
  if (kind === 'observable_counter') return temporality === 'delta';
  return kind === 'counter' || kind === 'histogram';
}
