import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import type { ExemplarRecord, InstrumentRecord, SeriesRecord } from '../metrics/contract.ts';
import {
  COUNT,
  EXPONENTIAL_BUCKETS,
  exponentialFloats,
  HIGH,
  LOW,
  MAX,
  MIN,
  NEGATIVE_LOW,
  ringSlot,
  SCALE,
  SUM,
  ZEROS,
} from '../metrics/layout.kernel.ts';
import { encodeExemplars } from './exemplars.ts';
import { BUCKETS_FIELDS, BYTES, EXPONENTIAL_FIELDS, FIXED64, VARINT } from './fields.ts';
import { fixed, momentOf, type Moment } from './point-image.ts';
import { copyHistogram } from './reading.kernel.ts';
import type { Points, Runs } from './runs.ts';

const content = new GrowingBuffer();
const counts = new GrowingBuffer();

/** Points of exponential histograms: their size changes with what they hold, so each is written anew. Minimum and maximum
 *  are those since the start, so a delta has none. */
export class ExponentialPoints implements Points {
  instrument: InstrumentRecord;
  readonly delta: boolean;
  readonly #cells: Float64Array[] = [];
  readonly #series: SeriesRecord[] = [];
  readonly #starts: Moment[] = [];
  readonly #exemplars = new Map<number, readonly ExemplarRecord[]>();
  readonly #read: Float64Array;
  /** Of a delta, per series: what has arrived, and what is on its way; each a copy of the cells. */
  readonly #arrived: (Float64Array | undefined)[] = [];
  readonly #sent: (Float64Array | undefined)[] = [];
  /** Counts of one sign, less what has arrived. */
  readonly #counts: Float64Array;

  constructor(instrument: InstrumentRecord, delta: boolean) {
    this.instrument = instrument;
    this.delta = delta;
    this.#read = new Float64Array(exponentialFloats(instrument.bucketsMax, instrument.signed));
    this.#counts = new Float64Array(instrument.bucketsMax);
  }

  add(series: SeriesRecord, cells: Float64Array): number {
    this.#cells.push(cells);
    this.#series.push(series);
    this.#starts.push(momentOf(series.startTimeNs));
    this.#arrived.push(undefined);
    this.#sent.push(undefined);
    return this.#series.length - 1;
  }

  setExemplars(place: number, exemplars: readonly ExemplarRecord[]): void {
    this.#exemplars.set(place, exemplars);
  }

  read(now: Moment, runs: Runs): void {
    const read = this.#read;
    for (const [place, series] of this.#series.entries()) {
      if (!copyHistogram(this.#cells[place]!, series.offset, read.length, EXPONENTIAL_BUCKETS, true, read)) continue;
      const arrived = this.#arrived[place];
      if (read[COUNT] === (arrived?.[COUNT] ?? 0)) continue;
      if (this.delta) (this.#sent[place] ??= new Float64Array(read.length)).set(read);
      this.#write(this.#starts[place]!, now, series.attributes, arrived);
      const exemplars = encodeExemplars(EXPONENTIAL_FIELDS.exemplars, this.#exemplars.get(place), this.instrument.integers);
      runs.addWritten(this, content.peek(), exemplars, place);
    }
  }

  commit(first: number, end: number, now: Moment): void {
    for (let place = first; place < end; place++) {
      this.#exemplars.delete(place);
      if (!this.delta) continue;
      (this.#arrived[place] ??= new Float64Array(this.#read.length)).set(this.#sent[place]!);
      this.#starts[place] = now;
    }
  }

  #write(start: Moment, now: Moment, attributes: Uint8Array, arrived: Float64Array | undefined): void {
    const read = this.#read;
    content.clear();
    content.copy(attributes, 0, attributes.length);
    fixed(content, EXPONENTIAL_FIELDS.startTime, start);
    fixed(content, EXPONENTIAL_FIELDS.time, now);
    writeCount(EXPONENTIAL_FIELDS.count, read[COUNT]! - (arrived?.[COUNT] ?? 0));
    // A sum of numbers of both signs says little, and the protocol wants none.
    if (!this.instrument.signed) writeDouble(EXPONENTIAL_FIELDS.sum, read[SUM]! - (arrived?.[SUM] ?? 0));
    const scale = read[ZEROS] === read[COUNT] ? 0 : read[SCALE]!;
    content.key(EXPONENTIAL_FIELDS.scale, VARINT);
    content.varint(zigzag(scale));
    writeCount(EXPONENTIAL_FIELDS.zeroCount, read[ZEROS]! - (arrived?.[ZEROS] ?? 0));
    this.#writeBuckets(EXPONENTIAL_FIELDS.positive, LOW, arrived);
    if (this.instrument.signed) this.#writeBuckets(EXPONENTIAL_FIELDS.negative, NEGATIVE_LOW, arrived);
    if (this.delta || !this.instrument.minMax) return;
    writeDouble(EXPONENTIAL_FIELDS.min, read[MIN]!);
    writeDouble(EXPONENTIAL_FIELDS.max, read[MAX]!);
  }

  /** `side` is LOW or NEGATIVE_LOW. */
  #writeBuckets(field: number, side: number, arrived: Float64Array | undefined): void {
    const read = this.#read;
    let low = read[side]!;
    let high = read[side + HIGH - LOW]!;
    const first = low;
    this.#collect(side, arrived);
    while (low <= high && this.#counts[low - first] === 0) low += 1;
    while (high >= low && this.#counts[high - first] === 0) high -= 1;
    if (low > high) return;
    counts.clear();
    counts.key(BUCKETS_FIELDS.offset, VARINT);
    counts.varint(zigzag(low));
    const packed = this.#packed(low - first, high - first);
    counts.key(BUCKETS_FIELDS.bucketCounts, BYTES);
    counts.varint(packed.length);
    counts.copy(packed, 0, packed.length);
    content.key(field, BYTES);
    content.varint(counts.length);
    content.copy(counts.peek(), 0, counts.length);
  }

  #packed(from: number, to: number): Uint8Array {
    varints.clear();
    for (let i = from; i <= to; i++) varints.varint(this.#counts[i]!);
    return varints.peek();
  }

  /** Counts of one sign from its lowest bucket on; what has arrived was counted at this scale or a finer one. */
  #collect(side: number, arrived: Float64Array | undefined): void {
    const read = this.#read;
    const size = this.instrument.bucketsMax;
    const ring = EXPONENTIAL_BUCKETS + (side === LOW ? 0 : size);
    const low = read[side]!;
    for (let index = low; index <= read[side + 1]!; index++) {
      this.#counts[index - low] = read[ring + ringSlot(index, read[side + 2]!, size)]!;
    }
    if (arrived === undefined) return;
    const joined = 2 ** (arrived[SCALE]! - read[SCALE]!);
    for (let index = arrived[side]!; index <= arrived[side + 1]!; index++) {
      this.#counts[Math.floor(index / joined) - low]! -= arrived[ring + ringSlot(index, arrived[side + 2]!, size)]!;
    }
  }
}

const varints = new GrowingBuffer();

function writeCount(field: number, value: number): void {
  content.key(field, FIXED64);
  content.fixed64((value / 2 ** 32) >>> 0, value >>> 0);
}

function writeDouble(field: number, value: number): void {
  content.key(field, FIXED64);
  content.double(value);
}

/** Of a 32-bit integer. */
function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}
