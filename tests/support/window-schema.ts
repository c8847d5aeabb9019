/**
 * The views that the dashboard's queries read, as plain tables with the names and types that the windows give theirs: for
 * tests that ask what a query answers to given rows. tests/system/dashboard.test.ts runs the same queries on the windows.
 */
const RESOURCE = `ResourceAttributes MAP(VARCHAR, VARCHAR), ResourceSchemaUrl VARCHAR, ScopeName VARCHAR, ScopeVersion VARCHAR,
  ScopeAttributes MAP(VARCHAR, VARCHAR), ScopeSchemaUrl VARCHAR, ServiceName VARCHAR`;
const METRIC = `${RESOURCE}, MetricName VARCHAR, MetricDescription VARCHAR, MetricUnit VARCHAR, Attributes MAP(VARCHAR, VARCHAR),
  StartTimeUnix TIMESTAMP_NS, TimeUnix TIMESTAMP_NS, SeriesId BIGINT`;

export const WINDOW_SCHEMA: readonly string[] = [
  `CREATE TABLE otel_traces (Timestamp TIMESTAMP_NS, TraceId VARCHAR, SpanId VARCHAR, ParentSpanId VARCHAR, TraceState VARCHAR,
  SpanName VARCHAR, SpanKind VARCHAR, ServiceName VARCHAR, ResourceAttributes MAP(VARCHAR, VARCHAR), ScopeName VARCHAR,
  ScopeVersion VARCHAR, SpanAttributes MAP(VARCHAR, VARCHAR), Duration UBIGINT, StatusCode VARCHAR, StatusMessage VARCHAR,
  Events STRUCT(Timestamp TIMESTAMP_NS, Name VARCHAR, Attributes MAP(VARCHAR, VARCHAR))[],
  Links STRUCT(TraceId VARCHAR, SpanId VARCHAR, TraceState VARCHAR, Attributes MAP(VARCHAR, VARCHAR))[])`,
  `CREATE TABLE otel_logs (Timestamp TIMESTAMP_NS, TraceId VARCHAR, SpanId VARCHAR, TraceFlags UTINYINT, SeverityText VARCHAR,
  SeverityNumber UTINYINT, ServiceName VARCHAR, Body VARCHAR, ResourceSchemaUrl VARCHAR, ResourceAttributes MAP(VARCHAR, VARCHAR),
  ScopeSchemaUrl VARCHAR, ScopeName VARCHAR, ScopeVersion VARCHAR, ScopeAttributes MAP(VARCHAR, VARCHAR),
  LogAttributes MAP(VARCHAR, VARCHAR), EventName VARCHAR)`,
  `CREATE TABLE otel_metrics_gauge (${METRIC}, Value DOUBLE, Flags UINTEGER)`,
  `CREATE TABLE otel_metrics_sum (${METRIC}, Value DOUBLE, Flags UINTEGER, AggregationTemporality INTEGER, IsMonotonic BOOLEAN)`,
  `CREATE TABLE otel_metrics_histogram (${METRIC}, Count UBIGINT, Sum DOUBLE, BucketCounts UBIGINT[], ExplicitBounds DOUBLE[],
  Min DOUBLE, Max DOUBLE, Flags UINTEGER, AggregationTemporality INTEGER)`,
  `CREATE TABLE otel_metrics_exponential_histogram (${METRIC}, Count UBIGINT, Sum DOUBLE, Scale INTEGER, ZeroCount UBIGINT,
  PositiveOffset INTEGER, PositiveBucketCounts UBIGINT[], NegativeOffset INTEGER, NegativeBucketCounts UBIGINT[],
  Min DOUBLE, Max DOUBLE, Flags UINTEGER, AggregationTemporality INTEGER)`,
  `CREATE TABLE otel_metrics_summary (${METRIC}, Count UBIGINT, Sum DOUBLE,
  ValueAtQuantiles STRUCT(Quantile DOUBLE, Value DOUBLE)[], Flags UINTEGER)`,
  `CREATE TABLE series (SeriesId BIGINT, MetricName VARCHAR, MetricType VARCHAR, MetricUnit VARCHAR, MetricDescription VARCHAR,
  ServiceName VARCHAR, Attributes MAP(VARCHAR, VARCHAR), ResourceAttributes MAP(VARCHAR, VARCHAR), FirstSeen TIMESTAMP_NS,
  LastSeen TIMESTAMP_NS, Points BIGINT, LastValue DOUBLE)`,
  'CREATE TABLE services (ServiceName VARCHAR, FirstSeen TIMESTAMP_NS, LastSeen TIMESTAMP_NS, Points BIGINT, Spans BIGINT, Logs BIGINT, Errors BIGINT)',
  'CREATE TABLE points (SeriesId BIGINT, StartTimeUnix TIMESTAMP_NS, TimeUnix TIMESTAMP_NS, Value DOUBLE)',
];
