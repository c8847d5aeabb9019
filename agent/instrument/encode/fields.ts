/** Field numbers of opentelemetry-proto 1.11, `metrics/v1` and `common/v1`, that the agent writes. */
export const REQUEST_FIELDS = { resourceMetrics: 1 } as const;
export const RESOURCE_METRICS_FIELDS = { resource: 1, scopeMetrics: 2, schemaUrl: 3 } as const;
export const RESOURCE_FIELDS = { attributes: 1 } as const;
export const SCOPE_METRICS_FIELDS = { instrumentationScope: 1, metrics: 2, schemaUrl: 3 } as const;
export const INSTRUMENTATION_SCOPE_FIELDS = { name: 1, version: 2, attributes: 3 } as const;
export const METRIC_FIELDS = {
  name: 1,
  description: 2,
  unit: 3,
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponentialHistogram: 10,
} as const;
/** Of Gauge, Sum, Histogram and ExponentialHistogram alike. */
export const DATA_FIELDS = { dataPoints: 1, aggregationTemporality: 2, isMonotonic: 3 } as const;
export const NUMBER_FIELDS = { startTime: 2, time: 3, asDouble: 4, exemplars: 5, asInt: 6, attributes: 7 } as const;
export const HISTOGRAM_FIELDS = {
  startTime: 2,
  time: 3,
  count: 4,
  sum: 5,
  bucketCounts: 6,
  explicitBounds: 7,
  exemplars: 8,
  attributes: 9,
  min: 11,
  max: 12,
} as const;
export const EXPONENTIAL_FIELDS = {
  attributes: 1,
  startTime: 2,
  time: 3,
  count: 4,
  sum: 5,
  scale: 6,
  zeroCount: 7,
  positive: 8,
  negative: 9,
  exemplars: 11,
  min: 12,
  max: 13,
} as const;
export const BUCKETS_FIELDS = { offset: 1, bucketCounts: 2 } as const;
export const EXEMPLAR_FIELDS = { time: 2, asDouble: 3, spanId: 4, traceId: 5, asInt: 6, filteredAttributes: 7 } as const;
export const KEY_VALUE_FIELDS = { key: 1, value: 2 } as const;
export const ANY_VALUE_FIELDS = { stringValue: 1, boolValue: 2, intValue: 3, doubleValue: 4, arrayValue: 5 } as const;
export const ARRAY_VALUE_FIELDS = { values: 1 } as const;

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const TEMPORALITY = { delta: 1, cumulative: 2 } as const;
