import fc from 'fast-check';
import { expect, it } from 'vitest';
import { metricsScan } from '../../../../../pipeline/otlp/scan.ts';
import { attribute, encode } from '../../../../support/build.ts';
import { decode, wireField } from '../../../../support/reference/otlp.ts';
import { scannedRows } from '../../../../support/reference/scanned.ts';
import { rowsOf } from '../../../../support/scanned-columns.ts';

const attributes = fc.constantFrom('a', 'b', 'c').map((value) => [attribute('id', value)]);
const point = attributes.map((of) => ({ timeUnixNano: 3n, asDouble: 1, attributes: of }));
const buckets = attributes.map((of) => ({ timeUnixNano: 3n, count: 2n, attributes: of }));
const dataPoints = fc.array(point, { maxLength: 3 });
const data = fc.oneof(
  dataPoints.map((points) => ({ gauge: { dataPoints: points } })),
  dataPoints.map((points) => ({ sum: { dataPoints: points, aggregationTemporality: 2, isMonotonic: true } })),
  fc.array(buckets, { maxLength: 2 }).map((points) => ({ histogram: { dataPoints: points, aggregationTemporality: 1 } })),
  fc.array(buckets, { maxLength: 2 }).map((points) => ({ summary: { dataPoints: points } })),
  // Metrics without data wait, too.
  fc.constant({}),
);
const metric = fc.tuple(fc.constantFrom('one', 'two', 'three'), data).map(([name, of]) => ({ name, ...of }));
const group = fc.tuple(fc.constantFrom('x', 'y'), fc.array(metric, { maxLength: 50 })).map(([service, metrics]) => ({
  resource: { attributes: [attribute('service.name', service)] },
  scopeMetrics: [{ metrics }],
}));
const request = fc.array(group, { maxLength: 5 }).map((resourceMetrics) => encode('metrics', { resourceMetrics } as never));

it('gives metrics their own resource and points, however many wait together, and again when all is known', () => {
  fc.assert(
    fc.property(request, (bytes) => {
      const scan = metricsScan();
      const rows = scannedRows('metrics', decode('metrics', bytes));
      for (let turn = 0; turn < 3; turn++) {
        scan.clear();
        expect(scan.scan(bytes).fault).toBe('');
        expect(rowsOf(scan)).toEqual(rows);
      }
    }),
    { endOnFailure: true },
  );
});

it('forgets what waited when a request is given up', () => {
  const gauge = (name: string, count: number): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, () => {
        const content = Buffer.concat([wireField(1, 2, Buffer.from(name)), wireField(5, 2, wireField(1, 2, Buffer.alloc(0)))]);
        return wireField(2, 2, content);
      }),
    );
  const requestOf = (...metrics: Buffer[]): Buffer => wireField(1, 2, wireField(2, 2, Buffer.concat(metrics)));
  const broken = wireField(2, 2, Buffer.from([0x2a, 0x7f]));
  const scan = metricsScan();
  for (const before of [0, 1, 31, 32, 33, 64, 70]) {
    // Cut off behind some that wait, or in the metric that does.
    for (const bytes of [requestOf(gauge('bad', before), broken), Buffer.concat([requestOf(gauge('bad', before)), Buffer.from([10, 9])])])
      expect(scan.scan(bytes)).toMatchObject({ rows: 0, fault: expect.stringContaining('not valid') });
    scan.clear();
    expect(scan.scan(requestOf(gauge('good', 2)))).toEqual({ rows: 2, fault: '' });
    expect(scan.dictionaries.metric(scan.dictionaries.metricOf(scan.gauge.series[1]!)).name).toBe('good');
  }
});
