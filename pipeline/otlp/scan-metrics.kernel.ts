import { PointTable, type AnyTable } from './scan-columns.kernel.ts';
import { DistributionScanner, EXPONENTIAL_HISTOGRAM_POINT, HISTOGRAM_POINT, SUMMARY_POINT } from './scan-distributions.kernel.ts';
import { hashOf } from './interner.kernel.ts';
import { CONTEXT, FOLLOWER, RUN_LENGTH, RUN_START, SERIES_WORDS } from './interning.kernel.ts';
import { Place } from './scan-request.kernel.ts';

/**
 * Data points into columns. The series of a point is guessed: most senders write the same points in the same order each
 * time, so the one that followed last time is compared first, without a hash. 50 to 100 ns a point with five attributes.
 */
const GAUGE = 42;
const SUM = 58;
const HISTOGRAM = 74;
const EXPONENTIAL_HISTOGRAM = 82;
const SUMMARY = 90;
const DATA_POINT = 10;
/** Keys of NumberDataPoint. */
const START_TIME = 17;
const TIME = 25;
const AS_DOUBLE = 33;
const AS_INT = 49;
/** Type, temporality, monotonic; then three lengths. */
const METRIC_HEAD_BYTES = 3;
const NAMED_METRICS = 1024;
/** A key of one byte and eight of a fixed64 or double. */
const FIXED_FIELD = 9;

export class MetricsScanner extends DistributionScanner {
  readonly gauge = new PointTable();
  readonly sum = new PointTable();
  readonly tables: readonly AnyTable[] = [this.gauge, this.sum, this.histogram, this.exponentialHistogram, this.summary];
  /** Of the metric that is read: origin and metric. */
  #context = 0;
  /** The series of the last point, and the metric of the last series. */
  #last = 0;
  #lastMetric = 0;
  /** Has the metric that is read had no point yet? */
  #isFirst = true;
  /** By the hash of a name: the metric that last had it, + 1. */
  readonly #named = new Uint32Array(NAMED_METRICS);
  readonly #name = new Place();
  readonly #description = new Place();
  readonly #unit = new Place();
  #key = new Uint8Array(1024);
  #keyView = new DataView(this.#key.buffer);

  override forget(): void {
    super.forget();
    this.#last = 0;
    this.#lastMetric = 0;
    this.#named.fill(0);
  }

  /** Metric { 1 name, 2 description, 3 unit, 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary } */
  protected override item(start: number, end: number): boolean {
    const { wire } = this;
    const name = this.#name;
    const description = this.#description;
    const unit = this.#unit;
    name.set(-1, -1);
    description.set(-1, -1);
    unit.set(-1, -1);
    let data = 0;
    let dataStart = 0;
    let dataEnd = 0;
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      switch (key) {
        case 10:
        case 18:
        case 26: {
          const place = key === 10 ? name : key === 18 ? description : unit;
          if (place.start >= 0) return this.repeated();
          wire.sized(at, end);
          place.set(wire.at, p);
          break;
        }
        case GAUGE:
        case SUM:
        case HISTOGRAM:
        case EXPONENTIAL_HISTOGRAM:
        case SUMMARY:
          if (data !== 0) return this.repeated();
          wire.sized(at, end);
          data = key;
          dataStart = wire.at;
          dataEnd = p;
          break;
        default:
          if (isMetricField(key >>> 3)) return this.broken();
      }
    }
    return data === 0 || this.#data(data, dataStart, dataEnd);
  }

  /** Gauge, Sum, … { repeated points = 1; temporality = 2; is_monotonic = 3 } */
  #data(data: number, start: number, end: number): boolean {
    const { wire } = this;
    const { bytes } = wire;
    let temporality = -1;
    let monotonic = -1;
    const hasTemporality = data !== GAUGE && data !== SUMMARY;
    for (let p = start; p < end;) {
      if (bytes[p] === DATA_POINT) {
        p = wire.sized(p + 1, end);
        if (p < 0) return this.broken();
        continue;
      }
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      if (key === DATA_POINT) continue;
      if (key >>> 3 === 1) return this.broken();
      if (key >>> 3 === 2 && hasTemporality) {
        if (key !== 16) return this.broken();
        if (temporality >= 0) return this.repeated();
        temporality = wire.varint32(at, end) & 0xff;
      } else if (key >>> 3 === 3 && data === SUM) {
        if (key !== 24) return this.broken();
        if (monotonic >= 0) return this.repeated();
        monotonic = wire.bool(at, end) ? 1 : 0;
      }
    }
    this.#contextOf(data, temporality < 0 ? 0 : temporality, monotonic === 1 ? 1 : 0);
    for (let p = start; p < end;) {
      const key = bytes[p] === DATA_POINT ? DATA_POINT : wire.key(p, end);
      if (key !== DATA_POINT) {
        p = wire.skip(key, wire.at, end);
        continue;
      }
      p = wire.sized(bytes[p] === DATA_POINT ? p + 1 : wire.at, end);
      if (!this.#point(data, wire.at, p)) return false;
    }
    return true;
  }

  #contextOf(data: number, temporality: number, monotonic: number): void {
    const { interning } = this;
    let metric = interning.metricFollowerOf[this.#lastMetric] ?? 0;
    if (metric >= interning.metrics.count || !this.#isMetric(metric, data >>> 3, temporality, monotonic)) {
      metric = this.#metricByName(data >>> 3, temporality, monotonic);
      interning.followMetric(this.#lastMetric, metric);
    }
    this.#lastMetric = metric;
    this.#context = interning.contexts.intern(this.origin, metric);
    this.#isFirst = true;
  }

  /** The metric of this name last, if it is that one: else its key must be put together to find it. */
  #metricByName(type: number, temporality: number, monotonic: number): number {
    const { wire } = this;
    const { start, end } = this.#name;
    const slot = start < 0 ? 0 : hashOf(wire.view, wire.bytes, start, end, 0) & (NAMED_METRICS - 1);
    const known = this.#named[slot]!;
    if (known > 0 && this.#isMetric(known - 1, type, temporality, monotonic)) return known - 1;
    const metric = this.#internMetric(type, temporality, monotonic);
    this.#named[slot] = metric + 1;
    return metric;
  }

  /** Is the metric that is read this one? */
  #isMetric(metric: number, type: number, temporality: number, monotonic: number): boolean {
    const { metrics } = this.interning;
    const { keys } = metrics;
    let at = metrics.start(metric);
    if (keys[at] !== type || keys[at + 1] !== temporality || keys[at + 2] !== monotonic) return false;
    at = this.#behind(this.#name, at + METRIC_HEAD_BYTES);
    if (at > 0) at = this.#behind(this.#unit, at);
    return at > 0 && this.#behind(this.#description, at) > 0;
  }

  /** The place in the keys behind this text and its length, if they stand at `at`; else 0. */
  #behind(place: Place, at: number): number {
    const { metrics } = this.interning;
    const { keys } = metrics;
    const length = place.end - place.start;
    const known = keys[at]! | (keys[at + 1]! << 8) | (keys[at + 2]! << 16) | (keys[at + 3]! << 24);
    if (length !== known) return 0;
    return metrics.holds(at + 4, this.wire.bytes, this.wire.view, place.start, place.end) ? at + 4 + length : 0;
  }

  #internMetric(type: number, temporality: number, monotonic: number): number {
    let at = METRIC_HEAD_BYTES;
    const size = this.#name.end - this.#name.start + this.#description.end - this.#description.start;
    const needed = at + 12 + size + this.#unit.end - this.#unit.start;
    if (needed > this.#key.length) {
      this.#key = new Uint8Array(needed * 2);
      this.#keyView = new DataView(this.#key.buffer);
    }
    this.#key[0] = type;
    this.#key[1] = temporality;
    this.#key[2] = monotonic;
    at = this.#put(this.#name, at);
    at = this.#put(this.#unit, at);
    at = this.#put(this.#description, at);
    return this.interning.metrics.intern(this.#key, this.#keyView, 0, at);
  }

  #put(place: Place, to: number): number {
    const { bytes } = this.wire;
    const length = place.end - place.start;
    this.#keyView.setUint32(to, length, true);
    let at = to + 4;
    for (let from = place.start; from < place.end; from++) this.#key[at++] = bytes[from]!;
    return at;
  }

  #point(data: number, start: number, end: number): boolean {
    switch (data) {
      case GAUGE:
        return this.#number(this.gauge, start, end);
      case SUM:
        return this.#number(this.sum, start, end);
      case HISTOGRAM:
        return this.distribution(HISTOGRAM_POINT, this.histogram, start, end);
      case EXPONENTIAL_HISTOGRAM:
        return this.distribution(EXPONENTIAL_HISTOGRAM_POINT, this.exponentialHistogram, start, end);
      default:
        return this.distribution(SUMMARY_POINT, this.summary, start, end);
    }
  }

  /** The series of the context that is expected next; -1 for none. */
  #guess(): number {
    const { interning } = this;
    const { expected } = interning;
    const next = expected[SERIES_WORDS * this.#last + FOLLOWER]!;
    if (next < interning.series.count && expected[SERIES_WORDS * next + CONTEXT] === this.#context) return next;
    return this.#isFirst ? (interning.firstOf[this.#context] ?? 0) - 1 : -1;
  }

  /** Is the run that of the attributes of this series? */
  #isRunOf(series: number, start: number, end: number): boolean {
    const { interning, wire } = this;
    const at = SERIES_WORDS * series;
    if (interning.expected[at + RUN_LENGTH] !== end - start) return false;
    return interning.attributes.entries.holds(interning.expected[at + RUN_START]!, wire.bytes, wire.view, start, end);
  }

  #seen(series: number): number {
    this.#last = series;
    this.#isFirst = false;
    return series;
  }

  /** The series of the context with these attributes; -1 when they cannot be read. */
  protected override seriesOf(
    key: number,
    start: number,
    end: number,
    runStart: number,
    runEnd: number,
    scattered: boolean,
  ): number {
    const { interning } = this;
    const guess = this.#guess();
    if (guess >= 0 && !scattered && this.#isRunOf(guess, runStart, runEnd)) return this.#seen(guess);
    const entry = this.attributesEntry(key, start, end, runStart, runEnd, scattered);
    if (entry < 0) return -1;
    const series = interning.seriesOf(this.#context, entry);
    interning.learn(this.#last, guess, series, this.#isFirst);
    return this.#seen(series);
  }

  /**
   * The usual point: times, value and attributes in the order of their fields' numbers and nothing else, of the series that
   * is expected. False when it is not that, and nothing is done.
   */
  #usual(table: PointTable, start: number, end: number): boolean {
    const { bytes, view } = this.wire;
    const timeAt = bytes[start] === START_TIME ? start + FIXED_FIELD : start;
    const valueAt = timeAt + FIXED_FIELD;
    const runStart = valueAt + FIXED_FIELD;
    if (runStart > end || bytes[timeAt] !== TIME) return false;
    const kind = bytes[valueAt];
    if (kind !== AS_DOUBLE && kind !== AS_INT) return false;
    const series = this.#guess();
    if (series < 0 || !this.#isRunOf(series, runStart, end)) return false;
    const row = table.length;
    const { time, startTime, exemplars, heapLength } = table;
    const hasStart = timeAt > start;
    startTime[2 * row] = hasStart ? view.getUint32(start + 1, true) : 0;
    startTime[2 * row + 1] = hasStart ? view.getUint32(start + 5, true) : 0;
    time[2 * row] = view.getUint32(timeAt + 1, true);
    time[2 * row + 1] = view.getUint32(timeAt + 5, true);
    table.value[row] = kind === AS_DOUBLE ? view.getFloat64(valueAt + 1, true) : sint64(view, valueAt + 1);
    table.flags[row] = 0;
    exemplars[2 * row] = heapLength;
    exemplars[2 * row + 1] = heapLength;
    table.series[row] = this.#seen(series);
    table.length = row + 1;
    return true;
  }

  #number(table: PointTable, start: number, end: number): boolean {
    const { wire } = this;
    const { view } = wire;
    if (!table.reserve()) return this.full();
    if (this.#usual(table, start, end)) return true;
    const row = table.length;
    const { time, startTime } = table;
    clear(table, row);
    let value = 0;
    let seen = 0;
    let runStart = -1;
    let runEnd = -1;
    let scattered = false;
    let exemplars = 0;
    for (let p = start; p < end;) {
      const fieldStart = p;
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      switch (key) {
        case 58:
          if (runStart < 0) runStart = fieldStart;
          else if (fieldStart !== runEnd) scattered = true;
          runEnd = p;
          continue;
        case START_TIME:
          startTime[2 * row] = view.getUint32(at, true);
          startTime[2 * row + 1] = view.getUint32(at + 4, true);
          break;
        case TIME:
          time[2 * row] = view.getUint32(at, true);
          time[2 * row + 1] = view.getUint32(at + 4, true);
          break;
        case AS_DOUBLE:
          value = view.getFloat64(at, true);
          break;
        case AS_INT:
          value = sint64(view, at);
          break;
        case 64:
          table.flags[row] = wire.varint32(at, end);
          break;
        case 42:
          exemplars += 1;
          continue;
        default:
          if (key >>> 3 >= 2 && key >>> 3 <= 8) return this.broken();
          continue;
      }
      // as_double and as_int are members of one oneof.
      const bit = key === AS_INT ? 1 << 4 : 1 << (key >>> 3);
      if ((seen & bit) !== 0) return this.repeated();
      seen |= bit;
    }
    table.value[row] = value;
    const series = this.seriesOf(58, start, end, runStart, runStart < 0 ? -1 : runEnd, scattered);
    if (series < 0) return false;
    table.series[row] = series;
    if (exemplars === 0) {
      table.exemplars[2 * row] = table.heapLength;
      table.exemplars[2 * row + 1] = table.heapLength;
    } else if (!this.keepExemplars(table, row, 42, exemplars, start, end)) return false;
    table.length = row + 1;
    return true;
  }
}

function isMetricField(field: number): boolean {
  return field <= 3 || field === 5 || field === 7 || (field >= 9 && field <= 11);
}

/** The nearest double of a 64-bit integer. */
function sint64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true);
}

function clear({ time, startTime, flags }: PointTable, row: number): void {
  time[2 * row] = 0;
  time[2 * row + 1] = 0;
  startTime[2 * row] = 0;
  startTime[2 * row + 1] = 0;
  flags[row] = 0;
}
