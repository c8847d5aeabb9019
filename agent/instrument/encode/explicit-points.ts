import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import type { ExemplarRecord, InstrumentRecord, SeriesRecord } from '../metrics/contract.ts';
import { COUNT, EXPLICIT_BUCKETS, MAX, MIN, SUM } from '../metrics/layout.kernel.ts';
import { encodeExemplars } from './exemplars.ts';
import { BYTES, HISTOGRAM_FIELDS } from './fields.ts';
import { putUint64 } from './numbers.kernel.ts';
import { FIXED_FIELD_BYTES, fixed, momentOf, PointImage, room, START_AT, TIME_AT, type Moment } from './point-image.ts';
import { copyHistogram } from './reading.kernel.ts';
import type { Points, Runs } from './runs.ts';

const COUNT_AT = TIME_AT + FIXED_FIELD_BYTES;
const SUM_AT = COUNT_AT + FIXED_FIELD_BYTES;
const content = new GrowingBuffer();

/** Points of histograms with explicit bounds. Minimum and maximum are those since the start, so a delta has none. */
export class ExplicitPoints implements Points {
  instrument: InstrumentRecord;
  readonly delta: boolean;
  readonly #image = new PointImage();
  readonly #cells: Float64Array[] = [];
  readonly #offsets: number[] = [];
  readonly #exemplars = new Map<number, readonly ExemplarRecord[]>();
  /** 64-bit floats of a series. */
  readonly #floats: number;
  readonly #read: Float64Array;
  /** Of a delta, per series: what has arrived, and what is on its way. */
  readonly #arrived: Float64Array[] = [];
  readonly #sent: Float64Array[] = [];
  readonly #minMax: boolean;
  #countsAt = 0;

  constructor(instrument: InstrumentRecord, delta: boolean) {
    this.instrument = instrument;
    this.delta = delta;
    this.#floats = EXPLICIT_BUCKETS + instrument.bounds.length + 1;
    this.#read = new Float64Array(this.#floats);
    this.#minMax = instrument.minMax && !delta;
  }

  add(series: SeriesRecord, cells: Float64Array): number {
    content.clear();
    fixed(content, HISTOGRAM_FIELDS.startTime, momentOf(series.startTimeNs));
    room(content, HISTOGRAM_FIELDS.time);
    room(content, HISTOGRAM_FIELDS.count);
    // A sum of numbers of both signs says little, and the protocol wants none.
    if (!this.instrument.signed) room(content, HISTOGRAM_FIELDS.sum);
    this.#writeBuckets();
    content.copy(series.attributes, 0, series.attributes.length);
    if (this.#minMax) {
      room(content, HISTOGRAM_FIELDS.min);
      room(content, HISTOGRAM_FIELDS.max);
    }
    this.#image.append(content);
    this.#cells.push(cells);
    this.#offsets.push(series.offset);
    if (this.delta) {
      this.#arrived.push(new Float64Array(this.#floats));
      this.#sent.push(new Float64Array(this.#floats));
    }
    return this.#image.points - 1;
  }

  setExemplars(place: number, exemplars: readonly ExemplarRecord[]): void {
    this.#exemplars.set(place, exemplars);
  }

  read(now: Moment, runs: Runs): void {
    const image = this.#image;
    for (let place = 0; place < image.points; place++) {
      const read = this.#read;
      if (!copyHistogram(this.#cells[place]!, this.#offsets[place]!, this.#floats, EXPLICIT_BUCKETS + 1, false, read)) continue;
      if (this.delta) this.#subtract(place, read);
      if (read[COUNT] === 0) continue;
      const at = image.content(place);
      const end = image.start(place + 1);
      image.putMoment(at + TIME_AT, now);
      this.#put(at, end, read);
      const exemplars = this.#exemplars.size > 0 ? this.#exemplars.get(place) : undefined;
      if (exemplars === undefined) runs.add(this, image, image.start(place), end, place);
      else {
        const written = encodeExemplars(HISTOGRAM_FIELDS.exemplars, exemplars, this.instrument.integers);
        runs.addWritten(this, image.peek().subarray(at, end), written, place);
      }
    }
  }

  commit(first: number, end: number, now: Moment): void {
    for (let place = first; place < end; place++) {
      this.#exemplars.delete(place);
      if (!this.delta) continue;
      this.#arrived[place]!.set(this.#sent[place]!);
      this.#image.putMoment(this.#image.content(place) + START_AT, now);
    }
  }

  #writeBuckets(): void {
    const { bounds } = this.instrument;
    content.key(HISTOGRAM_FIELDS.bucketCounts, BYTES);
    content.varint((bounds.length + 1) * 8);
    this.#countsAt = content.length;
    for (let i = 0; i <= bounds.length; i++) content.fixed64(0, 0);
    if (bounds.length === 0) return;
    content.key(HISTOGRAM_FIELDS.explicitBounds, BYTES);
    content.varint(bounds.length * 8);
    for (const bound of bounds) content.double(bound);
  }

  #put(at: number, end: number, read: Float64Array): void {
    const { view } = this.#image;
    putUint64(view, at + COUNT_AT, read[COUNT]!);
    if (!this.instrument.signed) view.setFloat64(at + SUM_AT, read[SUM]!, true);
    let bucketAt = at + this.#countsAt;
    for (let i = EXPLICIT_BUCKETS; i < read.length; i++, bucketAt += 8) putUint64(view, bucketAt, read[i]!);
    if (!this.#minMax) return;
    view.setFloat64(end - 2 * FIXED_FIELD_BYTES + 1, read[MIN]!, true);
    view.setFloat64(end - FIXED_FIELD_BYTES + 1, read[MAX]!, true);
  }

  #subtract(place: number, read: Float64Array): void {
    this.#sent[place]!.set(read);
    const arrived = this.#arrived[place]!;
    read[COUNT]! -= arrived[COUNT]!;
    read[SUM]! -= arrived[SUM]!;
    for (let i = EXPLICIT_BUCKETS; i < read.length; i++) read[i]! -= arrived[i]!;
  }
}
