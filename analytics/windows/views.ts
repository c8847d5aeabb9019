import { EXEMPLARS_TYPE } from './messages.ts';
import { SCHEMA } from './table.ts';

/**
 * What SQL sees: views over the tables of all slices, with the names and columns of the Go collector's ClickHouse exporter
 * (contrib, exporter/clickhouseexporter/internal/sqltemplates), so that queries people have keep working.
 */

export interface SliceTables {
  readonly number: number;
  /** Which tables it has. */
  readonly kinds: readonly string[];
  /** Those of them with rows: a view names these, for a table costs every query, empty or not. */
  readonly filled: readonly string[];
}

/** A generation of dictionaries, the slices whose rows point to it, and the table of its series' figures. */
export interface GenerationTables {
  readonly generation: number;
  readonly slices: readonly SliceTables[];
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

function tablesOf(kind: string, slices: readonly SliceTables[]): string[] {
  return slices.filter(({ filled }) => filled.includes(kind)).map(({ number }) => `${SCHEMA}.${sliceTable(kind, number)}`);
}

/** What a view with these kinds is made of: an empty table where there are no rows. The newest slice has one of each kind. */
function shown(kinds: readonly string[], generations: readonly GenerationTables[]): readonly GenerationTables[] {
  const isFilled = generations.some(({ slices }) => slices.some(({ filled }) => filled.some((kind) => kinds.includes(kind))));
  if (isFilled) return generations;
  const newest = generations.at(-1);
  return newest === undefined
    ? []
    : [{ ...newest, slices: newest.slices.slice(-1).map((slice) => ({ ...slice, filled: kinds.slice(0, 1) })) }];
}

/** Generations with tables of these kinds, and the rows of all of them. */
function partsOf(
  kinds: readonly string[],
  generations: readonly GenerationTables[],
): { readonly generation: number; readonly rows: string }[] {
  return generations
    .map(({ generation, slices }) => {
      const parts = kinds.flatMap((kind) =>
        tablesOf(kind, slices).map((table) => `SELECT ${COLUMNS[kind] ?? '*'} FROM ${table}`),
      );
      return { generation, rows: parts.join(' UNION ALL ') };
    })
    .filter(({ rows }) => rows !== '');
}

/** Points stand in two tables a slice, one of which has no flags and no exemplars. */
const POINT = 'series, time, start_time, value';
const PLAIN = `${POINT}, 0::UINTEGER AS flags, []::${EXEMPLARS_TYPE} AS exemplars`;
const RICH = `${POINT}, flags, exemplars`;
const COLUMNS: Readonly<Record<string, string>> = { gauge: PLAIN, sum: PLAIN, gauge_rich: RICH, sum_rich: RICH };
const TABLES_OF: Readonly<Record<string, readonly string[]>> = { gauge: ['gauge', 'gauge_rich'], sum: ['sum', 'sum_rich'] };

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
  const kinds = TABLES_OF[kind] ?? [kind];
  return union(
    partsOf(kinds, shown(kinds, generations)).map(
      ({ generation, rows }) => `SELECT ${SERIES_COLUMNS}, ${VALUE_COLUMNS[kind]}, p.series AS "SeriesId"
FROM (${rows}) p
JOIN ${SCHEMA}.${dictionaryTable('metrics', 'series', generation)} s ON s.id = p.series
${seriesJoins(generation)}`,
    ),
  );
}

function pointsView(generations: readonly GenerationTables[]): string {
  const kinds = Object.keys(COLUMNS);
  const tables = shown(kinds, generations).flatMap(({ slices }) => kinds.flatMap((kind) => tablesOf(kind, slices)));
  return union(
    tables.map(
      (table) => `SELECT series AS "SeriesId", start_time AS "StartTimeUnix", time AS "TimeUnix", value AS "Value" FROM ${table}`,
    ),
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
    partsOf([signal], shown([signal], generations)).map(
      ({ generation, rows }) => `SELECT ${signal === 'logs' ? LOG_COLUMNS : SPAN_COLUMNS}
FROM (${rows}) p
${originJoins(signal, generation, 'p.origin')}
JOIN ${table('labels', generation)} l ON l.id = p.labels
JOIN ${table('attribute_sets', generation)} a ON a.id = p.attributes`,
    ),
  );
}

/** Per service, from the rows themselves: grouped by origin first, of which there are few. */
function recordCounts(signal: 'logs' | 'traces', { generation, rows }: { generation: number; rows: string }): string {
  const [spans, logs, error] =
    signal === 'logs' ? ['0', 'count(*)', 'severity_number >= 17'] : ['count(*)', '0', 'status_code = 2'];
  return `SELECT r.service, min(p.first), max(p.last), 0, sum(p.spans), sum(p.logs), sum(p.errors) FROM
(SELECT origin, min(time) AS first, max(time) AS last, ${spans} AS spans, ${logs} AS logs, count_if(${error}) AS errors
FROM (${rows}) GROUP BY origin) p
${originJoins(signal, generation, 'p.origin')} GROUP BY r.service`;
}

function servicesView(of: Readonly<Record<Signal, readonly GenerationTables[]>>): string {
  const metrics = `SELECT "ServiceName", min("FirstSeen"), max("LastSeen"), sum("Points"), 0, 0, 0 FROM main.${SERIES_VIEW} GROUP BY 1`;
  const parts = [
    metrics,
    ...partsOf(['logs'], of.logs).map((part) => recordCounts('logs', part)),
    ...partsOf(['traces'], of.traces).map((part) => recordCounts('traces', part)),
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
