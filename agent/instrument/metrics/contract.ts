import type { Attributes, Context, Meter, MeterOptions, MeterProvider } from '@opentelemetry/api';

/**
 * What passes between the threads of the agent: numbers in shared pages, and a record for each thing that explains them.
 * All of it can be structured-cloned, so a `SeriesSink` may stand in a worker.
 */

/** Numbers of series: 64-bit floats that the application's thread adds to while another thread reads. */
export interface CellPage {
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
}

export type InstrumentKind =
  | 'counter'
  | 'up_down_counter'
  | 'histogram'
  | 'gauge'
  | 'observable_counter'
  | 'observable_up_down_counter'
  | 'observable_gauge';

/** What the points of a stream are. */
export type PointKind = 'sum' | 'gauge' | 'histogram' | 'exponential_histogram';

export interface MeterRecord {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  /** Attributes of the OTLP InstrumentationScope: KeyValue fields as they stand in it, encoded. */
  readonly attributes: Uint8Array;
}

/** A metric as it leaves: an instrument, or what one view makes of it. Told again under its id when its description grows. */
export interface InstrumentRecord {
  readonly id: number;
  readonly meter: MeterRecord;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: InstrumentKind;
  readonly point: PointKind;
  /** Of a sum. */
  readonly monotonic: boolean;
  /** Numbers leave as 64-bit integers, else as doubles. */
  readonly integers: boolean;
  /** Upper bounds of an explicit histogram, ascending, each inclusive. */
  readonly bounds: readonly number[];
  /** Most buckets of an exponential histogram, per sign. */
  readonly bucketsMax: number;
  /** Numbers may be below zero: an exponential histogram has buckets for both signs. */
  readonly signed: boolean;
  /** Whether a histogram's points tell minimum and maximum. */
  readonly minMax: boolean;
}

export interface SeriesRecord {
  readonly id: number;
  readonly instrument: number;
  readonly page: number;
  /** First of its cells in the page, in 64-bit floats; what follows is told in cells.ts. */
  readonly offset: number;
  /** ns since 1970. */
  readonly startTimeNs: bigint;
  /** The attribute fields of its points, with their keys, encoded as they stand in the message of `point`. */
  readonly attributes: Uint8Array;
}

/** A measurement that was made inside a span. */
export interface ExemplarRecord {
  readonly series: number;
  readonly value: number;
  /** ns since 1970. */
  readonly timeNs: bigint;
  /** Lower-case hex, 32 and 16 digits; empty outside a span. */
  readonly traceId: string;
  readonly spanId: string;
  /** What a view took away: KeyValue fields as they stand in an Exemplar, encoded. */
  readonly filteredAttributes: Uint8Array;
}

/** A number that stands in no cell: a point that is told whole, and again when it has changed. */
export interface KeptPoint {
  /** Of the gauge's points: the last one that was told under it counts. */
  readonly key: string;
  /** Undefined when there is none any more. */
  readonly point:
    | { readonly timeNs: bigint; readonly value: number; readonly attributes: Readonly<Record<string, string>> }
    | undefined;
}

/** Points of one gauge that are told whole. */
export interface KeptPoints {
  /** Of the gauge, and of the OTLP InstrumentationScope. */
  readonly name: string;
  readonly meter: string;
  readonly points: readonly KeptPoint[];
}

/** Who is told what the cells mean: the reader itself, or a port to the thread where it is. Told in this order: the page and
 *  the instrument before the first series that names them. */
export interface SeriesSink {
  addPage(page: CellPage): void;
  addInstrument(instrument: InstrumentRecord): void;
  addSeries(series: SeriesRecord): void;
  addExemplars?(exemplars: readonly ExemplarRecord[]): void;
  addKept?(kept: KeptPoints): void;
}

export interface BoundCounter {
  add(value: number, context?: Context): void;
}
/** 1 more and 1 less, without exemplars: what a bound up-down counter of the agent's own engine can besides, for what is counted at
 *  each call of something small. */
export interface Steps {
  up(): void;
  down(): void;
}
/** Of a histogram and of a gauge. */
export interface BoundRecorder {
  record(value: number, context?: Context): void;
}
export interface AgentCounter {
  add(value: number, attributes?: Attributes, context?: Context): void;
  /** The series of these attributes, found once: what is added later costs no look-up. Nothing is exported of a series
   *  before its first measurement. */
  bind(attributes?: Attributes): BoundCounter;
}
export interface AgentRecorder {
  record(value: number, attributes?: Attributes, context?: Context): void;
  bind(attributes?: Attributes): BoundRecorder;
}

/** The API's meter, whose synchronous instruments can be bound. */
export interface AgentMeter extends Meter {
  createCounter(...[name, options]: Parameters<Meter['createCounter']>): AgentCounter;
  createUpDownCounter(...[name, options]: Parameters<Meter['createUpDownCounter']>): AgentCounter;
  createHistogram(...[name, options]: Parameters<Meter['createHistogram']>): AgentRecorder;
  createGauge(...[name, options]: Parameters<Meter['createGauge']>): AgentRecorder;
}

export interface AgentMeterOptions extends MeterOptions {
  /** Of the InstrumentationScope. */
  readonly attributes?: Attributes;
}

export type Aggregation =
  | { readonly type: 'default' }
  | { readonly type: 'drop' }
  | { readonly type: 'sum' }
  | { readonly type: 'last_value' }
  | { readonly type: 'explicit_bucket_histogram'; readonly boundaries?: readonly number[]; readonly recordMinMax?: boolean }
  | {
      readonly type: 'base2_exponential_bucket_histogram';
      /** Default 160. */
      readonly maxSize?: number;
      readonly recordMinMax?: boolean;
    };

/** Attributes that stay, by their keys; a set of them is one. Asked at each measurement: its answers must not change. */
export type AttributeFilter = Pick<ReadonlySet<string>, 'has'>;

/** Which instruments, and what becomes of them. An instrument that several views select leaves once for each. Criteria that
 *  are left out select everything. */
export interface View {
  /** Exact, or with `*` and `?`. */
  readonly instrumentName?: string;
  readonly instrumentKind?: InstrumentKind;
  readonly instrumentUnit?: string;
  readonly meterName?: string;
  readonly meterVersion?: string;
  readonly meterSchemaUrl?: string;
  readonly name?: string;
  readonly description?: string;
  /** Attributes that stay; all without it. */
  readonly attributeKeys?: readonly string[];
  /** The same where they are no list; it counts before one. */
  readonly attributeFilter?: AttributeFilter;
  readonly aggregation?: Aggregation;
  readonly cardinalityLimit?: number;
}

/** What was not taken as it came, and why: each a counter of `stats().dropped`. */
export type FaultKind =
  /** A measurement that is NaN. */
  | 'nan'
  /** ±Infinity, or a sum that would become it. */
  | 'infinite'
  /** Below zero where that means nothing. */
  | 'negative'
  /** A measurement that is no number. */
  | 'type'
  /** An attribute whose value OTLP has no type for; the measurement counts, without it. */
  | 'attribute'
  /** Over the cardinality limit: counted in the point with `otel.metric.overflow`, nothing is lost but the attributes. */
  | 'overflow'
  /** An instrument whose name the specification does not allow, or that is one too many. */
  | 'name'
  /** An instrument like another of its meter, but with another unit or kind. */
  | 'duplicate'
  /** A view or advice that cannot be used. */
  | 'view'
  /** A callback that threw, took too long, or observed what it was not registered for. */
  | 'callback';

/** Told the first time, per instrument and kind; the rest is counted. Never throws. */
export type OnFault = (kind: FaultKind, detail: string) => void;

export interface MeterProviderOptions {
  readonly sink: SeriesSink;
  readonly onFault: OnFault;
  readonly views?: readonly View[] | undefined;
  /** What holds where views say nothing: of all that select an instrument, the later ones before the earlier. */
  readonly advice?: readonly View[];
  /** Points of one metric, with that of the overflow; default 2,000. */
  readonly cardinalityLimit?: number;
  /** What histograms are where neither view nor advice says so; default explicit. */
  readonly histogramAggregation?: 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
  /** Default `trace_based`: measurements inside a sampled span. */
  readonly exemplarFilter?: 'trace_based' | 'always_on' | 'always_off';
  /** ms since 1970. */
  readonly now?: () => number;
}

export interface MeterProviderStats {
  readonly instruments: number;
  /** Undefined where the engine does not tell. */
  readonly series: number | undefined;
  readonly dropped: Readonly<Record<FaultKind, number>>;
  /** Instruments over their limit, and the attribute of each that has the most values. */
  readonly overflowing: readonly { readonly instrument: string; readonly attribute: string }[];
}

/** What `AgentMeterProvider` of provider.ts and the engine of the official SDK both are. */
export interface InstrumentEngine extends MeterProvider {
  getMeter(name: string, version?: string, options?: AgentMeterOptions): AgentMeter;
  /** Runs the observable callbacks and publishes what they observe, at most `timeoutMs` later for those that are
   *  asynchronous; what synchronous ones observe is published when the call returns. Never rejects. `inTurns`: where the engine
   *  can, each callback has a turn of the event loop to itself, and all is published when the promise resolves. */
  observe(timeoutMs: number, inTurns?: boolean): Promise<void>;
  /** Runs `step` before the first round of callbacks: what only they need is not made while an application starts. An engine
   *  without it knows nothing of its first round. `step` must not throw. */
  beforeObserving?(step: () => void): void;
  stats(): MeterProviderStats;
}

export type Temporality = 'cumulative' | 'delta' | 'lowmemory';

export interface CollectedRequest {
  /** An ExportMetricsServiceRequest. */
  readonly body: Uint8Array;
  readonly points: number;
  /** These points were delivered, or given up for good: the next delta starts behind them. */
  commit(): void;
}

export interface Collected {
  readonly requests: readonly CollectedRequest[];
  /** Commits every request. */
  commit(): void;
}
