import { bucket, time, within } from './sql-text.ts';
import type { Stretch } from './time-range.ts';

const COUNTED: readonly (readonly [signal: string, table: string, time: string])[] = [
  ['metrics', 'otel_metrics_gauge', 'TimeUnix'],
  ['metrics', 'otel_metrics_sum', 'TimeUnix'],
  ['metrics', 'otel_metrics_histogram', 'TimeUnix'],
  ['metrics', 'otel_metrics_exponential_histogram', 'TimeUnix'],
  ['metrics', 'otel_metrics_summary', 'TimeUnix'],
  ['traces', 'otel_traces', 'Timestamp'],
  ['logs', 'otel_logs', 'Timestamp'],
];

/** (t ms, signal, items): what came in, by bucket. */
export function arrivals(stretch: Stretch, step: number): string {
  const parts = COUNTED.map(
    ([signal, table, column]) =>
      `  SELECT ${bucket(column, step)} AS t, '${signal}' AS signal, count(*) AS items FROM ${table}\n  WHERE ${within(column, stretch)} GROUP BY ALL`,
  );
  return `SELECT t, signal, sum(items)::DOUBLE AS items FROM (\n${parts.join('\n  UNION ALL\n')}\n) GROUP BY ALL ORDER BY t`;
}

/** (service, points, spans, logs, errors, last ms): who sends. */
export const services =
  (): string => `SELECT ServiceName AS service, Points AS points, Spans AS spans, Logs AS logs, Errors AS errors, epoch_ms(LastSeen) AS last
FROM services
ORDER BY Points + Spans + Logs DESC
LIMIT 100`;

/** (service, spans, p95 ns, errors): how those are that answer requests. */
export const latencies = (stretch: Stretch): string => `SELECT ServiceName AS service, count(*) AS spans,
  quantile_cont(Duration, 0.95) AS p95, count(*) FILTER (WHERE StatusCode = 'Error') AS errors
FROM otel_traces
WHERE ${within('Timestamp', stretch)} AND SpanKind IN ('Server', 'Consumer')
GROUP BY ALL`;

/** What lies before `splitMs` in the stretch is compared with what comes after. */
export interface Comparison {
  readonly stretch: Stretch;
  readonly splitMs: number;
}
export function comparison(nowMs: number): Comparison {
  return { stretch: { fromMs: nowMs - 12 * 60_000, toMs: nowMs }, splitMs: nowMs - 2 * 60_000 };
}

/** For how many minutes before the split anything is known: a collector that has just begun knows less than ten. */
const minutesKnown = (table: string, { stretch, splitMs }: Comparison): string =>
  `(SELECT (${Math.round(splitMs)} - epoch_ms(min(Timestamp))) / 60000.0 FROM ${table} WHERE ${within('Timestamp', stretch)}) AS minutes`;

/** (service, name, n0, n1, p0, p1, e0, e1, minutes): spans before and after. */
export function spanChanges(comparing: Comparison): string {
  const { stretch, splitMs } = comparing;
  const [old, young] = [`Timestamp < ${time(splitMs)}`, `Timestamp >= ${time(splitMs)}`];
  return `SELECT ServiceName AS service, SpanName AS name,
  count(*) FILTER (WHERE ${old}) AS n0, count(*) FILTER (WHERE ${young}) AS n1,
  quantile_cont(Duration, 0.95) FILTER (WHERE ${old}) AS p0, quantile_cont(Duration, 0.95) FILTER (WHERE ${young}) AS p1,
  count(*) FILTER (WHERE ${old} AND StatusCode = 'Error') AS e0, count(*) FILTER (WHERE ${young} AND StatusCode = 'Error') AS e1,
  ${minutesKnown('otel_traces', comparing)}
FROM otel_traces
WHERE ${within('Timestamp', stretch)}
GROUP BY ALL
HAVING n0 + n1 >= 20
LIMIT 2000`;
}

/** (service, name, unit, attributes, m0, s0, m1): series of gauges that left where they were. How long something runs is no news. */
export function gaugeChanges({ stretch, splitMs }: Comparison): string {
  const [old, young] = [`TimeUnix < ${time(splitMs)}`, `TimeUnix >= ${time(splitMs)}`];
  return `SELECT s.ServiceName AS service, s.MetricName AS name, s.MetricUnit AS unit, s.Attributes AS attributes, m0, s0, m1
FROM (
  SELECT SeriesId, avg(Value) FILTER (WHERE ${old}) AS m0, stddev_pop(Value) FILTER (WHERE ${old}) AS s0,
    avg(Value) FILTER (WHERE ${young}) AS m1, count(*) FILTER (WHERE ${old}) AS n0, count(*) FILTER (WHERE ${young}) AS n1
  FROM points WHERE ${within('TimeUnix', stretch)} GROUP BY SeriesId
) p JOIN series s USING (SeriesId)
WHERE s.MetricType = 'gauge' AND s.MetricName NOT LIKE '%uptime' AND n0 >= 5 AND n1 >= 2
ORDER BY abs(m1 - m0) / greatest(s0, 0.05 * abs(m0), 1e-9) DESC
LIMIT 20`;
}

/** (service, before, n0, n1, minutes): log records that tell of errors; `before` counts all that came before, whatever they tell of. */
export function logChanges(comparing: Comparison): string {
  const { stretch, splitMs } = comparing;
  const [old, errors] = [`Timestamp < ${time(splitMs)}`, 'SeverityNumber >= 17'];
  return `SELECT ServiceName AS service, count(*) FILTER (WHERE ${old}) AS before,
  count(*) FILTER (WHERE ${old} AND ${errors}) AS n0, count(*) FILTER (WHERE NOT (${old}) AND ${errors}) AS n1,
  ${minutesKnown('otel_logs', comparing)}
FROM otel_logs
WHERE ${within('Timestamp', stretch)}
GROUP BY ALL
HAVING n0 + n1 > 0
LIMIT 200`;
}
