import type {
  ExponentialHistogramColumns,
  HistogramColumns,
  PointColumns,
  SummaryColumns,
} from '../../pipeline/otlp/scan-types.ts';
import { ExemplarLists, EXEMPLARS_TYPE } from './messages.ts';
import type { ColumnSpec, FillChunk } from './table.ts';
import { CHUNK_ROWS, copyColumn, copyNulls, copyTimes, NumberLists, StructLists, Words64, type Vector } from './vectors.ts';

/** The tables of data points, and how the columns of a scan become their rows. Table and scan agree on the order. */
const SERIES: ColumnSpec = [
  ['series', 'UINTEGER'],
  ['time', 'TIMESTAMP_NS'],
  ['start_time', 'TIMESTAMP_NS'],
];
const VALUES: ColumnSpec = [...SERIES, ['value', 'DOUBLE']];
/** Most points have neither flags nor exemplars, and the columns for them cost more than all others. */
const RICH: ColumnSpec = [...VALUES, ['flags', 'UINTEGER'], ['exemplars', EXEMPLARS_TYPE]];
const DISTRIBUTION: ColumnSpec = [...SERIES, ['flags', 'UINTEGER'], ['count', 'UBIGINT'], ['sum', 'DOUBLE']];
const BUCKETS: ColumnSpec = [...DISTRIBUTION, ['min', 'DOUBLE'], ['max', 'DOUBLE'], ['exemplars', EXEMPLARS_TYPE]];

export const METRIC_TABLES: Readonly<Record<string, ColumnSpec>> = {
  gauge: VALUES,
  gauge_rich: RICH,
  sum: VALUES,
  sum_rich: RICH,
  histogram: [...BUCKETS, ['bucket_counts', 'UBIGINT[]'], ['explicit_bounds', 'DOUBLE[]']],
  exponential_histogram: [
    ...BUCKETS,
    ['scale', 'INTEGER'],
    ['zero_count', 'UBIGINT'],
    ['zero_threshold', 'DOUBLE'],
    ['positive_offset', 'INTEGER'],
    ['positive_bucket_counts', 'UBIGINT[]'],
    ['negative_offset', 'INTEGER'],
    ['negative_bucket_counts', 'UBIGINT[]'],
  ],
  summary: [...DISTRIBUTION, ['quantiles', 'STRUCT("Quantile" DOUBLE, "Value" DOUBLE)[]']],
};

/** Bits of `present`. */
const HAS_SUM = 1;
const HAS_MIN = 2;
const HAS_MAX = 4;

type SeriesColumns = Pick<PointColumns, 'series' | 'time' | 'startTime'>;

/** Writes the numbers of series, by their indices, which mean something in one generation only: that of the first is given. */
export function copySeries(vector: Vector, indices: Uint32Array, firstSeries: number, from: number, count: number): void {
  if (firstSeries === 0) {
    copyColumn(vector, indices, from, count);
    return;
  }
  for (let i = 0; i < count; i++) seriesNumbers[i] = indices[from + i]! + firstSeries;
  copyColumn(vector, seriesNumbers, 0, count);
}
const seriesNumbers = new Uint32Array(CHUNK_ROWS);

function fillSeries(v: readonly Vector[], table: SeriesColumns, firstSeries: number, from: number, count: number): void {
  copySeries(v[0]!, table.series, firstSeries, from, count);
  copyTimes(v[1]!, table.time, from, count);
  copyTimes(v[2]!, table.startTime, from, count);
}

const exemplars = new ExemplarLists();

function fillExemplars(
  vector: Vector,
  table: PointColumns | HistogramColumns | ExponentialHistogramColumns,
  from: number,
  count: number,
): void {
  const { heap, exemplars: ranges } = table;
  for (let row = from; row < from + count; row++) exemplars.add(heap, ranges[2 * row]!, ranges[2 * row + 1]!);
  exemplars.write(vector);
}

const numbers = new NumberLists();

function fillNumbers(vector: Vector, heap: Uint8Array, ranges: Uint32Array, from: number, count: number): void {
  for (let row = from; row < from + count; row++) numbers.add(heap, ranges[2 * row]!, ranges[2 * row + 1]!);
  numbers.write(vector);
}

/** Has any of the points flags or exemplars? */
export function isRich({ length, flags, heapLength }: PointColumns): boolean {
  if (heapLength > 0) return true;
  for (let row = 0; row < length; row++) if (flags[row] !== 0) return true;
  return false;
}

/** Rows of the table with the columns for flags and exemplars, or of the one without. */
export function pointRows(table: PointColumns, firstSeries: number, rich: boolean): FillChunk {
  return (v, from, count) => {
    fillSeries(v, table, firstSeries, from, count);
    copyColumn(v[3]!, table.value, from, count);
    if (!rich) return;
    copyColumn(v[4]!, table.flags, from, count);
    fillExemplars(v[5]!, table, from, count);
  };
}

function fillBuckets(
  v: readonly Vector[],
  table: HistogramColumns | ExponentialHistogramColumns,
  firstSeries: number,
  from: number,
  count: number,
): void {
  fillSeries(v, table, firstSeries, from, count);
  copyColumn(v[3]!, table.flags, from, count);
  copyColumn(v[4]!, table.count, from, count, 2);
  copyColumn(v[5]!, table.sum, from, count);
  copyNulls(v[5]!, table.present, HAS_SUM, from, count);
  copyColumn(v[6]!, table.min, from, count);
  copyNulls(v[6]!, table.present, HAS_MIN, from, count);
  copyColumn(v[7]!, table.max, from, count);
  copyNulls(v[7]!, table.present, HAS_MAX, from, count);
  fillExemplars(v[8]!, table, from, count);
}

export function histogramRows(table: HistogramColumns, firstSeries: number): FillChunk {
  return (v, from, count) => {
    fillBuckets(v, table, firstSeries, from, count);
    fillNumbers(v[9]!, table.heap, table.bucketCounts, from, count);
    fillNumbers(v[10]!, table.heap, table.explicitBounds, from, count);
  };
}

export function exponentialHistogramRows(table: ExponentialHistogramColumns, firstSeries: number): FillChunk {
  return (v, from, count) => {
    fillBuckets(v, table, firstSeries, from, count);
    copyColumn(v[9]!, table.scale, from, count);
    copyColumn(v[10]!, table.zeroCount, from, count, 2);
    copyColumn(v[11]!, table.zeroThreshold, from, count);
    copyColumn(v[12]!, table.positiveOffset, from, count);
    fillNumbers(v[13]!, table.heap, table.positiveBucketCounts, from, count);
    copyColumn(v[14]!, table.negativeOffset, from, count);
    fillNumbers(v[15]!, table.heap, table.negativeBucketCounts, from, count);
  };
}

const quantiles = new Words64();
const values = new Words64();
const quantileLists = new StructLists([quantiles, values]);

export function summaryRows(table: SummaryColumns, firstSeries: number): FillChunk {
  return (v, from, count) => {
    fillSeries(v, table, firstSeries, from, count);
    copyColumn(v[3]!, table.flags, from, count);
    copyColumn(v[4]!, table.count, from, count, 2);
    copyColumn(v[5]!, table.sum, from, count);
    const view = new DataView(table.heap.buffer, table.heap.byteOffset, table.heap.length);
    for (let row = from; row < from + count; row++) {
      const start = table.quantiles[2 * row]!;
      const end = table.quantiles[2 * row + 1]!;
      for (let at = start; at < end; at += 16) {
        quantiles.add(view.getUint32(at, true), view.getUint32(at + 4, true));
        values.add(view.getUint32(at + 8, true), view.getUint32(at + 12, true));
      }
      quantileLists.endRow((end - start) / 16);
    }
    quantileLists.write(v[6]!);
  };
}
