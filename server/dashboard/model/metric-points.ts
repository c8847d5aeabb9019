import { numberOf } from './metric-lines.ts';
import type { MetricView } from './metric-queries.ts';
import { bucket, text, where, within } from './sql-text.ts';
import { stepSeconds, type Stretch } from './time-range.ts';

/** So many points are drawn one by one; of more, the least and the greatest of each series in each bucket. */
export const POINTS_MAX = 100_000;
const BUCKETS_MAX = 600;
const BUCKETS_LEAST = 10;

const conditions = ({ metric, service }: MetricView, stretch: Stretch): string =>
  where(
    `MetricName = ${text(metric.name)}`,
    `MetricType = ${text(metric.type)}`,
    service === '' ? undefined : `ServiceName = ${text(service)}`,
    within('TimeUnix', stretch),
  );
const FROM = 'FROM points JOIN series USING (SeriesId)';

/** (points, series): how many there are. */
export const pointCounts = (view: MetricView, stretch: Stretch): string =>
  `SELECT count(*) AS points, count(DISTINCT SeriesId) AS series\n${FROM}\n${conditions(view, stretch)}`;

/** Width of a bucket in seconds for so many points; undefined when each of them can be drawn. */
export function pointStep(stretch: Stretch, points: number, series: number): number | undefined {
  if (points <= POINTS_MAX) return undefined;
  return stepSeconds(stretch, Math.max(BUCKETS_LEAST, Math.min(BUCKETS_MAX, Math.floor(POINTS_MAX / 2 / series))));
}

/** A row per series: (service, attributes, resource, times, vals), times in ms since the stretch began, rising. */
export function pointRows(view: MetricView, stretch: Stretch, step: number | undefined): string {
  const lists = (time: string, value: string): string =>
    `list(epoch_ms(${time}) - ${Math.round(stretch.fromMs)} ORDER BY ${time}) AS times, list(${value} ORDER BY ${time}) AS vals`;
  const names = `any_value(ServiceName) AS service, any_value(Attributes) AS attributes, any_value(ResourceAttributes) AS resource`;
  if (step === undefined)
    return `SELECT ${names},
  ${lists('TimeUnix', 'Value')}
${FROM}
${conditions(view, stretch)}
GROUP BY SeriesId`;
  return `WITH extremes AS (
  SELECT SeriesId, min(Value) AS least, arg_min(TimeUnix, Value) AS least_at, max(Value) AS most, arg_max(TimeUnix, Value) AS most_at
  ${FROM}
  ${conditions(view, stretch).replaceAll('\n', '\n  ')}
  GROUP BY SeriesId, ${bucket('TimeUnix', step)}
), shown AS (
  SELECT SeriesId, least_at AS moment, least AS value FROM extremes
  UNION
  SELECT SeriesId, most_at, most FROM extremes
)
SELECT ${names},
  ${lists('moment', 'value')}
FROM shown JOIN series USING (SeriesId)
GROUP BY SeriesId`;
}

export interface PointLine {
  /** What tells this series from the others; '' when there is only one. */
  readonly name: string;
  readonly service: string;
  /** Seconds since 1970, rising. */
  readonly xs: Float64Array;
  readonly values: Float64Array;
}

type Row = Readonly<Record<string, unknown>>;
type Facts = ReadonlyMap<string, string>;

const factsOf = (map: unknown): [key: string, value: string][] =>
  Object.entries((map ?? {}) as Record<string, unknown>).map(([key, value]) => [key, String(value ?? '')]);

/** The keys whose values are not the same everywhere; one that is missing is as one that is empty. */
function tellingKeys(facts: readonly Facts[]): string[] {
  const keys = [...new Set(facts.flatMap((each) => [...each.keys()]))];
  return keys.filter((key) => new Set(facts.map((each) => each.get(key) ?? '')).size > 1);
}

/**
 * What tells each series from the others: attributes, service and instance as far as they differ, and of the rest of their
 * resources what it takes besides. A word for a resource never stands for an attribute of the same name.
 */
function namesOf(rows: readonly Row[]): string[] {
  const attributes = rows.map((row) => factsOf(row['attributes']));
  const resources = rows.map((row): Facts => new Map(factsOf(row['resource'])));
  const taken = new Set(attributes.flat().map(([key]) => key));
  const wordFor = (...words: string[]): string => words.find((word) => !taken.has(word)) ?? `resource ${words.at(-1)}`;
  const [service, instance] = [wordFor('service', 'service.name'), wordFor('instance', 'service.instance.id')];
  const own = rows.map((row, at): Facts => {
    const { [at]: of } = resources;
    return new Map([
      ...(attributes[at] ?? []),
      [service, String(row['service'] ?? '')],
      [instance, of?.get('service.instance.id') ?? ''],
    ]);
  });
  const withFact = (name: string, key: string, value = ''): string =>
    value === '' ? name : `${name}${name === '' ? '' : ' '}${key}=${value}`;
  const keys = tellingKeys(own);
  let names = own.map((facts) => keys.reduce((name, key) => withFact(name, key, facts.get(key)), ''));
  for (const key of tellingKeys(resources).toSorted()) {
    const longer = names.map((name, at) => withFact(name, wordFor(key), resources[at]?.get(key)));
    if (new Set(longer).size > new Set(names).size) names = longer;
  }
  return names;
}

/** Rows of series as lines, by name. Series that nothing tells apart (such as one before and after a reload) are one line. */
export function pointLines(rows: readonly Row[], { fromMs }: Stretch): PointLine[] {
  const names = namesOf(rows);
  const points = new Map<string, { readonly service: string; readonly at: [x: number, y: number][] }>();
  for (const [place, { service, times, vals }] of rows.entries()) {
    const name = names[place] ?? '';
    let line = points.get(name);
    if (line === undefined) points.set(name, (line = { service: String(service ?? ''), at: [] }));
    for (const [at, time] of ((times as unknown[] | null) ?? []).entries()) {
      const value = numberOf((vals as unknown[])[at]);
      if (value !== null) line.at.push([(Math.round(fromMs) + Number(time)) / 1000, value]);
    }
  }
  return [...points]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { service, at }]) => {
      at.sort(([left], [right]) => left - right);
      return { name, service, xs: Float64Array.from(at, ([x]) => x), values: Float64Array.from(at, ([, y]) => y) };
    });
}
