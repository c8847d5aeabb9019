/** What the bench asks, in the words that a user would take. */

export const BY_SERVICE_AND_MINUTE = `SELECT "ServiceName", date_trunc('minute', "TimeUnix") AS minute, count(*) AS points, avg("Value") AS mean
FROM points JOIN series USING ("SeriesId") GROUP BY 1, 2 ORDER BY 1, 2`;

/** With the ClickHouse exporter's names alone, so with the joins of every column that nobody asks for. */
export const BY_SERVICE_AND_MINUTE_VIEWS = `SELECT "ServiceName", date_trunc('minute', "TimeUnix") AS minute, count(*) AS points, avg("Value") AS mean
FROM (SELECT "ServiceName", "TimeUnix", "Value" FROM otel_metrics_gauge UNION ALL SELECT "ServiceName", "TimeUnix", "Value" FROM otel_metrics_sum)
GROUP BY 1, 2 ORDER BY 1, 2`;

export const BUSIEST_SERIES = `SELECT "MetricName", "ServiceName", "Attributes", "Points", "LastValue" FROM series ORDER BY "Points" DESC LIMIT 100`;

export const SELECT_ONE = 'SELECT 1';

/** How far the newest point of each series is from its mean, in standard deviations. */
export const Z_SCORE = `SELECT "SeriesId", (arg_max("Value", "TimeUnix") - avg("Value")) / nullif(stddev_samp("Value"), 0) AS z
FROM points GROUP BY 1 ORDER BY abs(z) DESC NULLS LAST`;

/** Of each pair of series, over the points of the same time. */
export const CORRELATION = `SELECT a."SeriesId" AS one, b."SeriesId" AS other, corr(a."Value", b."Value") AS r
FROM points a JOIN points b ON a."TimeUnix" = b."TimeUnix" AND a."SeriesId" < b."SeriesId" GROUP BY 1, 2 ORDER BY abs(r) DESC NULLS LAST`;

/** What ten people at ten pages ask. */
export const USER_QUESTIONS: readonly string[] = [
  BY_SERVICE_AND_MINUTE,
  BUSIEST_SERIES,
  SELECT_ONE,
  `SELECT "ServiceName", "Points" FROM services ORDER BY "Points" DESC`,
  `SELECT date_trunc('second', "TimeUnix") AS second, avg("Value") FROM otel_metrics_gauge WHERE "ServiceName" = 'shop-7' GROUP BY 1 ORDER BY 1`,
];

/** What a page asks again and again while it is open. */
export const DASHBOARD_QUESTIONS: readonly string[] = [
  `SELECT "ServiceName", "Points", "Spans", "Logs", "Errors", "LastSeen" FROM services ORDER BY "Points" DESC`,
  `SELECT "MetricName", "MetricType", count(*) AS series, sum("Points") AS points FROM series GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 50`,
  `SELECT "Timestamp", "SeverityText", "ServiceName", "Body" FROM otel_logs ORDER BY "Timestamp" DESC LIMIT 100`,
  `SELECT "SpanName", count(*) AS spans, avg("Duration") / 1e6 AS ms FROM otel_traces GROUP BY 1 ORDER BY 2 DESC LIMIT 50`,
  `SELECT date_trunc('second', "TimeUnix") AS second, avg("Value") AS mean FROM otel_metrics_gauge
WHERE "ServiceName" = 'shop-7' AND "TimeUnix" > now()::TIMESTAMP - INTERVAL 1 MINUTE GROUP BY 1 ORDER BY 1`,
];
