import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointCounts, pointLines, pointRows, POINTS_MAX, pointStep } from '../../../../server/dashboard/model/metric-points.ts';
import type { MetricView } from '../../../../server/dashboard/model/metric-queries.ts';
import { windowTables, type WindowTables } from '../../../support/window-tables.ts';

const T0 = Date.UTC(2026, 10, 21, 11);
const STRETCH = { fromMs: T0, toMs: T0 + 60_000 };
let tables: WindowTables;
beforeAll(async () => {
  tables = await windowTables();
  await tables.run(`INSERT INTO series BY NAME
    SELECT 1 AS SeriesId, 'load' AS MetricName, 'gauge' AS MetricType, '1' AS MetricUnit, '' AS MetricDescription, 'cart' AS ServiceName, MAP {'cpu': '0'} AS Attributes, MAP {'host.name': 'h1'} AS ResourceAttributes
    UNION ALL SELECT 2, 'load', 'gauge', '1', '', 'cart', MAP {'cpu': '1'}, MAP {'host.name': 'h1'}
    UNION ALL SELECT 3, 'load', 'gauge', '1', '', 'pay', MAP {'cpu': '1'}, MAP {'host.name': 'h1'}
    UNION ALL SELECT 4, 'other', 'gauge', '1', '', 'pay', MAP {'cpu': '1'}, MAP {'host.name': 'h1'}`);
  await tables.run(`INSERT INTO points BY NAME SELECT SeriesId, epoch_ms(${T0} + ms)::TIMESTAMP_NS AS TimeUnix, Value FROM (VALUES
    (1, 12000, 4.0), (1, 1000, 1.0), (1, 1500, 3.0), (1, 2000, 2.0), (2, 500, 7.0), (3, 500, 8.0), (1, -1, 99.0), (1, 60000, 99.0), (4, 5, 99.0)
  ) AS v(SeriesId, ms, Value)`);
});
afterAll(() => tables.close());

const view = (service = ''): MetricView => ({
  metric: { name: 'load', type: 'gauge', delta: false, monotonic: false },
  service,
  by: '',
  aggregate: 'points',
});
/** The API writes a MAP as an object, DuckDB's package as a list. */
const asObject = (map: unknown) =>
  Object.fromEntries((map as { key: string; value: string }[]).map(({ key, value }) => [key, value]));
const asApi = ({ attributes, resource, ...row }: Record<string, unknown>) => ({
  ...row,
  attributes: asObject(attributes),
  resource: asObject(resource),
});
const linesOf = async (service: string, step?: number) =>
  pointLines((await tables.run(pointRows(view(service), STRETCH, step))).map(asApi), STRETCH).map(({ name, xs, values }) => [
    name,
    [...xs].map((x, at) => [Math.round(x * 1000 - T0), values[at]]),
  ]);

describe('each point of a metric', () => {
  it('is counted, and belongs to a line that is named by what tells it from the others', async () => {
    expect(await tables.run(pointCounts(view(), STRETCH))).toEqual([{ points: 6, series: 3 }]);
    expect(await linesOf('')).toEqual([
      [
        'cpu=0 service=cart',
        [
          [1000, 1],
          [1500, 3],
          [2000, 2],
          [12_000, 4],
        ],
      ],
      ['cpu=1 service=cart', [[500, 7]]],
      ['cpu=1 service=pay', [[500, 8]]],
    ]);
    expect((await linesOf('cart')).map(([name]) => name)).toEqual(['cpu=0', 'cpu=1']);
    expect((await linesOf('pay')).map(([name]) => name)).toEqual(['']);
  });

  it('or the least and the greatest of each bucket, where they came', async () => {
    expect(await linesOf('cart', 10)).toEqual([
      [
        'cpu=0',
        [
          [1000, 1],
          [1500, 3],
          [12_000, 4],
        ],
      ],
      ['cpu=1', [[500, 7]]],
    ]);
  });

  it('is drawn by itself up to a bound; beyond, buckets are as wide as it takes to stay below it', () => {
    expect(pointStep(STRETCH, POINTS_MAX, 20)).toBeUndefined();
    expect(pointStep({ fromMs: 0, toMs: 3_600_000 }, POINTS_MAX + 1, 20)).toBe(10);
    for (const series of [1, 100, 4000]) {
      const step = pointStep({ fromMs: 0, toMs: 3_600_000 }, 1e6, series) ?? 0;
      expect((3600 / step) * 2 * series).toBeLessThanOrEqual(POINTS_MAX);
    }
  });

  it('is in the line of its series, also where only an attribute named as we name a part of the resource tells it', () => {
    const points = { times: [1], vals: [1] };
    const names = (...rows: object[]): string[] =>
      pointLines(
        rows.map((row) => ({ service: 's', attributes: {}, resource: {}, ...points, ...row })),
        STRETCH,
      ).map(({ name }) => name);
    const scraped = ['a', 'b'].map((instance) => ({ attributes: { instance } }));
    expect(names(...scraped)).toEqual(['instance=a', 'instance=b']);
    expect(names(...['a', 'b'].map((service) => ({ attributes: { service } })))).toEqual(['service=a', 'service=b']);
    const both = scraped.map((row, at) => ({ ...row, resource: { 'service.instance.id': `i${at}` } }));
    expect(names(...both)).toEqual(['instance=a service.instance.id=i0', 'instance=b service.instance.id=i1']);
  });

  it('of hosts that only their resources tell apart is in the line of its host; of resources as much is told as that takes', () => {
    const row = (resource: object, attributes: object = {}) => ({ service: 's', attributes, resource, times: [1], vals: [1] });
    const names = (...rows: ReturnType<typeof row>[]): string[] => pointLines(rows, STRETCH).map(({ name }) => name);
    expect(names(row({ 'host.name': 'h1', 'process.pid': '1' }), row({ 'host.name': 'h2', 'process.pid': '2' }))).toEqual([
      'host.name=h1',
      'host.name=h2',
    ]);
    expect(names(row({ 'host.name': 'h1' }, { cpu: '0' }), row({ 'host.name': 'h2' }, { cpu: '1' }))).toEqual(['cpu=0', 'cpu=1']);
  });

  it('of series that nothing tells apart is one line, in the order of time', () => {
    const row = { service: 's', attributes: {}, resource: { 'host.name': 'h' } };
    expect(
      pointLines(
        [
          { ...row, times: [5, 9], vals: [1, 2] },
          { ...row, times: [7], vals: ['NaN'] },
          { ...row, times: [6], vals: [3] },
        ],
        STRETCH,
      ),
    ).toEqual([
      {
        name: '',
        service: 's',
        xs: Float64Array.of((T0 + 5) / 1000, (T0 + 6) / 1000, (T0 + 9) / 1000),
        values: Float64Array.of(1, 3, 2),
      },
    ]);
  });
});
