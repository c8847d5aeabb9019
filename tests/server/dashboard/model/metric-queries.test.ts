import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aggregatesOf,
  isDelta,
  metricKeys,
  metricList,
  metricRows,
  metricTraits,
  type Aggregate,
  type Metric,
  type MetricView,
} from '../../../../server/dashboard/model/metric-queries.ts';
import { windowTables, type WindowTables } from '../../../support/window-tables.ts';

const T0 = Date.UTC(2026, 10, 21, 11);
const STRETCH = { fromMs: T0, toMs: T0 + 60_000 };
let tables: WindowTables;
beforeAll(async () => {
  tables = await windowTables();
  await tables.run(`INSERT INTO series BY NAME
    SELECT 1 AS SeriesId, 'load' AS MetricName, 'gauge' AS MetricType, '1' AS MetricUnit, '' AS MetricDescription, 'cart' AS ServiceName, MAP {'cpu': '0'} AS Attributes, MAP {'host.name': 'h1'} AS ResourceAttributes
    UNION ALL SELECT 2, 'load', 'gauge', '1', '', 'pay', MAP {'cpu': '1'}, MAP {'host.name': 'h2'}
    UNION ALL SELECT 3, 'requests', 'sum', '1', 'all of them', 'cart', MAP {'route': '/a'}, MAP {'host.name': 'h1'}
    UNION ALL SELECT 4, 'requests', 'sum', '1', 'all of them', 'cart', MAP {}, MAP {'host.name': 'h1'}`);
  await tables.run(`INSERT INTO points BY NAME SELECT SeriesId, epoch_ms(${T0} + 1000 * seconds)::TIMESTAMP_NS AS TimeUnix, Value FROM (VALUES
    (1, 1, 10.0), (1, 6, 20.0), (1, 12, 40.0), (2, 3, 5.0), (3, -20, 100.0), (3, 5, 110.0), (3, 15, 130.0), (3, 25, 7.0), (4, 5, 50.0), (4, 15, 51.0)
  ) AS v(SeriesId, seconds, Value)`);
});
afterAll(() => tables.close());

const LOAD: Metric = { name: 'load', type: 'gauge', delta: false, monotonic: false };
const REQUESTS: Metric = { name: 'requests', type: 'sum', delta: false, monotonic: true };
const rows = async (view: Partial<MetricView> & { metric: Metric; aggregate: Aggregate }, step = 10): Promise<unknown[][]> => {
  const found = await tables.run(metricRows({ service: '', by: '', ...view }, STRETCH, step));
  return found.map((row) => [(Number(row['t']) - T0) / 1000, row['name'], row['value']]).toSorted();
};

describe('the list of metrics', () => {
  it('has each name once, with its services', async () => {
    expect(await tables.run(metricList(''))).toMatchObject([
      { name: 'load', type: 'gauge', series: 2 },
      { name: 'requests', type: 'sum', series: 2, description: 'all of them' },
    ]);
  });

  it.each([
    ['LOA', ['load']],
    ['service:pay', ['load']],
    ['cpu=1', ['load']],
    ['host.name=h1', ['load', 'requests']],
    ['route=/a', ['requests']],
    ['route!=/a', ['load', 'requests']],
    ["'; DROP TABLE series --", []],
  ])('%o finds %o', async (typed, names) => {
    expect((await tables.run(metricList(typed))).map(({ name }) => name)).toEqual(names);
  });

  it('tells what a metric can be grouped by', async () => {
    expect(await tables.run(metricKeys('load'))).toEqual([{ key: 'cpu' }]);
  });
});

describe('gauges', () => {
  it('are averaged, and summed over their series', async () => {
    expect(await rows({ metric: LOAD, aggregate: 'max' })).toEqual([
      [0, '', 20],
      [10, '', 40],
    ]);
    expect(await rows({ metric: LOAD, aggregate: 'sum' })).toEqual([
      [0, '', 20],
      [10, '', 40],
    ]);
    expect(await rows({ metric: LOAD, aggregate: 'avg', by: 'service' })).toEqual([
      [0, 'cart', 15],
      [0, 'pay', 5],
      [10, 'cart', 40],
    ]);
    expect(await rows({ metric: LOAD, aggregate: 'avg', service: 'pay', by: 'cpu' })).toEqual([[0, '1', 5]]);
  });
});

describe('counters', () => {
  it('that count up show what they gained each second, also since the point before the stretch and over a restart', async () => {
    expect(await rows({ metric: REQUESTS, aggregate: 'rate', by: 'route' })).toEqual([
      [0, '/a', 1],
      [10, '(none)', 0.1],
      [10, '/a', 2],
      [20, '/a', 0.7],
    ]);
  });

  it('that began in this time were at zero then', async () => {
    await tables.run(
      `INSERT INTO series BY NAME SELECT unnest([11, 12]) AS SeriesId, 'words' AS MetricName, 'sum' AS MetricType, '' AS ServiceName, MAP {} AS Attributes`,
    );
    const at = (seconds: string): string => `epoch_ms(${T0} + 1000 * ${seconds})::TIMESTAMP_NS`;
    await tables.run(`INSERT INTO points BY NAME SELECT SeriesId, ${at('start')} AS StartTimeUnix, ${at('seconds')} AS TimeUnix, Value FROM (VALUES
      (11, 2, 5, 30.0), (11, 2, 15, 50.0), (12, -7200, 15, 1e6), (12, -7200, 25, 1e6 + 10)) AS v(SeriesId, start, seconds, Value)`);
    expect(await rows({ metric: { ...REQUESTS, name: 'words' }, aggregate: 'rate' })).toEqual([
      [0, '', 3],
      [10, '', 2],
      [20, '', 1],
    ]);
  });

  it('that tell what came since the last point are added up', async () => {
    expect(await rows({ metric: { ...REQUESTS, delta: true }, aggregate: 'rate' })).toEqual([
      [0, '', 16],
      [10, '', 18.1],
      [20, '', 0.7],
    ]);
  });

  it('say by number or name which of the two they are', () => {
    expect([1, '1', 'AGGREGATION_TEMPORALITY_DELTA', 'Delta', 2, 'Cumulative', null].map(isDelta)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(aggregatesOf({ type: 'sum', monotonic: true })[0]).toBe('rate');
    expect(aggregatesOf({ type: 'sum', monotonic: false })[0]).toBe('sum');
  });
});

describe('histograms', () => {
  const at = (seconds: number): string => `epoch_ms(${T0 + seconds * 1000})::TIMESTAMP_NS`;
  const counts = async (metric: Metric): Promise<unknown[]> => {
    const found = await tables.run(metricRows({ metric, service: '', by: '', aggregate: 'heatmap' }, STRETCH, 10));
    return found.map(({ t, lo, hi, n }) => [(Number(t) - T0) / 1000, lo, hi, n]);
  };

  it('with bounds of their own: what came into each bucket, cumulative or delta', async () => {
    const point = (seconds: number, values: string): string =>
      `SELECT 'h' AS MetricName, 9 AS SeriesId, 'cart' AS ServiceName, MAP {} AS Attributes, MAP {} AS ResourceAttributes, ${at(seconds)} AS TimeUnix, [${values}] AS BucketCounts, [1, 5] AS ExplicitBounds, 2 AS AggregationTemporality`;
    await tables.run(
      `INSERT INTO otel_metrics_histogram BY NAME ${[point(-5, '1, 1, 1'), point(5, '3, 1, 2'), point(15, '3, 4, 2')].join(' UNION ALL ')}`,
    );
    const metric: Metric = { name: 'h', type: 'histogram', delta: false, monotonic: true };
    expect(await counts(metric)).toEqual([
      [0, null, 1, 2],
      [0, 5, null, 1],
      [10, 1, 5, 3],
    ]);
    expect(await counts({ ...metric, delta: true })).toEqual([
      [0, null, 1, 3],
      [0, 1, 5, 1],
      [0, 5, null, 2],
      [10, null, 1, 3],
      [10, 1, 5, 4],
      [10, 5, null, 2],
    ]);
    expect(await tables.run(metricTraits('h', 'histogram') ?? '')).toEqual([{ temporality: 2, monotonic: true }]);
  });

  it('of powers: bounds from scale and offset, zero and below zero, too', async () => {
    await tables.run(`INSERT INTO otel_metrics_exponential_histogram BY NAME SELECT 'e' AS MetricName, 8 AS SeriesId, 'cart' AS ServiceName, MAP {} AS Attributes, MAP {} AS ResourceAttributes,
      ${at(5)} AS TimeUnix, 0 AS Scale, 7 AS ZeroCount, 1 AS PositiveOffset, [2, 0, 3] AS PositiveBucketCounts, 0 AS NegativeOffset, [4] AS NegativeBucketCounts, 1 AS AggregationTemporality`);
    const metric: Metric = { name: 'e', type: 'exponential_histogram', delta: true, monotonic: true };
    expect(await counts(metric)).toEqual([
      [0, -2, -1, 4],
      [0, 0, 0, 7],
      [0, 2, 4, 2],
      [0, 8, 16, 3],
    ]);
    expect(await counts({ ...metric, delta: false })).toEqual([]);
  });

  it('that began in this time were at zero then, and one that began before, or at a time that nobody knows, is not counted', async () => {
    const series = (id: number, start: number, seconds: number, counts: string): string =>
      `SELECT 'new' AS MetricName, ${id} AS SeriesId, 'cart' AS ServiceName, MAP {} AS Attributes, MAP {} AS ResourceAttributes, ${at(start)} AS StartTimeUnix, ${at(seconds)} AS TimeUnix, [${counts}] AS BucketCounts, [1] AS ExplicitBounds, 2 AS AggregationTemporality`;
    const points = [
      series(21, 2, 5, '3, 1'),
      series(21, 2, 15, '3, 2'),
      series(22, 12, 12, '100, 100'),
      series(23, -3600, 25, '1000, 1000'),
      series(23, -3600, 35, '1001, 1000'),
    ];
    await tables.run(`INSERT INTO otel_metrics_histogram BY NAME ${points.join(' UNION ALL ')}`);
    expect(await counts({ name: 'new', type: 'histogram', delta: false, monotonic: true })).toEqual([
      [0, null, 1, 3],
      [0, 1, null, 1],
      [10, 1, null, 1],
      [30, null, 1, 1],
    ]);
  });

  it('of powers: a bucket that was not there before was at zero, unless the scale is another', async () => {
    const point = (seconds: number, scale: number, offset: number, values: string): string =>
      `SELECT 'grows' AS MetricName, 31 AS SeriesId, 'cart' AS ServiceName, MAP {} AS Attributes, MAP {} AS ResourceAttributes, ${at(1)} AS StartTimeUnix, ${at(seconds)} AS TimeUnix, ${scale} AS Scale, 0 AS ZeroCount, ${offset} AS PositiveOffset, [${values}] AS PositiveBucketCounts, 0 AS NegativeOffset, []::UBIGINT[] AS NegativeBucketCounts, 2 AS AggregationTemporality`;
    const points = [point(5, 1, 0, '2'), point(15, 1, -1, '1, 2, 4'), point(25, 0, -1, '1, 6, 9'), point(35, 0, -1, '1, 8, 9')];
    await tables.run(`INSERT INTO otel_metrics_exponential_histogram BY NAME ${points.join(' UNION ALL ')}`);
    const found = await counts({ name: 'grows', type: 'exponential_histogram', delta: false, monotonic: true });
    const near = (power: number): unknown => expect.closeTo(2 ** power, 9);
    expect(found).toEqual([
      [0, 1, near(0.5), 2],
      [10, near(-0.5), 1, 1],
      [10, near(0.5), 2, 4],
      // Of the new scale nothing is known from before; then it goes on.
      [30, 1, 2, 2],
    ]);
  });

  it('that come as quantiles: each a line', async () => {
    await tables.run(`INSERT INTO otel_metrics_summary BY NAME SELECT 'q' AS MetricName, 'cart' AS ServiceName, MAP {} AS Attributes, ${at(5)} AS TimeUnix,
      [{'Quantile': 0.5, 'Value': 3.0}, {'Quantile': 0.99, 'Value': 9.0}] AS ValueAtQuantiles`);
    const metric: Metric = { name: 'q', type: 'summary', delta: false, monotonic: false };
    expect(await rows({ metric, aggregate: 'quantiles' })).toEqual([
      [0, 'p50.0', 3],
      [0, 'p99.0', 9],
    ]);
  });
});
