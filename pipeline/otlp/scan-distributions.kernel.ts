import {
  ExponentialHistogramTable,
  HAS_MAX,
  HAS_MIN,
  HAS_SUM,
  HistogramTable,
  SummaryTable,
  type AnyTable,
  type PointTable,
} from './scan-columns.kernel.ts';
import { RequestScanner } from './scan-request.kernel.ts';
import { checkMessage, EXEMPLAR } from './strict.kernel.ts';

/**
 * Data points of histograms, exponential histograms and summaries: one loop, told by a table per message what a key means.
 * Bucket counts become 8 bytes each. About 200 ns a point and 5 ns a bucket.
 */
const ATTRIBUTE = 1;
const EXEMPLAR_FIELD = 2;
const START = 3;
const TIME = 4;
const COUNT = 5;
const SUM = 6;
const MIN = 7;
const MAX = 8;
const FLAGS = 9;
const LIST = 10;
const QUANTILE = 11;
const SCALE = 12;
const ZERO_COUNT = 13;
const ZERO_THRESHOLD = 14;
const BUCKETS = 15;

/** What each key below 128 means, and of the attributes and exemplars which they are. */
interface PointShape {
  readonly actions: Uint8Array;
  readonly attributes: number;
  readonly exemplars: number;
  /** Field numbers above this are unknown. */
  readonly fieldMax: number;
}

function shape(attributes: number, exemplars: number, fieldMax: number, pairs: readonly number[]): PointShape {
  const actions = new Uint8Array(128);
  for (let i = 0; i < pairs.length; i += 2) actions[pairs[i]!] = pairs[i + 1]!;
  actions[attributes] = ATTRIBUTE;
  if (exemplars !== 0) actions[exemplars] = EXEMPLAR_FIELD;
  return { actions, attributes, exemplars, fieldMax };
}

const HEAD = [17, START, 25, TIME, 33, COUNT, 41, SUM];
/** HistogramDataPoint { 6 bucket_counts, 7 explicit_bounds, 8 exemplars, 9 attributes, 10 flags, 11 min, 12 max } */
export const HISTOGRAM_POINT: PointShape = shape(
  74,
  66,
  12,
  HEAD.concat([49, LIST, 50, LIST, 57, LIST, 58, LIST, 80, FLAGS, 89, MIN, 97, MAX]),
);
/** ExponentialHistogramDataPoint { 1 attributes, 6 scale, 7 zero_count, 8 positive, 9 negative, 10 flags, 11 exemplars, … } */
export const EXPONENTIAL_HISTOGRAM_POINT: PointShape = shape(
  10,
  90,
  14,
  HEAD.concat([48, SCALE, 57, ZERO_COUNT, 66, BUCKETS, 74, BUCKETS, 80, FLAGS, 97, MIN, 105, MAX, 113, ZERO_THRESHOLD]),
);
/** SummaryDataPoint { 6 quantile_values, 7 attributes, 8 flags } */
export const SUMMARY_POINT: PointShape = shape(58, 0, 8, HEAD.concat([50, QUANTILE, 64, FLAGS]));

/** Field 1 of histogram and summary points is gone from OTLP: an unknown field. */
const REMOVED_FIELD = 1;

export abstract class DistributionScanner extends RequestScanner {
  readonly histogram = new HistogramTable();
  readonly exponentialHistogram = new ExponentialHistogramTable();
  readonly summary = new SummaryTable();

  protected abstract seriesOf(
    key: number,
    start: number,
    end: number,
    runStart: number,
    runEnd: number,
    scattered: boolean,
  ): number;

  protected distribution(
    message: PointShape,
    table: HistogramTable | ExponentialHistogramTable | SummaryTable,
    start: number,
    end: number,
  ): boolean {
    const { wire } = this;
    if (!table.reserve()) return this.full();
    const row = table.length;
    clear(table, row);
    const quantilesAt = table.heapLength;
    let seen = 0;
    let runStart = 0;
    let runEnd = 0;
    let scattered = false;
    let exemplars = 0;
    let lists = 0;
    for (let p = start; p < end;) {
      const fieldStart = p;
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      const field = key >>> 3;
      const action = key < 128 ? message.actions[key]! : 0;
      if (action === ATTRIBUTE) {
        if (runEnd === 0) runStart = fieldStart;
        else if (fieldStart !== runEnd) scattered = true;
        runEnd = p;
      } else if (action === EXEMPLAR_FIELD) exemplars += 1;
      else if (action === LIST) lists |= 1 << field;
      else if (action === QUANTILE) {
        wire.sized(at, end);
        if (!this.#quantile(wire.at, p)) return false;
      } else if (action === 0) {
        const removed = field === REMOVED_FIELD && message !== EXPONENTIAL_HISTOGRAM_POINT;
        if (field <= message.fieldMax && !removed) return this.broken();
      } else {
        if ((seen & (1 << field)) !== 0) return this.repeated();
        seen |= 1 << field;
        if (!this.#once(action, table, row, field, at, p)) return false;
      }
    }
    const series = this.seriesOf(message.attributes, start, end, runStart, runEnd, scattered);
    if (series < 0) return false;
    table.series[row] = series;
    if (table instanceof HistogramTable) {
      if (!this.#keepFixed(table, table.bucketCounts, row, lists, 6, start, end)) return false;
      if (!this.#keepFixed(table, table.explicitBounds, row, lists, 7, start, end)) return false;
    }
    if (table instanceof SummaryTable) setRange(table.quantiles, row, quantilesAt, table.heapLength);
    else if (!this.keepExemplars(table, row, message.exemplars, exemplars, start, end)) return false;
    table.length = row + 1;
    return true;
  }

  /** A field that may stand once, in [at, end) behind its key. */
  #once(
    action: number,
    table: HistogramTable | ExponentialHistogramTable | SummaryTable,
    row: number,
    field: number,
    at: number,
    end: number,
  ): boolean {
    const { wire } = this;
    const { view } = wire;
    if (action === START) setWords(table.startTime, row, view, at);
    else if (action === TIME) setWords(table.time, row, view, at);
    else if (action === COUNT) setWords(table.count, row, view, at);
    else if (action === FLAGS) table.flags[row] = wire.varint32(at, end);
    else if (action === SUM) table.sum[row] = view.getFloat64(at, true);
    if (table instanceof SummaryTable) return true;
    const bit = action === SUM ? HAS_SUM : action === MIN ? HAS_MIN : action === MAX ? HAS_MAX : 0;
    table.present[row] = table.present[row]! | bit;
    if (action === MIN) table.min[row] = view.getFloat64(at, true);
    else if (action === MAX) table.max[row] = view.getFloat64(at, true);
    if (table instanceof HistogramTable) return true;
    if (action === SCALE) table.scale[row] = zigzag(wire.varint32(at, end));
    else if (action === ZERO_COUNT) setWords(table.zeroCount, row, view, at);
    else if (action === ZERO_THRESHOLD) table.zeroThreshold[row] = view.getFloat64(at, true);
    else if (action === BUCKETS) {
      wire.sized(at, end);
      return this.#buckets(field === 8, row, wire.at, end);
    }
    return true;
  }

  /** Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2 } */
  #buckets(positive: boolean, row: number, start: number, end: number): boolean {
    const { wire, exponentialHistogram: table } = this;
    const from = table.heapLength;
    let seen = false;
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      if (key === 8) {
        if (seen) return this.repeated();
        seen = true;
        (positive ? table.positiveOffset : table.negativeOffset)[row] = zigzag(wire.varint32(at, end));
      } else if (key === 16) {
        this.#keepVarint(table, at, end);
      } else if (key === 18) {
        wire.sized(at, end);
        for (let q = wire.at; q < p; q = wire.at) if (!this.#keepVarint(table, q, p)) return this.broken();
      } else if (key < 24) return this.broken();
    }
    setRange(positive ? table.positiveBucketCounts : table.negativeBucketCounts, row, from, table.heapLength);
    return true;
  }

  /** Keeps a varint as 8 bytes, little-endian; false when it is cut off. `wire.at` is behind it. */
  #keepVarint(table: AnyTable, start: number, end: number): boolean {
    const { wire } = this;
    if (wire.varint(start, end) < 0) return false;
    table.room(9);
    const { heap } = table;
    const to = table.heapLength;
    // A ninth byte takes what the tenth of a varint brings beyond 64 bits; the next number overwrites it.
    for (let i = 0; i < 9; i++) heap[to + i] = 0;
    for (let p = start, shift = 0; p < wire.at; p++, shift += 7) {
      const bits = (wire.bytes[p]! & 0x7f) << (shift & 7);
      const byte = to + (shift >>> 3);
      heap[byte] = heap[byte]! | (bits & 0xff);
      if (bits > 0xff) heap[byte + 1] = heap[byte + 1]! | (bits >>> 8);
    }
    table.heapLength = to + 8;
    return true;
  }

  /** Keeps a repeated 64-bit field, packed or not, as 8 bytes each. */
  #keepFixed(
    table: AnyTable,
    ranges: Uint32Array,
    row: number,
    lists: number,
    field: number,
    start: number,
    end: number,
  ): boolean {
    const { wire } = this;
    const from = table.heapLength;
    if ((lists & (1 << field)) !== 0) {
      for (let p = start; p < end;) {
        const key = wire.key(p, end);
        const at = wire.at;
        p = wire.skip(key, at, end);
        if (key >>> 3 !== field) continue;
        if ((key & 7) === 1) table.keep(wire.bytes, at, p);
        else {
          wire.sized(at, end);
          if (((p - wire.at) & 7) !== 0) return this.broken();
          table.keep(wire.bytes, wire.at, p);
        }
      }
    }
    setRange(ranges, row, from, table.heapLength);
    return true;
  }

  /** ValueAtQuantile { double quantile = 1; double value = 2 } */
  #quantile(start: number, end: number): boolean {
    const { wire, summary: table } = this;
    table.room(16);
    const { heap } = table;
    const to = table.heapLength;
    for (let i = 0; i < 16; i++) heap[to + i] = 0;
    let seen = 0;
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      if (key >= 24) continue;
      if (key !== 9 && key !== 17) return this.broken();
      if ((seen & (1 << (key >>> 3))) !== 0) return this.repeated();
      seen |= 1 << (key >>> 3);
      const into = key === 9 ? to : to + 8;
      for (let i = 0; i < 8; i++) heap[into + i] = wire.bytes[at + i]!;
    }
    table.heapLength = to + 16;
    return true;
  }

  /** Keeps a point's exemplars as fields of number 1. */
  protected keepExemplars(
    table: PointTable | HistogramTable | ExponentialHistogramTable,
    row: number,
    wanted: number,
    count: number,
    start: number,
    end: number,
  ): boolean {
    const from = table.heapLength;
    if (count > 0) {
      const { wire } = this;
      for (let p = start; p < end;) {
        const key = wire.key(p, end);
        const lengthAt = wire.at;
        p = wire.skip(key, lengthAt, end);
        if (key !== wanted) continue;
        wire.sized(lengthAt, end);
        if (!this.found(checkMessage(wire, EXEMPLAR, wire.at, p, this.depthMax))) return false;
        table.room(1);
        table.heap[table.heapLength++] = 10;
        table.keep(wire.bytes, lengthAt, p);
      }
    }
    setRange(table.exemplars, row, from, table.heapLength);
    return true;
  }
}

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

function setRange(ranges: Uint32Array, row: number, from: number, to: number): void {
  ranges[2 * row] = from;
  ranges[2 * row + 1] = to;
}

function setWords(column: Uint32Array, row: number, view: DataView, at: number): void {
  column[2 * row] = view.getUint32(at, true);
  column[2 * row + 1] = view.getUint32(at + 4, true);
}

function clear(table: HistogramTable | ExponentialHistogramTable | SummaryTable, row: number): void {
  setRange(table.time, row, 0, 0);
  setRange(table.startTime, row, 0, 0);
  setRange(table.count, row, 0, 0);
  table.sum[row] = 0;
  table.flags[row] = 0;
  if (table instanceof SummaryTable) return;
  table.present[row] = 0;
  table.min[row] = 0;
  table.max[row] = 0;
  if (table instanceof HistogramTable) return;
  table.scale[row] = 0;
  setRange(table.zeroCount, row, 0, 0);
  table.zeroThreshold[row] = 0;
  table.positiveOffset[row] = 0;
  table.negativeOffset[row] = 0;
  setRange(table.positiveBucketCounts, row, 0, 0);
  setRange(table.negativeBucketCounts, row, 0, 0);
}
