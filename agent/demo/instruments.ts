import { keyValues, type PlainAttributes, type PlainMessage } from '../../pipeline/otlp/encode.ts';

/** The instruments of one process of the shop: what it counted since it started, cumulative, as an SDK would send it. */
export interface Kind {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly type: 'counter' | 'up_down_counter' | 'gauge' | 'histogram' | 'exponential_histogram' | 'summary';
  /** Of a histogram. */
  readonly bounds?: readonly number[];
}

const CUMULATIVE = 2;
/** Buckets of an exponential histogram: eight to each doubling. */
const SCALE = 3;
/** A summary tells of so many of the last values. */
const SUMMARY_VALUES = 200;
const QUANTILES = [0.5, 0.9, 0.99] as const;

interface Series {
  readonly attributes: readonly PlainMessage[];
  count: number;
  /** Of a counter or gauge: its value. */
  sum: number;
  min: number;
  max: number;
  /** Of a histogram by place, of an exponential one by index. */
  readonly buckets: Map<number, number>;
  readonly recent: number[];
}

/** From when, until when, in nanoseconds since 1970. */
interface Period {
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
}

export class Instruments {
  readonly #kinds = new Map<Kind, Map<string, Series>>();

  /** Adds to a counter, sets a gauge, puts a value into a distribution. */
  record(kind: Kind, value: number, attributes: PlainAttributes = {}): void {
    const series = this.#series(kind, attributes);
    series.count += 1;
    series.sum = kind.type === 'gauge' ? value : series.sum + value;
    series.min = Math.min(series.min, value);
    series.max = Math.max(series.max, value);
    if (kind.type === 'histogram') countIn(series, placeOf(value, kind.bounds ?? []));
    if (kind.type === 'exponential_histogram') countIn(series, Math.ceil(Math.log2(value) * 2 ** SCALE) - 1);
    if (kind.type === 'summary') {
      series.recent.push(value);
      if (series.recent.length > SUMMARY_VALUES) series.recent.shift();
    }
  }

  /** Every metric there is, as OTLP. */
  collect(period: Period): PlainMessage[] {
    return [...this.#kinds].map(([kind, series]) => metricOf(kind, [...series.values()], period));
  }

  #series(kind: Kind, attributes: PlainAttributes): Series {
    let all = this.#kinds.get(kind);
    if (all === undefined) this.#kinds.set(kind, (all = new Map()));
    const key = JSON.stringify(attributes);
    let series = all.get(key);
    if (series === undefined) {
      const empty = { count: 0, sum: 0, min: Infinity, max: -Infinity, buckets: new Map<number, number>(), recent: [] };
      all.set(key, (series = { attributes: keyValues(attributes), ...empty }));
    }
    return series;
  }
}

function countIn({ buckets }: Series, place: number): void {
  buckets.set(place, (buckets.get(place) ?? 0) + 1);
}

function placeOf(value: number, bounds: readonly number[]): number {
  const place = bounds.findIndex((bound) => value <= bound);
  return place < 0 ? bounds.length : place;
}

function metricOf(kind: Kind, series: readonly Series[], period: Period): PlainMessage {
  const { name, unit, description } = kind;
  return { name, unit, description, ...dataOf(kind, series, period) };
}

function dataOf({ type, bounds = [] }: Kind, all: readonly Series[], period: Period): PlainMessage {
  const points = (of: (series: Series) => PlainMessage): PlainMessage[] =>
    all.map((series) => ({ ...period, ...of(series), attributes: series.attributes }));
  const whole = ({ count, sum, min, max }: Series): PlainMessage => ({ count: BigInt(count), sum, min, max });
  switch (type) {
    case 'gauge': {
      const { timeUnixNano } = period;
      return { gauge: { dataPoints: points(({ sum }) => ({ asDouble: sum, startTimeUnixNano: 0n, timeUnixNano })) } };
    }
    case 'counter':
    case 'up_down_counter': {
      const dataPoints = points(({ sum }) => (Number.isSafeInteger(sum) ? { asInt: BigInt(sum) } : { asDouble: sum }));
      return { sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: type === 'counter' } };
    }
    case 'histogram': {
      const bucketsOf = ({ buckets }: Series): bigint[] =>
        Array.from({ length: bounds.length + 1 }, (_, i) => BigInt(buckets.get(i) ?? 0));
      const dataPoints = points((series) => ({ ...whole(series), bucketCounts: bucketsOf(series), explicitBounds: bounds }));
      return { histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
    }
    case 'exponential_histogram': {
      const dataPoints = points((series) => ({ ...whole(series), scale: SCALE, positive: exponentialBuckets(series) }));
      return { exponentialHistogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
    }
    case 'summary':
      return {
        summary: { dataPoints: points(({ count, sum, recent }) => ({ count: BigInt(count), sum, ...quantiles(recent) })) },
      };
  }
}

function exponentialBuckets({ buckets }: Series): PlainMessage {
  const indexes = [...buckets.keys()];
  const offset = Math.min(...indexes);
  const bucketCounts = Array.from({ length: Math.max(...indexes) - offset + 1 }, (_, i) => BigInt(buckets.get(offset + i) ?? 0));
  return { offset, bucketCounts };
}

function quantiles(recent: readonly number[]): PlainMessage {
  const sorted = recent.toSorted((left, right) => left - right);
  const at = (quantile: number): number => sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  return { quantileValues: QUANTILES.map((quantile) => ({ quantile, value: at(quantile) })) };
}
