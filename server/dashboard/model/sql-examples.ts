/** To begin with: each runs as it is. */
export const SQL_EXAMPLES: readonly { readonly name: string; readonly sql: string }[] = [
  {
    name: 'Slowest operations',
    sql: `SELECT ServiceName, SpanName, count(*) AS spans,
  round(quantile_cont(Duration, 0.95) / 1e6, 1) AS p95_ms
FROM otel_traces
WHERE Timestamp > now()::TIMESTAMP - INTERVAL 10 minutes
GROUP BY ALL
ORDER BY p95_ms DESC
LIMIT 20`,
  },
  {
    name: 'Spans per 10 seconds, by service',
    sql: `SELECT time_bucket(INTERVAL '10 seconds', Timestamp) AS time, ServiceName, count(*) AS spans
FROM otel_traces
GROUP BY ALL
ORDER BY time`,
  },
  {
    name: 'Errors by service',
    sql: `SELECT ServiceName, count(*) AS errors
FROM otel_traces
WHERE StatusCode = 'Error'
GROUP BY ALL
ORDER BY errors DESC`,
  },
  {
    name: 'What logs say most',
    sql: `SELECT regexp_replace(Body, '[0-9]+', '#', 'g') AS pattern, count(*) AS records
FROM otel_logs
GROUP BY ALL
ORDER BY records DESC
LIMIT 25`,
  },
  {
    name: 'Series by metric',
    sql: `SELECT MetricName, MetricType, count(*) AS series, sum(Points) AS points
FROM series
GROUP BY ALL
ORDER BY series DESC`,
  },
  {
    name: 'Newest spans with an attribute',
    sql: `SELECT Timestamp, ServiceName, SpanName, SpanAttributes
FROM otel_traces
WHERE cardinality(SpanAttributes) > 0
ORDER BY Timestamp DESC
LIMIT 50`,
  },
];
