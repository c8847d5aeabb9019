import { PERF_FIELDS, type PerfField, type PerfRow } from './record.ts';

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

/** Attributes that say a row; `scope` of its properties is left to the caller. */
export function perfAttributes(row: PerfRow): Readonly<Record<string, string>> {
  const texts = PERF_FIELDS.flatMap((field) =>
    field === 'properties' || row[field] === '' ? [] : [[PERF_ATTRIBUTES[field], row[field]] as const],
  );
  const properties = Object.entries(row.properties)
    .filter(([key]) => key !== SCOPE_PROPERTY)
    .map(([key, value]) => [`${PERF_PROPERTY_PREFIX}${key}`, value] as const);
  return Object.fromEntries([...texts, ...properties]);
}
