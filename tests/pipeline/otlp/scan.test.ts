import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { logsScan, metricsScan } from '../../../pipeline/otlp/scan.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest, attribute, encode, numbered } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, wireField } from '../../support/reference/otlp.ts';
import { scannedRows } from '../../support/reference/scanned.ts';
import { newScan, rowsOf } from '../../support/scanned-columns.ts';

const ODD = { shuffle: true, repeat: true, unknown: true, unpack: true, overlong: true };

describe.each(SIGNALS)('a scan of %s', (signal) => {
  it('finds every field of every item that a naive reader finds', () => {
    fc.assert(
      fc.property(fc.array(anyRequest(signal), { maxLength: 3 }), (trees) => {
        const scan = newScan(signal);
        const expected = rowsOf(scan);
        for (const tree of trees) {
          const rows = scannedRows(signal, decode(signal, encode(signal, tree)));
          for (const [table, more] of Object.entries(rows)) expected[table]!.push(...more);
          const outcome = scan.scan(encode(signal, tree));
          expect(outcome).toEqual({ rows: Object.values(rows).flat().length, fault: '' });
        }
        expect(rowsOf(scan)).toEqual(expected);
      }),
      { endOnFailure: true },
    );
  });

  it('finds the same however oddly the request is written', () => {
    fc.assert(
      fc.property(anyRequest(signal), fc.integer(), (tree, seed) => {
        const scan = newScan(signal);
        const bytes = encodeOddly(signal, tree, seeded(seed), ODD);
        expect(scan.scan(bytes).fault).toBe('');
        expect(rowsOf(scan)).toEqual(scannedRows(signal, decode(signal, bytes)));
      }),
      { endOnFailure: true, numRuns: 300 },
    );
  });

  it('adds no row of bytes that a strict reader refuses, and never throws', () => {
    const real = encode(signal, numbered(signal, 5));
    const damage = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damage), (input) => {
        let bytes = Uint8Array.from(real);
        if (input instanceof Uint8Array) bytes = input as Uint8Array<ArrayBuffer>;
        else for (const [at, byte] of input) bytes[at] = byte;
        const scan = newScan(signal);
        scan.scan(real);
        const before = rowsOf(scan);
        const outcome = scan.scan(bytes);
        if (outcome.fault === '') return;
        expect(outcome.rows).toBe(0);
        expect(rowsOf(scan)).toEqual(before);
        scan.clear();
        expect(scan.scan(real).fault).toBe('');
        expect(rowsOf(scan)).toEqual(before);
      }),
      { endOnFailure: true, numRuns: 500 },
    );
  });

  it('knows nothing of its first generation after a rotation, and reads on', () => {
    const scan = newScan(signal);
    const bytes = encode(signal, numbered(signal, 20));
    scan.scan(bytes);
    const rows = rowsOf(scan);
    scan.rotate();
    expect(scan.rows).toBe(0);
    expect(scan.dictionaries).toMatchObject({ generation: 1, seriesCount: 0, originCount: 0, attributeSetCount: 0 });
    scan.scan(bytes);
    expect(rowsOf(scan)).toEqual(rows);
  });
});

describe('dictionaries of a scan', () => {
  const point = (names: readonly string[]): Uint8Array =>
    encode('metrics', {
      resourceMetrics: [
        {
          scopeMetrics: [
            { metrics: [{ name: 'm', gauge: { dataPoints: [{ attributes: names.map((name) => attribute(name, name)) }] } }] },
          ],
        },
      ],
    });

  it('take attributes in another order as the same set, and so the same series', () => {
    const scan = metricsScan();
    for (const names of [
      ['a', 'b', 'c'],
      ['c', 'a', 'b'],
      ['b', 'c', 'a'],
      ['a', 'b', 'c'],
    ])
      scan.scan(point(names));
    expect(Array.from(scan.gauge.series.subarray(0, 4))).toEqual([0, 0, 0, 0]);
    expect(scan.dictionaries.seriesCount).toBe(1);
    scan.scan(point(['a', 'b']));
    scan.scan(point(['a', 'b', 'd']));
    expect(scan.dictionaries.seriesCount).toBe(3);
  });

  it('keep sets apart whose equal keys come in another order: the last value holds', () => {
    const twice = (first: string, second: string): Uint8Array =>
      encode('logs', {
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes: [attribute('k', first), attribute('k', second)] }] }] }],
      });
    const scan = logsScan();
    scan.scan(twice('1', '2'));
    scan.scan(twice('2', '1'));
    expect(rowsOf(scan)['logs']!.map((row) => row['attributes'])).toEqual([{ k: '2' }, { k: '1' }]);
  });

  it('hold a metric of another unit, type or description as another metric', () => {
    const metric = (of: object): Uint8Array =>
      encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', ...of }] }] }] } as never);
    const scan = metricsScan();
    scan.scan(metric({ unit: 's', gauge: { dataPoints: [{}] } }));
    scan.scan(metric({ unit: 'ms', gauge: { dataPoints: [{}] } }));
    scan.scan(metric({ unit: 's', sum: { dataPoints: [{}] } }));
    scan.scan(metric({ unit: 's', sum: { dataPoints: [{}], isMonotonic: true } }));
    scan.scan(metric({ unit: 's', description: 'd', gauge: { dataPoints: [{}] } }));
    expect(scan.dictionaries).toMatchObject({ metricCount: 5, seriesCount: 5, attributeSetCount: 1 });
  });

  it('hold a hundred thousand series, and none twice', () => {
    const scan = metricsScan();
    const pass = (): void => {
      for (let at = 0; at < 100_000; at += 500) {
        const dataPoints = Array.from({ length: 500 }, (_, i) => ({ attributes: [attribute('id', `series ${at + i}`)] }));
        scan.scan(
          encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }] }),
        );
      }
    };
    pass();
    pass();
    expect(scan.dictionaries.seriesCount).toBe(100_000);
    expect(scan.dictionaries.attributeSet(scan.dictionaries.attributesOf(77_777))).toEqual([['id', 'series 77777']]);
    expect(scan.rows).toBe(200_000);
  });
});

describe('series that come again and again', () => {
  /** One is the beginning of another, one is empty, two differ in their last byte, two in their order. */
  const sets = [
    [],
    [attribute('route', '/api/v1/orders')],
    [attribute('route', '/api/v1/orders'), attribute('id', 'series 0001')],
    [attribute('route', '/api/v1/orders'), attribute('id', 'series 0002')],
    [attribute('id', 'series 0002'), attribute('route', '/api/v1/orders')],
    [attribute('route', '/api/v1/orders'), attribute('zero', Buffer.alloc(16)), attribute('ones', Buffer.alloc(16, 0xff))],
  ];
  const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const numberPoint = fc.record(
    {
      startTimeUnixNano: nanos,
      timeUnixNano: nanos,
      flags: fc.constantFrom(0, 1),
      exemplars: fc.constantFrom([], [{ asDouble: 1 }]),
      attributes: fc.constantFrom(...sets, [attribute('new', 'x')]),
    },
    { requiredKeys: ['timeUnixNano', 'attributes'] },
  );
  const value = fc.oneof(
    fc.double().map((asDouble) => ({ asDouble })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((asInt) => ({ asInt })),
    fc.constant({}),
  );
  const dataPoints = fc.array(
    fc.tuple(numberPoint, value).map(([point, of]) => ({ ...point, ...of })),
    { minLength: 1, maxLength: 6 },
  );
  const metric = fc.tuple(fc.constantFrom('a', 'b', ''), fc.boolean(), dataPoints).map(([name, isSum, points]) => ({
    name,
    ...(isSum ? { sum: { dataPoints: points, isMonotonic: name === 'a' } } : { gauge: { dataPoints: points } }),
  }));
  const group = fc.tuple(fc.constantFrom('one', 'two'), fc.array(metric, { maxLength: 4 })).map(([service, metrics]) => ({
    resource: { attributes: [attribute('service.name', service)] },
    scopeMetrics: [{ metrics }],
  }));
  const request = fc.array(group, { maxLength: 3 }).map((resourceMetrics) => ({ resourceMetrics }));

  it('are told apart whatever was expected: in another order, with others between them, in other metrics and resources', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 3 }), fc.array(fc.nat(2), { maxLength: 6 }), (pool, order) => {
        const scan = metricsScan();
        const expected = rowsOf(scan);
        for (const tree of [...pool, ...order.flatMap((at) => pool[at] ?? [])]) {
          const bytes = encode('metrics', tree as never);
          for (const [table, more] of Object.entries(scannedRows('metrics', decode('metrics', bytes))))
            expected[table]!.push(...more);
          expect(scan.scan(bytes).fault).toBe('');
        }
        expect(rowsOf(scan)).toEqual(expected);
      }),
      { endOnFailure: true, numRuns: 150 },
    );
  });

  it('are read after a point that is cut off, at whatever byte, as if it had not been there', () => {
    const points = sets.map((attributes) => ({ timeUnixNano: 5n, asDouble: 1.5, attributes }));
    const scopeMetrics = [{ scope: { name: 'library' }, metrics: [{ name: 'a', gauge: { dataPoints: points } }] }];
    const resource = { attributes: [attribute('service.name', 'shop')] };
    const bytes = encode('metrics', { resourceMetrics: [{ resource, scopeMetrics }] } as never);
    const scan = metricsScan();
    scan.scan(bytes);
    const rows = rowsOf(scan);
    for (let end = 1; end < bytes.length; end++) {
      scan.clear();
      expect(scan.scan(bytes.subarray(0, end)), String(end)).toMatchObject({
        rows: 0,
        fault: expect.stringContaining('not valid'),
      });
      expect(scan.scan(bytes).rows).toBe(points.length);
      expect(rowsOf(scan)).toEqual(rows);
    }
  });
});

describe('what waits in the columns', () => {
  const field = (number: number, content: Uint8Array): Buffer => wireField(number, 2, content);

  it('is bounded: a request of more rows than that is refused whole, and the next one is read', () => {
    const points = Buffer.alloc((LIMITS.scanRows + 1) * 2);
    for (let at = 0; at < points.length; at += 2) points[at] = 10;
    const scan = metricsScan();
    const request = field(1, field(2, field(2, field(5, points))));
    expect(scan.scan(request)).toEqual({ rows: 0, fault: 'cannot read the metrics request: too many rows wait already' });
    expect(scan.rows).toBe(0);
    scan.clear();
    expect(scan.gauge.series.length).toBeLessThan(LIMITS.scanRows);
    expect(scan.scan(encode('metrics', numbered('metrics', 7))).rows).toBe(7);
  }, 60_000);
});

describe('the examples of the OTLP specification', () => {
  const golden = (name: string): Buffer =>
    Buffer.from(readFileSync(new URL(`../../golden/otlp/${name}.hex`, import.meta.url), 'utf8').replaceAll('\n', ''), 'hex');
  const EXAMPLES: readonly (readonly [string, Signal])[] = [
    ['trace', 'traces'],
    ['metrics', 'metrics'],
    ['logs', 'logs'],
    ['events', 'logs'],
  ];

  it.each(EXAMPLES)('%s: every field is found', (name, signal) => {
    const scan = newScan(signal);
    expect(scan.scan(golden(name)).fault).toBe('');
    expect(rowsOf(scan)).toEqual(scannedRows(signal, decode(signal, golden(name))));
  });
});
