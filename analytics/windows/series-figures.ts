import type {
  ExponentialHistogramColumns,
  HistogramColumns,
  PointColumns,
  SummaryColumns,
} from '../../pipeline/otlp/scan-types.ts';
import type { ColumnSpec, FillChunk } from './table.ts';
import { copyColumn, copyNulls, copyTimes } from './vectors.ts';

type AnyPoints = PointColumns | HistogramColumns | ExponentialHistogramColumns | SummaryColumns;

export const FIGURES_TABLE: ColumnSpec = [
  ['series', 'UINTEGER'],
  ['first_time', 'TIMESTAMP_NS'],
  ['last_time', 'TIMESTAMP_NS'],
  ['points', 'UBIGINT'],
  ['last_value', 'DOUBLE'],
];

/**
 * What the view `series` tells of each series, kept while points pass: to work it out of five million of them takes DuckDB
 * most of a second. 33 bytes a series, 10 ns a point.
 */
export class SeriesFigures {
  count = 0;
  #first = new Uint32Array(128);
  #last = new Uint32Array(128);
  #points = new Float64Array(64);
  #value = new Float64Array(64);
  #hasValue = new Uint8Array(64);

  get bytes(): number {
    return this.#points.length * 33;
  }

  /** `value` of what has one. */
  add(table: AnyPoints, value: Float64Array | undefined): void {
    const { series, time, length } = table;
    for (let row = 0; row < length; row++) {
      const index = series[row]!;
      if (index >= this.count) this.#reach(index);
      const low = time[2 * row]!;
      const high = time[2 * row + 1]!;
      const points = this.#points[index]!;
      this.#points[index] = points + 1;
      if (points === 0 || isBefore(low, high, this.#first, index)) {
        this.#first[2 * index] = low;
        this.#first[2 * index + 1] = high;
      }
      if (points > 0 && isBefore(low, high, this.#last, index)) continue;
      this.#last[2 * index] = low;
      this.#last[2 * index + 1] = high;
      if (value === undefined) continue;
      this.#value[index] = value[row]!;
      this.#hasValue[index] = 1;
    }
  }

  rows(ids: Uint32Array): FillChunk {
    return (v, from, count) => {
      copyColumn(v[0]!, ids, from, count);
      copyTimes(v[1]!, this.#first, from, count);
      copyTimes(v[2]!, this.#last, from, count);
      copyColumn(v[3]!, integers(this.#points, from, count), 0, count, 2);
      copyColumn(v[4]!, this.#value, from, count);
      copyNulls(v[4]!, this.#hasValue, 1, from, count);
    };
  }

  #reach(index: number): void {
    this.count = index + 1;
    let capacity = this.#points.length;
    if (index < capacity) return;
    while (capacity <= index) capacity *= 2;
    this.#first = grown(new Uint32Array(2 * capacity), this.#first);
    this.#last = grown(new Uint32Array(2 * capacity), this.#last);
    this.#points = grown(new Float64Array(capacity), this.#points);
    this.#value = grown(new Float64Array(capacity), this.#value);
    this.#hasValue = grown(new Uint8Array(capacity), this.#hasValue);
  }
}

function grown<Kind extends Uint32Array | Float64Array | Uint8Array>(to: Kind, from: Kind): Kind {
  to.set(from);
  return to;
}

function isBefore(low: number, high: number, times: Uint32Array, index: number): boolean {
  const other = times[2 * index + 1]!;
  return high < other || (high === other && low < times[2 * index]!);
}

/** As UBIGINT. */
function integers(values: Float64Array, from: number, count: number): Uint32Array {
  const words = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const value = values[from + i]!;
    words[2 * i] = value % 4_294_967_296;
    words[2 * i + 1] = Math.floor(value / 4_294_967_296);
  }
  return words;
}
