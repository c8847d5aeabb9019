import { PointTable, type AnyTable } from './scan-columns.kernel.ts';
import { DistributionScanner, EXPONENTIAL_HISTOGRAM_POINT, HISTOGRAM_POINT, SUMMARY_POINT } from './scan-distributions.kernel.ts';
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
/** Type, temporality, monotonic; then three lengths. */
const METRIC_HEAD_BYTES = 3;

export class MetricsScanner extends DistributionScanner {
  readonly gauge = new PointTable();
  readonly sum = new PointTable();
  readonly tables: readonly AnyTable[] = [this.gauge, this.sum, this.histogram, this.exponentialHistogram, this.summary];
  /** Of the metric that is read: origin and metric. */
  #context = 0;
  /** The series of the last point, and the metric of the last series. */
  #last = 0;
  #lastMetric = 0;
  readonly #name = new Place();
  readonly #description = new Place();
  readonly #unit = new Place();
  #key = new Uint8Array(1024);
  #keyView = new DataView(this.#key.buffer);

  override forget(): void {
    super.forget();
    this.#last = 0;
    this.#lastMetric = 0;
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
    let temporality = -1;
    let monotonic = -1;
    const hasTemporality = data !== GAUGE && data !== SUMMARY;
    for (let p = start; p < end;) {
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
      const key = wire.key(p, end);
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (key !== DATA_POINT) continue;
      wire.sized(at, end);
      if (!this.#point(data, wire.at, p)) return false;
    }
    return true;
  }

  #contextOf(data: number, temporality: number, monotonic: number): void {
    const { interning } = this;
    let metric = interning.metricFollowerOf[this.#lastMetric] ?? 0;
    if (metric >= interning.metrics.count || !this.#isMetric(metric, data >>> 3, temporality, monotonic)) {
      metric = this.#internMetric(data >>> 3, temporality, monotonic);
      interning.followMetric(this.#lastMetric, metric);
    }
    this.#lastMetric = metric;
    this.#context = interning.contexts.intern(this.origin, metric);
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

  /** The series of the context with these attributes; -1 when they cannot be read. */
  protected override seriesOf(
    key: number,
    start: number,
    end: number,
    runStart: number,
    runEnd: number,
    scattered: boolean,
  ): number {
    const { interning, wire } = this;
    const guess = interning.followerOf[this.#last]!;
    let series: number;
    if (
      !scattered &&
      guess < interning.series.count &&
      interning.series.first[guess] === this.#context &&
      interning.attributes.entries.equals(interning.entryOf[guess]!, wire.bytes, wire.view, runStart, runEnd)
    ) {
      series = guess;
    } else {
      const entry = this.attributesEntry(key, start, end, runStart, runEnd, scattered);
      if (entry < 0) return -1;
      series = interning.seriesOf(this.#context, entry);
      interning.followerOf[this.#last] = series;
    }
    this.#last = series;
    return series;
  }

  /** Sets the series: the guessed one, if the point has no attributes but those that were guessed. */
  #finish(
    table: PointTable,
    row: number,
    start: number,
    end: number,
    runStart: number,
    runEnd: number,
    scattered: boolean,
    guessed: number,
  ): boolean {
    let series: number;
    if (guessed > 0 && !scattered && runEnd - runStart === guessed) {
      series = this.interning.followerOf[this.#last]!;
      this.#last = series;
    } else {
      series = this.seriesOf(58, start, end, runStart < 0 ? 0 : runStart, runStart < 0 ? 0 : runEnd, scattered);
      if (series < 0) return false;
    }
    table.series[row] = series;
    return true;
  }

  /** The length of the run of attributes at `start`, if it is that of the series that is expected; then it is whole. */
  #guessedRun(start: number, end: number): number {
    const { interning, wire } = this;
    const guess = interning.followerOf[this.#last]!;
    if (guess >= interning.series.count || interning.series.first[guess] !== this.#context) return -1;
    return interning.attributes.entries.lengthAt(interning.entryOf[guess]!, wire.bytes, wire.view, start, end);
  }

  #number(table: PointTable, start: number, end: number): boolean {
    const { wire } = this;
    const { view } = wire;
    if (!table.reserve()) return this.full();
    const row = table.length;
    const { time, startTime } = table;
    clear(table, row);
    let value = 0;
    let seen = 0;
    let runStart = -1;
    let runEnd = -1;
    let scattered = false;
    let exemplars = 0;
    let guessed = -1;
    for (let p = start; p < end;) {
      const fieldStart = p;
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      switch (key) {
        case 58:
          if (runStart < 0) {
            runStart = fieldStart;
            guessed = this.#guessedRun(fieldStart, end);
            if (guessed > 0) p = fieldStart + guessed;
          } else if (fieldStart !== runEnd) scattered = true;
          runEnd = p;
          continue;
        case 17:
          startTime[2 * row] = view.getUint32(at, true);
          startTime[2 * row + 1] = view.getUint32(at + 4, true);
          break;
        case 25:
          time[2 * row] = view.getUint32(at, true);
          time[2 * row + 1] = view.getUint32(at + 4, true);
          break;
        case 33:
          value = view.getFloat64(at, true);
          break;
        case 49:
          value = view.getInt32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true);
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
      const bit = key === 49 ? 1 << 4 : 1 << (key >>> 3);
      if ((seen & bit) !== 0) return this.repeated();
      seen |= bit;
    }
    table.value[row] = value;
    if (!this.#finish(table, row, start, end, runStart, runEnd, scattered, guessed)) return false;
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

function clear({ time, startTime, flags }: PointTable, row: number): void {
  time[2 * row] = 0;
  time[2 * row + 1] = 0;
  startTime[2 * row] = 0;
  startTime[2 * row + 1] = 0;
  flags[row] = 0;
}
