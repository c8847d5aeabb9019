/**
 * What a scan of OTLP bytes gives: columns. A row per data point, record or span, of every property one typed array, and
 * no object per row. Text and attributes stand once in a dictionary; a row has their indices.
 *
 * 64-bit integers are two unsigned 32-bit words, low word first: element `row` of such a column stands at `2 * row` and
 * `2 * row + 1`. A range is a start and an end in the columns' `heap`, at the same places. All arrays may be longer than
 * `length` and are replaced when they grow: read them anew after each scan.
 */
interface Columns {
  readonly length: number;
  /** Bytes that ranges point to; of variable length. */
  readonly heap: Uint8Array;
  /** Bytes of the heap that are in use. */
  readonly heapLength: number;
}

/** Data points of gauges, or of sums. */
export interface PointColumns extends Columns {
  /** Index of the series. */
  readonly series: Uint32Array;
  /** Nanoseconds since 1970, 64 bit. */
  readonly time: Uint32Array;
  readonly startTime: Uint32Array;
  /** Integers become the nearest double; 0 where a point has no value. */
  readonly value: Float64Array;
  readonly flags: Uint32Array;
  /** Range: Exemplar messages, each as a field of number 1. */
  readonly exemplars: Uint32Array;
}

interface DistributionColumns extends Columns {
  readonly series: Uint32Array;
  readonly time: Uint32Array;
  readonly startTime: Uint32Array;
  /** 64 bit. */
  readonly count: Uint32Array;
  /** 0 where absent, see `present`. */
  readonly sum: Float64Array;
  readonly flags: Uint32Array;
}

export interface HistogramColumns extends DistributionColumns {
  /** Bits: 1 has a sum, 2 a minimum, 4 a maximum. */
  readonly present: Uint8Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Range: counts, 8 bytes each, little-endian. */
  readonly bucketCounts: Uint32Array;
  /** Range: doubles, 8 bytes each, little-endian. */
  readonly explicitBounds: Uint32Array;
  readonly exemplars: Uint32Array;
}

export interface ExponentialHistogramColumns extends DistributionColumns {
  /** Bits: 1 has a sum, 2 a minimum, 4 a maximum. */
  readonly present: Uint8Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly scale: Int32Array;
  /** 64 bit. */
  readonly zeroCount: Uint32Array;
  readonly zeroThreshold: Float64Array;
  readonly positiveOffset: Int32Array;
  /** Range: counts, 8 bytes each, little-endian. */
  readonly positiveBucketCounts: Uint32Array;
  readonly negativeOffset: Int32Array;
  readonly negativeBucketCounts: Uint32Array;
  readonly exemplars: Uint32Array;
}

export interface SummaryColumns extends DistributionColumns {
  /** Range: quantile and value, two doubles each. */
  readonly quantiles: Uint32Array;
}

export interface LogColumns extends Columns {
  /** Index of the origin: resource and instrumentation scope. */
  readonly origin: Uint32Array;
  /** Index of the attribute set. */
  readonly attributes: Uint32Array;
  /** Nanoseconds since 1970, 64 bit: when it happened, else when it was observed. */
  readonly time: Uint32Array;
  readonly severityNumber: Uint8Array;
  /** Index of a text. */
  readonly severityText: Uint32Array;
  readonly eventName: Uint32Array;
  /** Range: UTF-8 where `bodyIsText`, else the content of an AnyValue (empty: no body). */
  readonly body: Uint32Array;
  readonly bodyIsText: Uint8Array;
  /** Four words as they stand in memory, at `4 * row`; all 0: none. */
  readonly traceId: Uint32Array;
  /** Two words as they stand in memory. */
  readonly spanId: Uint32Array;
  readonly flags: Uint32Array;
}

export interface SpanColumns extends Columns {
  readonly origin: Uint32Array;
  readonly attributes: Uint32Array;
  /** Nanoseconds since 1970, 64 bit: the start. */
  readonly time: Uint32Array;
  /** Nanoseconds, 64 bit; 0 where the end lies before the start. */
  readonly duration: Uint32Array;
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly parentSpanId: Uint32Array;
  /** Index of a text. */
  readonly name: Uint32Array;
  readonly traceState: Uint32Array;
  readonly statusMessage: Uint32Array;
  /** As OTLP numbers them: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: Uint8Array;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: Uint8Array;
  readonly flags: Uint32Array;
  /** Range: Event messages, each as a field of number 1. */
  readonly events: Uint32Array;
  /** Range: Link messages, each as a field of number 1. */
  readonly links: Uint32Array;
}

export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';

export interface MetricDescriptor {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: MetricType;
  /** 0 unspecified, 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
}

export interface InstrumentationScopeDescriptor {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly attributes: readonly (readonly [key: string, value: string])[];
  readonly droppedAttributesCount: number;
}

export interface ResourceDescriptor {
  readonly schemaUrl: string;
  /** `service.name`, '' where there is none. */
  readonly service: string;
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

/**
 * What rows point to, by index: 0, 1, 2, … in the order of appearance. Belongs to one scope (tenant) and signal. Attribute
 * sets that differ only in the order of their attributes are one set, and so one series. Descriptors are made anew on
 * each call: keep what is asked for often, until `generation` rises, which voids all indices.
 */
export interface Dictionaries {
  readonly generation: number;
  /** Memory held, roughly. */
  readonly bytes: number;
  readonly seriesCount: number;
  readonly originCount: number;
  readonly resourceCount: number;
  readonly instrumentationScopeCount: number;
  readonly metricCount: number;
  readonly attributeSetCount: number;
  readonly textCount: number;
  /** A series is a metric of an origin with an attribute set. */
  metricOf(series: number): number;
  originOf(series: number): number;
  attributesOf(series: number): number;
  resourceOf(origin: number): number;
  instrumentationScopeOf(origin: number): number;
  /** Is the attribute set the same as another one, and so in no row: it came with its attributes in another order. */
  isAlias(attributeSet: number): boolean;
  metric(index: number): MetricDescriptor;
  resource(index: number): ResourceDescriptor;
  instrumentationScope(index: number): InstrumentationScopeDescriptor;
  /** Values as text, as the Go collector writes them; of equal keys the last. */
  attributeSet(index: number): [key: string, value: string][];
  /** The same as its bytes: KeyValue messages, each as a field of length type, in [start, end) of `bytes`. */
  attributeRun(index: number): { readonly bytes: Uint8Array; readonly start: number; readonly end: number };
  text(index: number): string;
}

/** What became of one request. */
export interface ScanOutcome {
  /** Rows that were added to the columns. */
  readonly rows: number;
  /** '' or why the request cannot be read: then none of its rows was added. */
  readonly fault: string;
}

interface Scan {
  readonly dictionaries: Dictionaries;
  /** Adds the rows of one Export…ServiceRequest. Never throws for what the bytes say; the bytes may be used again after. */
  scan(bytes: Uint8Array): ScanOutcome;
  /** Rows over all columns. */
  readonly rows: number;
  /** Forgets the rows, not the dictionaries. */
  clear(): void;
  /** Forgets rows and dictionaries: the next generation. For whoever finds `dictionaries.bytes` over its budget. */
  rotate(): void;
}

export interface MetricsScan extends Scan {
  readonly gauge: PointColumns;
  readonly sum: PointColumns;
  readonly histogram: HistogramColumns;
  readonly exponentialHistogram: ExponentialHistogramColumns;
  readonly summary: SummaryColumns;
}
export interface LogsScan extends Scan {
  readonly logs: LogColumns;
}
export interface TracesScan extends Scan {
  readonly spans: SpanColumns;
}
