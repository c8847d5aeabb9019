import { filterConditions, parseFilter } from './filter-text.ts';
import { bucket, text, time, where, within } from './sql-text.ts';
import type { Stretch } from './time-range.ts';

export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';

/** One metric as its chart needs to know it. */
export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  /** Of a sum or histogram: each point tells what came since the last one. */
  readonly delta: boolean;
  /** Of a sum: it only rises. */
  readonly monotonic: boolean;
}

export interface MetricView {
  readonly metric: Metric;
  /** '' = all. */
  readonly service: string;
  /** '' = one line, `service`, or a name of an attribute. */
  readonly by: string;
  readonly aggregate: Aggregate;
}

export const AGGREGATES = [
  'avg',
  'min',
  'max',
  'sum',
  'rate',
  'quantiles',
  'p50',
  'p90',
  'p95',
  'p99',
  'heatmap',
  'points',
] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** What makes sense for a type; the first is shown first. For `points` see metric-points.ts. */
export function aggregatesOf({ type, monotonic }: Pick<Metric, 'type' | 'monotonic'>): readonly Aggregate[] {
  if (type === 'sum') return monotonic ? ['rate', 'sum', 'points'] : ['sum', 'avg', 'min', 'max', 'points'];
  if (type === 'gauge') return ['avg', 'min', 'max', 'sum', 'points'];
  if (type === 'summary') return ['quantiles'];
  return ['quantiles', 'p50', 'p90', 'p95', 'p99', 'rate', 'heatmap'];
}

/** (name, type, unit, description, series, services): what the list shows. */
export function metricList(typed: string): string {
  const conditions = filterConditions(parseFilter(typed), {
    text: "MetricName || ' ' || ServiceName",
    names: { service: 'ServiceName', type: 'MetricType', unit: 'MetricUnit', name: 'MetricName' },
    maps: ['Attributes', 'ResourceAttributes'],
  });
  return `SELECT MetricName AS name, MetricType AS type, any_value(MetricUnit) AS unit, any_value(MetricDescription) AS description,
  count(*) AS series, list(DISTINCT ServiceName ORDER BY ServiceName) AS services
FROM series
${where(...conditions)}
GROUP BY ALL
ORDER BY name, type
LIMIT 5000`;
}

/** (key): what the series of a metric can be grouped by. */
export const metricKeys = (metric: string): string =>
  `SELECT DISTINCT unnest(map_keys(Attributes)) AS key FROM series WHERE MetricName = ${text(metric)} ORDER BY key LIMIT 100`;

type HistogramType = 'histogram' | 'exponential_histogram';
const TABLES: Readonly<Record<'sum' | HistogramType, string>> = {
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  exponential_histogram: 'otel_metrics_exponential_histogram',
};

/** (temporality, monotonic) of the newest point; undefined for types that have neither. */
export function metricTraits(name: string, type: MetricType): string | undefined {
  if (type === 'gauge' || type === 'summary') return undefined;
  const monotonic = type === 'sum' ? 'IsMonotonic' : 'true';
  return `SELECT AggregationTemporality AS temporality, ${monotonic} AS monotonic FROM ${TABLES[type]}
WHERE MetricName = ${text(name)} ORDER BY TimeUnix DESC LIMIT 1`;
}

/** OTLP's 1, by number or by name. */
export const isDelta = (temporality: unknown): boolean => /^(1|.*delta.*)$/i.test(String(temporality));

const group = (by: string): string =>
  by === '' ? "''" : by === 'service' ? 'ServiceName' : `coalesce(Attributes[${text(by)}], '(none)')`;
const ofView = ({ metric, service }: MetricView): string[] => [
  `MetricName = ${text(metric.name)}`,
  ...(service === '' ? [] : [`ServiceName = ${text(service)}`]),
];

/** So far back lies the point before the first one of a stretch, if there is one. */
const BEFORE_MS = 120_000;
const earlier = ({ fromMs, toMs }: Stretch): Stretch => ({ fromMs: fromMs - BEFORE_MS, toMs });

/** The first point of a series tells what came since `StartTimeUnix`. Who does not know it says the point's own time. */
const beganIn = ({ fromMs }: Stretch): string => `StartTimeUnix >= ${time(fromMs)} AND StartTimeUnix < TimeUnix`;

/** A condition, as far in as a query within a query. */
const inner = (condition: string): string => condition.replaceAll('\n', '\n    ');

/** (t ms, name, value) of gauges and sums. */
function numbers(view: MetricView, stretch: Stretch, step: number): string {
  const { metric, aggregate, by } = view;
  const conditions = [...ofView(view), `MetricType = ${text(metric.type)}`];
  const t = bucket('TimeUnix', step);
  const from = 'FROM points JOIN series USING (SeriesId)';
  if (aggregate === 'rate' || (aggregate === 'sum' && metric.type === 'sum' && metric.delta)) {
    const perSecond = aggregate === 'rate' ? ` / ${step}` : '';
    if (metric.delta)
      return `SELECT ${t} AS t, ${group(by)} AS name, sum(Value)${perSecond} AS value
${from}
${where(...conditions, within('TimeUnix', stretch))}
GROUP BY ALL ORDER BY t`;
    // What a counter has gained since its last point, or since it began in this time; one that fell has begun again at zero.
    const asked = earlier(stretch);
    return `WITH steps AS (
  SELECT TimeUnix, ${group(by)} AS name, Value, coalesce(Value - lag(Value) OVER (PARTITION BY SeriesId ORDER BY TimeUnix),
    CASE WHEN ${beganIn(asked)} THEN Value END) AS gained
  ${from}
  ${where(...conditions, within('TimeUnix', asked)).replaceAll('\n', '\n  ')}
)
SELECT ${t} AS t, name, sum(CASE WHEN gained < 0 THEN Value ELSE gained END)${perSecond} AS value
FROM steps
WHERE gained IS NOT NULL AND TimeUnix >= ${time(stretch.fromMs)}
GROUP BY ALL ORDER BY t`;
  }
  if (aggregate === 'sum')
    // Of a series that came several times in a bucket the mean, then all series together.
    return `SELECT t, name, sum(value) AS value FROM (
  SELECT ${t} AS t, ${group(by)} AS name, SeriesId, avg(Value) AS value
  ${from}
  ${where(...conditions, within('TimeUnix', stretch)).replaceAll('\n', '\n  ')}
  GROUP BY ALL
) GROUP BY ALL ORDER BY t`;
  return `SELECT ${t} AS t, ${group(by)} AS name, ${aggregate}(Value) AS value
${from}
${where(...conditions, within('TimeUnix', stretch))}
GROUP BY ALL ORDER BY t`;
}

/** A histogram's points, to be read from; cumulative ones tell whether a bucket that the point before has not stood at zero
 *  then (`fromZero`): the series began in this time, or has a bucket more than before. */
function histogramPoints({ metric, ...view }: MetricView, stretch: Stretch, layout: string): string {
  const ours = ofView({ metric, ...view });
  if (metric.delta) return `${TABLES[metric.type as HistogramType]}\n    ${inner(where(...ours, within('TimeUnix', stretch)))}`;
  const asked = earlier(stretch);
  return `(SELECT *, lag(TimeUnix) OVER points IS NULL AS isFirst,
      CASE WHEN isFirst THEN ${beganIn(asked)}
        ELSE lag(${layout}) OVER points = ${layout} END AS fromZero
    FROM ${TABLES[metric.type as HistogramType]}
    ${inner(where(...ours, within('TimeUnix', asked)))}
    WINDOW points AS (PARTITION BY SeriesId ORDER BY TimeUnix))`;
}

/** Points as buckets: (TimeUnix, SeriesId, columns to group by, layout, k, lo, hi, n), `k` the same for the same bucket at
 *  other times as long as `layout` is; cumulative ones with `fromZero`. */
function bucketRows(view: MetricView, stretch: Stretch): string {
  const columns = `TimeUnix, SeriesId, ServiceName, Attributes${view.metric.delta ? '' : ', fromZero'}`;
  if (view.metric.type === 'histogram')
    return `SELECT ${columns}, hash(ExplicitBounds) AS layout, i AS k, ExplicitBounds[i - 1] AS lo, ExplicitBounds[i] AS hi, n::DOUBLE AS n
  FROM (SELECT *, unnest(BucketCounts) AS n, generate_subscripts(BucketCounts, 1) AS i
    FROM ${histogramPoints(view, stretch, 'ExplicitBounds')})`;
  const points = histogramPoints(view, stretch, 'Scale');
  const side = (offset: string, counts: string, sign: 1 | -1): string => {
    const edge = (at: string): string => `${sign === 1 ? '' : '-'}pow(2, (${offset} + ${at}) / pow(2, Scale))`;
    const [lo, hi] = sign === 1 ? [edge('i - 1'), edge('i')] : [edge('i'), edge('i - 1')];
    return `SELECT ${columns}, Scale AS layout, ${sign === 1 ? '' : '-1e6 - '}(${offset} + i) AS k, ${lo} AS lo, ${hi} AS hi, n::DOUBLE AS n
  FROM (SELECT *, unnest(${counts}) AS n, generate_subscripts(${counts}, 1) AS i
    FROM ${points})`;
  };
  return [
    side('PositiveOffset', 'PositiveBucketCounts', 1),
    side('NegativeOffset', 'NegativeBucketCounts', -1),
    `SELECT ${columns}, 0 AS layout, 1e6 AS k, 0 AS lo, 0 AS hi, ZeroCount::DOUBLE AS n
    FROM ${points}`,
  ].join('\n  UNION ALL BY NAME\n  ');
}

/** (t ms, name, lo, hi, n): what came into each bucket; `lo` NULL = from below everything, `hi` NULL = without end. */
function distributions(view: MetricView, stretch: Stretch, step: number): string {
  const t = bucket('TimeUnix', step);
  const rows = `WITH buckets AS (\n  ${bucketRows(view, stretch)}\n)`;
  if (view.metric.delta)
    return `${rows}
SELECT ${t} AS t, ${group(view.by)} AS name, lo, hi, sum(n) AS n
FROM buckets
GROUP BY ALL HAVING sum(n) > 0 ORDER BY t, lo NULLS FIRST`;
  return `${rows}, steps AS (
  SELECT *, coalesce(n - lag(n) OVER (PARTITION BY SeriesId, layout, k ORDER BY TimeUnix), CASE WHEN fromZero THEN n END) AS gained
  FROM buckets
)
SELECT ${t} AS t, ${group(view.by)} AS name, lo, hi, sum(CASE WHEN gained < 0 THEN n ELSE gained END) AS n
FROM steps
WHERE gained IS NOT NULL AND TimeUnix >= ${time(stretch.fromMs)}
GROUP BY ALL HAVING sum(CASE WHEN gained < 0 THEN n ELSE gained END) > 0 ORDER BY t, lo NULLS FIRST`;
}

/** (t ms, name, value) of the quantiles that the sender has computed. */
function summaries(view: MetricView, stretch: Stretch, step: number): string {
  const label = view.by === '' ? '' : ` || ' ' || ${group(view.by)}`;
  return `SELECT ${bucket('TimeUnix', step)} AS t, 'p' || (100 * q.Quantile)${label} AS name, avg(q.Value) AS value
FROM (SELECT *, unnest(ValueAtQuantiles) AS q FROM otel_metrics_summary
  ${where(...ofView(view), within('TimeUnix', stretch)).replaceAll('\n', '\n  ')})
GROUP BY ALL ORDER BY t`;
}

/** Rows of (t, name, value), or of (t, name, lo, hi, n) for histograms. */
export function metricRows(view: MetricView, stretch: Stretch, step: number): string {
  const { type } = view.metric;
  if (type === 'summary') return summaries(view, stretch, step);
  return type === 'gauge' || type === 'sum' ? numbers(view, stretch, step) : distributions(view, stretch, step);
}
