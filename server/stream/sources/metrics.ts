import { z } from 'zod';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { StreamData, StreamFeed, StreamSource, StreamViewer } from '../../../pipeline/live.ts';
import type {
  Dictionaries,
  HistogramColumns,
  MetricsScan,
  MetricType,
  PointColumns,
  SummaryColumns,
} from '../../../pipeline/otlp/scan-types.ts';
import { readOptions } from '../messages.ts';
import type { StreamNumber, StreamPoint, StreamSeries, StreamValue } from '../protocol.ts';
import { resourceKey, type OfService, type WantedResources } from '../wanted-groups.ts';
import type { Watcher, Watches } from '../watch.ts';
import { ByIndex } from './by-index.ts';
import { cutAttributes, cutText, numberOf } from './text.ts';

const LIMIT = 50;
const NAMES_MAX = 100;
const NAME_CHARS = 256;
const schema = z
  .strictObject({
    service: z.string().max(NAME_CHARS).optional(),
    names: z.array(z.string().min(1).max(NAME_CHARS)).min(1).max(NAMES_MAX).optional(),
    limit: z.int().min(1).max(LIMITS.streamItems).default(LIMIT),
  })
  // In one order, so that equal wishes are equal texts.
  .transform(({ service, names, limit }) => ({
    service: service ?? null,
    names: names === undefined ? null : [...new Set(names)].sort(),
    limit,
  }));
type Options = z.output<typeof schema>;

/** Topic `metrics`: of each series the newest point of each second; of one with more than is looked at, one. */
export function metricsSource(watches: Watches, now: () => number): StreamSource<Options> {
  return {
    topic: 'metrics',
    conflates: true,
    options: (given) => readOptions(schema, given),
    open: ({ scope }: StreamViewer, options) => {
      const feed = new MetricsFeed(options, now);
      feed.leave = watches.add(scope, 'metrics', feed);
      return feed;
    },
  };
}

/** A series that brought something in the last so many milliseconds is expected to bring more. */
const LIVELY_MS = 15_000;
const NO_VALUE_FLAG = 1;
const HAS_SUM = 1;
const NS_PER_MS = 1_000_000;

interface Shown {
  readonly series: StreamSeries;
  /** Of its resource. */
  readonly resource: string;
  timeMs: number;
  value: number;
  /** Of a distribution: `value` is its sum, if there is one. */
  count: number;
  hasSum: boolean;
  changed: boolean;
  isTold: boolean;
  seenMs: number;
  /** What was told last. */
  point: StreamPoint | undefined;
}

/** What becomes of a series of the dictionary: shown, of no interest, or one too many. */
type Place = Shown | 'not wanted' | 'no room';

class MetricsFeed implements StreamFeed, Watcher<MetricsScan> {
  leave = (): void => {};
  readonly #options: Options;
  readonly #now: () => number;
  readonly #names: ReadonlySet<string> | undefined;
  /** Who asked for one. */
  readonly #service: OfService | undefined;
  /** By what makes a series one and the same over generations. */
  readonly #shown = new Map<string, Shown>();
  /** Attribute sets, of the generation that runs, of those that were found in it. */
  readonly #foundSets = new Set<number>();
  readonly #found = new Set<Shown>();
  #generation = -1;
  readonly #places = new ByIndex<Place>((dictionaries, series) => this.#placeOf(dictionaries, series));
  readonly #wantedMetrics = new ByIndex<boolean>((dictionaries, index) => this.#wantsMetric(dictionaries, index));
  readonly #wantedOrigins = new ByIndex<boolean>((dictionaries, index) => this.#wantsOrigin(dictionaries, index));
  /** Keys of the resources of all that is shown; undefined as long as nobody asked since that changed. */
  #resources: ReadonlySet<string> | undefined;
  /** Series that are expected to bring something, and those that did in the second that runs. */
  #lively = 0;
  #changed = 0;
  #nextNumber = 0;
  #skipped = 0;
  #madeRoomMs = 0;
  /** Told of the second that runs. */
  #nowMs = 0;

  constructor(options: Options, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#names = options.names === null ? undefined : new Set(options.names);
    this.#service = options.service === null ? undefined : { service: options.service };
  }

  take(scan: MetricsScan): void {
    this.#nowMs = this.#now();
    const { dictionaries } = scan;
    this.#points(dictionaries, scan.gauge);
    this.#points(dictionaries, scan.sum);
    this.#distributions(dictionaries, scan.histogram);
    this.#distributions(dictionaries, scan.exponentialHistogram);
    this.#distributions(dictionaries, scan.summary);
  }

  skip(items: number): void {
    this.#skipped += items;
  }

  /** Those of the service that was asked for. Else, once all that there is room for was found, of who takes whatever comes:
   *  of other resources there is only what has no room. A name may come with any resource, so all has to be read for it. */
  get resources(): WantedResources | undefined {
    if (this.#service !== undefined) return this.#service;
    if (this.#names !== undefined || this.#shown.size < this.#options.limit) return undefined;
    this.#resources ??= new Set([...this.#shown.values()].map(({ resource }) => resource));
    return this.#resources;
  }

  /** Who asked for a service is shown what that brings anew, and counts what has no room. */
  get isSated(): boolean {
    return this.#service === undefined && this.#lively > 0 && this.#changed >= this.#lively;
  }

  /** Of who asked for a service these are of another one: none was skipped. */
  pass(items: number): void {
    if (this.#service === undefined) this.#skipped += items;
    this.#nowMs = this.#now();
    if (this.#makeRoom()) this.#places.forget();
  }

  snapshot(): StreamData {
    const series: StreamSeries[] = [];
    const points: StreamPoint[] = [];
    for (const { point, ...shown } of this.#shown.values()) {
      if (point === undefined) continue;
      series.push(shown.series);
      points.push(point);
    }
    return { series, points };
  }

  delta(): StreamData | undefined {
    const series: StreamSeries[] = [];
    const points: StreamPoint[] = [];
    const nowMs = this.#now();
    this.#lively = 0;
    this.#changed = 0;
    for (const shown of this.#shown.values()) {
      if (nowMs - shown.seenMs < LIVELY_MS) this.#lively += 1;
      if (!shown.changed) continue;
      shown.changed = false;
      if (!shown.isTold) series.push(shown.series);
      shown.isTold = true;
      shown.point = [shown.series.series, shown.timeMs, valueOf(shown)];
      points.push(shown.point);
    }
    const skipped = this.#skipped;
    this.#skipped = 0;
    if (points.length === 0 && skipped === 0) return undefined;
    return skipped === 0 ? { series, points } : { series, points, skipped };
  }

  close(): void {
    this.leave();
  }

  #points(dictionaries: Dictionaries, { length, series, time, value, flags }: PointColumns): void {
    for (let row = 0; row < length; row++) {
      if ((flags[row]! & NO_VALUE_FLAG) !== 0) continue;
      const shown = this.#place(dictionaries, series[row]!);
      if (shown === undefined) continue;
      const timeMs = Math.floor(numberOf(time, row) / NS_PER_MS);
      if (!this.#isNewer(shown, timeMs)) continue;
      shown.timeMs = timeMs;
      shown.value = value[row]!;
    }
  }

  #distributions(
    dictionaries: Dictionaries,
    columns: HistogramColumns | SummaryColumns | MetricsScan['exponentialHistogram'],
  ): void {
    const { length, series, time, count, sum, flags } = columns;
    const present = 'present' in columns ? columns.present : undefined;
    for (let row = 0; row < length; row++) {
      if ((flags[row]! & NO_VALUE_FLAG) !== 0) continue;
      const shown = this.#place(dictionaries, series[row]!);
      if (shown === undefined) continue;
      const timeMs = Math.floor(numberOf(time, row) / NS_PER_MS);
      if (!this.#isNewer(shown, timeMs)) continue;
      shown.timeMs = timeMs;
      shown.count = numberOf(count, row);
      shown.hasSum = present === undefined || (present[row]! & HAS_SUM) !== 0;
      shown.value = sum[row]!;
    }
  }

  /** Within a second the newest counts; over seconds what comes, for a clock may have been set back. */
  #isNewer(shown: Shown, timeMs: number): boolean {
    if (shown.changed && timeMs < shown.timeMs) return false;
    if (!shown.changed) {
      shown.changed = true;
      this.#changed += 1;
      if (this.#nowMs - shown.seenMs >= LIVELY_MS) this.#lively += 1;
    }
    shown.seenMs = this.#nowMs;
    return true;
  }

  #place(dictionaries: Dictionaries, series: number): Shown | undefined {
    let place = this.#places.of(dictionaries, series);
    if (typeof place === 'object') return place;
    if (place === 'not wanted') return undefined;
    if (this.#makeRoom()) {
      this.#places.forget();
      place = this.#places.of(dictionaries, series);
      if (typeof place === 'object') return place;
    }
    this.#skipped += 1;
    return undefined;
  }

  /** Looks, once a second at most, for series that bring nothing any more. */
  #makeRoom(): boolean {
    if (this.#nowMs - this.#madeRoomMs < LIMITS.streamTickMs) return false;
    this.#madeRoomMs = this.#nowMs;
    const before = this.#shown.size;
    for (const [key, shown] of this.#shown) {
      if (this.#nowMs - shown.seenMs < LIMITS.streamSeriesIdleMs) continue;
      this.#shown.delete(key);
      this.#found.delete(shown);
    }
    if (this.#shown.size === before) return false;
    this.#resources = undefined;
    return true;
  }

  #placeOf(dictionaries: Dictionaries, series: number): Place {
    const metric = dictionaries.metricOf(series);
    const origin = dictionaries.originOf(series);
    if (!this.#wantedMetrics.of(dictionaries, metric) || !this.#wantedOrigins.of(dictionaries, origin)) return 'not wanted';
    if (this.#isOneTooMany(dictionaries, series)) return 'no room';
    const { name, unit, type } = dictionaries.metric(metric);
    const { service } = dictionaries.resource(dictionaries.resourceOf(origin));
    const attributes = dictionaries.attributeSet(dictionaries.attributesOf(series));
    const resource = dictionaries.resource(dictionaries.resourceOf(origin));
    const instrumentationScope = dictionaries.instrumentationScope(dictionaries.instrumentationScopeOf(origin)).name;
    // In another generation the same attributes may come in another order.
    const resourceText = resourceKey(resource.attributes);
    const key = JSON.stringify([name, unit, type, instrumentationScope, resourceText, sorted(attributes)]);
    const known = this.#shown.get(key);
    if (known !== undefined) return this.#noteFound(dictionaries, series, known);
    if (this.#shown.size >= this.#options.limit) return 'no room';
    const described = { name, unit, type, service, resource: resourceText };
    const shown = newlyShown(this.#nextNumber, described, cutAttributes(attributes), this.#nowMs);
    this.#nextNumber += 1;
    this.#shown.set(key, shown);
    this.#lively += 1;
    this.#resources = undefined;
    return this.#noteFound(dictionaries, series, shown);
  }

  /** Without a look at what it is made of, which takes longer than all else: where everything that is shown has been found
   *  in this generation, a series with another attribute set is none of that. */
  #isOneTooMany(dictionaries: Dictionaries, series: number): boolean {
    if (dictionaries.generation !== this.#generation) {
      this.#generation = dictionaries.generation;
      this.#foundSets.clear();
      this.#found.clear();
    }
    if (this.#shown.size < this.#options.limit || this.#found.size < this.#shown.size) return false;
    return !this.#foundSets.has(dictionaries.attributesOf(series));
  }

  #noteFound(dictionaries: Dictionaries, series: number, shown: Shown): Shown {
    this.#foundSets.add(dictionaries.attributesOf(series));
    this.#found.add(shown);
    return shown;
  }

  #wantsMetric(dictionaries: Dictionaries, index: number): boolean {
    return this.#names === undefined || this.#names.has(dictionaries.metric(index).name);
  }

  #wantsOrigin(dictionaries: Dictionaries, index: number): boolean {
    const { service } = this.#options;
    return service === null || dictionaries.resource(dictionaries.resourceOf(index)).service === service;
  }
}

function newlyShown(
  number: number,
  { name, unit, type, service, resource }: { name: string; unit: string; type: MetricType; service: string; resource: string },
  attributes: Record<string, string>,
  nowMs: number,
): Shown {
  return {
    series: {
      series: number,
      name: cutText(name),
      unit: cutText(unit),
      metric_type: type,
      service: cutText(service),
      attributes,
    },
    resource,
    timeMs: 0,
    value: 0,
    count: 0,
    hasSum: false,
    changed: false,
    isTold: false,
    seenMs: nowMs,
    point: undefined,
  };
}

const sorted = (attributes: readonly (readonly [string, string])[]): (readonly [string, string])[] =>
  [...attributes].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));

function valueOf({ series, value, count, hasSum }: Shown): StreamValue {
  if (series.metric_type === 'gauge' || series.metric_type === 'sum') return jsonNumber(value);
  return { count, sum: hasSum ? jsonNumber(value) : null };
}

function jsonNumber(value: number): StreamNumber {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}
