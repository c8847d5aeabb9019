import { EXEMPLARS_TYPE } from './messages.ts';
import { SCHEMA } from './table.ts';

/**
 * What SQL sees: views over the tables of all slices, with the names and columns of the Go collector's ClickHouse exporter
 * (contrib, exporter/clickhouseexporter/internal/sqltemplates), so that queries people have keep working.
 */

/** A generation of dictionaries, the slices whose rows point to it, by their numbers, and the table of its series' figures. */
export interface GenerationTables {
  readonly generation: number;
  readonly slices: readonly number[];
  /** Of metrics only. */
  readonly figures?: string | undefined;
}

export const METRIC_VIEWS: Readonly<Record<string, string>> = {
  gauge: 'otel_metrics_gauge',
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  exponential_histogram: 'otel_metrics_exponential_histogram',
  summary: 'otel_metrics_summary',
};
export const LOGS_VIEW = 'otel_logs';
export const TRACES_VIEW = 'otel_traces';
export const POINTS_VIEW = 'points';
export const SERIES_VIEW = 'series';
export const SERVICES_VIEW = 'services';

export const COMMENTS: Readonly<Record<string, string>> = {
  otel_metrics_gauge: 'Data points of gauges',
  otel_metrics_sum: 'Data points of sums (counters)',
  otel_metrics_histogram: 'Data points of histograms with explicit bounds',
  otel_metrics_exponential_histogram: 'Data points of exponential histograms',
  otel_metrics_summary: 'Data points of summaries',
  otel_logs: 'Log records',
  otel_traces: 'Spans',
  points: 'Gauges and sums by series, without a join: the fastest way to many points',
  series: 'One row per metric, resource, instrumentation scope and attribute set; LastValue of gauges and sums',
  services: 'What each service sent; Errors: spans with status Error and log records of severity ERROR and above',
};

export type Signal = 'metrics' | 'logs' | 'traces';

/** Name of a dictionary's table. */
export function dictionaryTable(signal: Signal, name: string, generation: number): string {
  return `${signal}_${name}_${generation}`;
}
/** Name of a slice's table. */
export function sliceTable(kind: string, slice: number): string {
  return `${kind}_${slice}`;
}

function union(parts: readonly string[]): string {
  return parts.join('\nUNION ALL\n');
}

function slicesOf(kind: string, slices: readonly number[]): string {
  return slices.map((slice) => `SELECT * FROM ${SCHEMA}.${sliceTable(kind, slice)}`).join(' UNION ALL ');
}

/** Points stand in two tables a slice, one of which has no flags and no exemplars. */
function pointSlices(kind: string, slices: readonly number[]): string {
  const plain = `series, time, start_time, value, 0::UINTEGER AS flags, []::${EXEMPLARS_TYPE} AS exemplars`;
  return slices
    .flatMap((slice) => [
      `SELECT ${plain} FROM ${SCHEMA}.${sliceTable(kind, slice)}`,
      `SELECT series, time, start_time, value, flags, exemplars FROM ${SCHEMA}.${sliceTable(`${kind}_rich`, slice)}`,
    ])
    .join(' UNION ALL ');
}

/** The joins from `origin`, a column, to resource (r) and instrumentation scope (i). */
function originJoins(signal: Signal, generation: number, origin: string): string {
  const table = (name: string): string => `${SCHEMA}.${dictionaryTable(signal, name, generation)}`;
  return `JOIN ${table('origins')} o ON o.id = ${origin}
JOIN ${table('resources')} r ON r.id = o.resource
JOIN ${table('instrumentation_scopes')} i ON i.id = o.instrumentation_scope`;
}

const SERIES_COLUMNS = `r.attributes AS "ResourceAttributes", r.schema_url AS "ResourceSchemaUrl", i.name AS "ScopeName",
i.version AS "ScopeVersion", i.attributes AS "ScopeAttributes", i.dropped_attributes AS "ScopeDroppedAttrCount",
i.schema_url AS "ScopeSchemaUrl", r.service AS "ServiceName", m.name AS "MetricName", m.description AS "MetricDescription",
m.unit AS "MetricUnit", a.attributes AS "Attributes", p.start_time AS "StartTimeUnix", p.time AS "TimeUnix"`;

const NUMBER = 'p.value AS "Value", p.flags AS "Flags", p.exemplars AS "Exemplars"';
const TEMPORALITY = 'm.temporality AS "AggregationTemporality"';
const COUNTED = 'p.count AS "Count", p.sum AS "Sum"';
const BOUNDS = 'p.exemplars AS "Exemplars", p.flags AS "Flags", p.min AS "Min", p.max AS "Max"';

const VALUE_COLUMNS: Readonly<Record<string, string>> = {
  gauge: NUMBER,
  sum: `${NUMBER}, ${TEMPORALITY}, m.is_monotonic AS "IsMonotonic"`,
  histogram: `${COUNTED}, p.bucket_counts AS "BucketCounts", p.explicit_bounds AS "ExplicitBounds", ${BOUNDS}, ${TEMPORALITY}`,
  exponential_histogram: `${COUNTED}, p.scale AS "Scale", p.zero_count AS "ZeroCount", p.zero_threshold AS "ZeroThreshold",
p.positive_offset AS "PositiveOffset", p.positive_bucket_counts AS "PositiveBucketCounts",
p.negative_offset AS "NegativeOffset", p.negative_bucket_counts AS "NegativeBucketCounts", ${BOUNDS}, ${TEMPORALITY}`,
  summary: `${COUNTED}, p.quantiles AS "ValueAtQuantiles", p.flags AS "Flags"`,
};

/** The joins from `series` (s) to all that it is made of. */
function seriesJoins(generation: number): string {
  const table = (name: string): string => `${SCHEMA}.${dictionaryTable('metrics', name, generation)}`;
  return `${originJoins('metrics', generation, 's.origin')}
JOIN ${table('metrics')} m ON m.id = s.metric
JOIN ${table('attribute_sets')} a ON a.id = s.attributes`;
}

function metricView(kind: string, generations: readonly GenerationTables[]): string {
  return union(
    generations.map(
      ({ generation, slices }) => `SELECT ${SERIES_COLUMNS}, ${VALUE_COLUMNS[kind]}, p.series AS "SeriesId"
FROM (${kind === 'gauge' || kind === 'sum' ? pointSlices(kind, slices) : slicesOf(kind, slices)}) p
JOIN ${SCHEMA}.${dictionaryTable('metrics', 'series', generation)} s ON s.id = p.series
${seriesJoins(generation)}`,
    ),
  );
}

function pointsView(generations: readonly GenerationTables[]): string {
  const tables = generations.flatMap(({ slices }) =>
    slices.flatMap((slice) => ['gauge', 'gauge_rich', 'sum', 'sum_rich'].map((kind) => sliceTable(kind, slice))),
  );
  return union(
    tables.map((table) => `SELECT series AS "SeriesId", time AS "TimeUnix", value AS "Value" FROM ${SCHEMA}.${table}`),
  );
}

function seriesView(generations: readonly GenerationTables[]): string {
  return union(
    generations.map(
      ({ generation, figures }) => `SELECT s.id AS "SeriesId", m.name AS "MetricName", m.type AS "MetricType",
m.unit AS "MetricUnit", m.description AS "MetricDescription", r.service AS "ServiceName", a.attributes AS "Attributes",
r.attributes AS "ResourceAttributes", f.first_time AS "FirstSeen", f.last_time AS "LastSeen", f.points AS "Points",
f.last_value AS "LastValue"
FROM ${SCHEMA}.${figures} f
JOIN ${SCHEMA}.${dictionaryTable('metrics', 'series', generation)} s ON s.id = f.series
${seriesJoins(generation)}`,
    ),
  );
}

/** Text of an id; '' for none. */
const idText = (column: string): string => `CASE WHEN ${column} = 0 THEN '' ELSE format('{:016x}', ${column}) END`;
const TRACE_ID = `CASE WHEN p.trace_high = 0 AND p.trace_low = 0 THEN '' ELSE format('{:016x}{:016x}', p.trace_high, p.trace_low) END`;
/** As pdata writes the enums. */
const named = (column: string, names: readonly string[]): string =>
  `CASE ${column} ${names.map((name, i) => `WHEN ${i} THEN '${name}'`).join(' ')} ELSE '' END`;
const SPAN_KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUS_CODES = ['Unset', 'Ok', 'Error'];

const LOG_COLUMNS = `p.time AS "Timestamp", date_trunc('second', p.time)::TIMESTAMP AS "TimestampTime", ${TRACE_ID} AS "TraceId",
${idText('p.span')} AS "SpanId", (p.flags & 255)::UTINYINT AS "TraceFlags", l.severity_text AS "SeverityText",
p.severity_number AS "SeverityNumber", r.service AS "ServiceName", p.body AS "Body", r.schema_url AS "ResourceSchemaUrl",
r.attributes AS "ResourceAttributes", i.schema_url AS "ScopeSchemaUrl", i.name AS "ScopeName", i.version AS "ScopeVersion",
i.attributes AS "ScopeAttributes", a.attributes AS "LogAttributes", l.event_name AS "EventName"`;

const SPAN_COLUMNS = `p.time AS "Timestamp", ${TRACE_ID} AS "TraceId", ${idText('p.span')} AS "SpanId",
${idText('p.parent')} AS "ParentSpanId", l.trace_state AS "TraceState", l.name AS "SpanName",
${named('p.kind', SPAN_KINDS)} AS "SpanKind", r.service AS "ServiceName", r.attributes AS "ResourceAttributes",
i.name AS "ScopeName", i.version AS "ScopeVersion", a.attributes AS "SpanAttributes", p.duration AS "Duration",
${named('p.status_code', STATUS_CODES)} AS "StatusCode", l.status_message AS "StatusMessage", p.events AS "Events",
p.links AS "Links"`;

function recordView(signal: 'logs' | 'traces', generations: readonly GenerationTables[]): string {
  const table = (name: string, generation: number): string => `${SCHEMA}.${dictionaryTable(signal, name, generation)}`;
  return union(
    generations.map(
      ({ generation, slices }) => `SELECT ${signal === 'logs' ? LOG_COLUMNS : SPAN_COLUMNS}
FROM (${slicesOf(signal, slices)}) p
${originJoins(signal, generation, 'p.origin')}
JOIN ${table('labels', generation)} l ON l.id = p.labels
JOIN ${table('attribute_sets', generation)} a ON a.id = p.attributes`,
    ),
  );
}

/** Per service, from the rows themselves: grouped by origin first, of which there are few. */
function recordCounts(signal: 'logs' | 'traces', { generation, slices }: GenerationTables): string {
  const [spans, logs, error] =
    signal === 'logs' ? ['0', 'count(*)', 'severity_number >= 17'] : ['count(*)', '0', 'status_code = 2'];
  return `SELECT r.service, min(p.first), max(p.last), 0, sum(p.spans), sum(p.logs), sum(p.errors) FROM
(SELECT origin, min(time) AS first, max(time) AS last, ${spans} AS spans, ${logs} AS logs, count_if(${error}) AS errors
FROM (${slicesOf(signal, slices)}) GROUP BY origin) p
${originJoins(signal, generation, 'p.origin')} GROUP BY r.service`;
}

function servicesView(of: Readonly<Record<Signal, readonly GenerationTables[]>>): string {
  const metrics = `SELECT "ServiceName", min("FirstSeen"), max("LastSeen"), sum("Points"), 0, 0, 0 FROM main.${SERIES_VIEW} GROUP BY 1`;
  const parts = [
    metrics,
    ...of.logs.map((generation) => recordCounts('logs', generation)),
    ...of.traces.map((generation) => recordCounts('traces', generation)),
  ];
  return `SELECT service AS "ServiceName", min(first) AS "FirstSeen", max(last) AS "LastSeen", sum(points)::UBIGINT AS "Points",
sum(spans)::UBIGINT AS "Spans", sum(logs)::UBIGINT AS "Logs", sum(errors)::UBIGINT AS "Errors"
FROM (${union(parts)}) AS t(service, first, last, points, spans, logs, errors) GROUP BY service`;
}

function createView(name: string, select: string): string {
  return `CREATE OR REPLACE VIEW main.${name} AS ${select};\nCOMMENT ON VIEW main.${name} IS '${COMMENTS[name]}'`;
}

/** Statements that make the views of one signal over these tables; of metrics the points, too. */
export function viewStatements(signal: Signal, generations: readonly GenerationTables[]): string[] {
  if (signal === 'logs') return [createView(LOGS_VIEW, recordView('logs', generations))];
  if (signal === 'traces') return [createView(TRACES_VIEW, recordView('traces', generations))];
  const tables = Object.entries(METRIC_VIEWS).map(([kind, name]) => createView(name, metricView(kind, generations)));
  return [...tables, createView(POINTS_VIEW, pointsView(generations))];
}

export function seriesStatement(generations: readonly GenerationTables[]): string {
  return createView(SERIES_VIEW, seriesView(generations));
}

/** Names the view `series`. */
export function servicesStatement(of: Readonly<Record<Signal, readonly GenerationTables[]>>): string {
  return createView(SERVICES_VIEW, servicesView(of));
}
