import type { PerfField, PerfRow } from './record.ts';

/** The attribute of telemetry that holds each field; a metric's point, a span or a log record with `perf.category` is a row. */
export const PERF_ATTRIBUTES: Readonly<Record<Exclude<PerfField, 'properties'>, string>> = {
  category: 'perf.category',
  type: 'perf.type',
  topic: 'perf.topic',
  subCat: 'perf.sub_cat',
  id: 'perf.id',
  value: 'perf.value',
  pattern: 'perf.pattern',
  locations: 'perf.locations',
  impact: 'perf.impact',
};
/** Before the name of each property. */
export const PERF_PROPERTY_PREFIX = 'perf.properties.';

/** What a row is called among log records, and as a metric. */
export const PERF_EVENT = 'perf.metric';
/** The OTLP InstrumentationScope of rows that we send. */
export const PERF_INSTRUMENTATION_SCOPE = 'periscope.master_perf';

/** The claim of a row. In telemetry it is the scope attribute. */
export const SCOPE_PROPERTY = 'scope';

const ATTRIBUTES = Object.entries(PERF_ATTRIBUTES) as readonly [keyof typeof PERF_ATTRIBUTES, string][];

/** Attributes that say a row; `scope` of its properties is left to the caller. */
export function perfAttributes(row: PerfRow): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [field, attribute] of ATTRIBUTES) if (row[field] !== '') attributes[attribute] = row[field];
  for (const [key, value] of Object.entries(row.properties))
    if (key !== SCOPE_PROPERTY) attributes[PERF_PROPERTY_PREFIX + key] = value;
  return attributes;
}
