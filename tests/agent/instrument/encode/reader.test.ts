import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellReader } from '../../../../agent/instrument/encode/reader.ts';
import { decode, type Tree } from '../../../support/reference/otlp.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';
import { pointsOf, textOf, type DecodedPoint } from '../../../support/metric-points.ts';

/** One measurement of the random streams: an instrument, a set of attributes, a number. */
const measurement = fc.record({
  instrument: fc.constantFrom('counter', 'upDown', 'histogram', 'exponential', 'gauge'),
  attributes: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom<string | number>('x', 'y', 1), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
  // Quarters: sums of them are exact, so that they can be compared.
  value: fc.integer({ min: 0, max: 4_000_000 }).map((quarters) => quarters / 4),
});
const step = fc.oneof(
  { weight: 5, arbitrary: measurement },
  { weight: 1, arbitrary: fc.record({ collect: fc.constantFrom('arrives', 'fails', 'some arrive') }) },
);
type Measurement = typeof measurement extends fc.Arbitrary<infer T> ? T : never;

/** What a map per instrument says of the same measurements. */
class Twin {
  readonly lists = new Map<string, number[]>();

  take({ instrument, attributes, value }: Measurement): void {
    const key = `${instrument} ${textOf(attributes)}`;
    const list = this.lists.get(key) ?? [];
    list.push(value);
    this.lists.set(key, list);
  }

  points(): Record<string, unknown> {
    return Object.fromEntries([...this.lists].map(([key, list]) => [key, this.#point(key, list)]));
  }

  #point(key: string, list: readonly number[]): unknown {
    const sum = list.reduce((total, value) => total + value, 0);
    if (key.startsWith('gauge')) return list.at(-1);
    return key.startsWith('histogram') || key.startsWith('exponential') ? { sum, ...bucketed(key, list) } : sum;
  }
}

const BOUNDS = [1, 1000, 500_000];

function bucketed(key: string, list: readonly number[]): { count: number; buckets: number[] } {
  // Whatever the scale, what lies in one octave adds up to the same.
  const bounds = key.startsWith('histogram') ? BOUNDS : OCTAVES;
  const edges = [-Infinity, ...bounds, Infinity];
  const buckets = edges.slice(1).map((upper, i) => list.filter((value) => value > edges[i]! && value <= upper).length);
  return { count: list.length, buckets };
}
/** The lowest, and one for each octave up to the highest value. */
const OCTAVES = [0, ...Array.from({ length: 26 }, (_, i) => 2 ** (i - 3))];

/** The same of decoded points: histograms by octaves. */
function summary(points: readonly DecodedPoint[]): Record<string, unknown> {
  return Object.fromEntries(points.map((point) => [`${point.metric} ${textOf(point.attributes)}`, summaryOf(point)]));
}

function summaryOf({ type, tree, value }: DecodedPoint): unknown {
  const count = Number(tree['count'] ?? 0);
  const sum = Number(tree['sum'] ?? 0);
  if (type === 'histogram') return { sum, count, buckets: (tree['bucketCounts'] as bigint[]).map(Number) };
  if (type !== 'exponentialHistogram') return value;
  const buckets = Array<number>(OCTAVES.length + 1).fill(0);
  buckets[0] = Number(tree['zeroCount'] ?? 0);
  const { offset = 0, bucketCounts = [] } = (tree['positive'] ?? {}) as { offset?: number; bucketCounts?: bigint[] };
  for (const [place, held] of bucketCounts.entries()) {
    const octave = Math.floor((offset + place) / 2 ** Number(tree['scale'] ?? 0));
    buckets[octave + 5]! += Number(held);
  }
  return { sum, count, buckets };
}

function added(left: unknown, right: unknown): unknown {
  if (typeof left === 'number' || left === undefined) return ((left ?? 0) as number) + (right as number);
  const [one, two] = [left, right] as { sum: number; count: number; buckets: number[] }[];
  return {
    sum: one!.sum + two!.sum,
    count: one!.count + two!.count,
    buckets: one!.buckets.map((held, i) => held + (two!.buckets[i] ?? 0)),
  };
}

function instrumentsOf(engine: OwnEngine): (measured: Measurement) => void {
  const meter = engine.provider.getMeter('test');
  const counter = meter.createCounter('counter');
  const upDown = meter.createUpDownCounter('upDown');
  const histogram = meter.createHistogram('histogram', { advice: { explicitBucketBoundaries: BOUNDS } });
  const exponential = meter.createHistogram('exponential');
  const gauge = meter.createGauge('gauge');
  return ({ instrument, attributes, value }) => {
    if (instrument === 'counter') counter.add(value, attributes);
    else if (instrument === 'upDown') upDown.add(value, attributes);
    else if (instrument === 'histogram') histogram.record(value, attributes);
    else if (instrument === 'exponential') exponential.record(value, attributes);
    else gauge.record(value, attributes);
  };
}

const newEngine = (temporality: 'cumulative' | 'delta'): OwnEngine =>
  new OwnEngine({
    temporality,
    // At least a bucket per octave of what is measured, and few enough that scales go down.
    views: [{ instrumentName: 'exponential', aggregation: { type: 'base2_exponential_bucket_histogram', maxSize: 40 } }],
  });

describe('CellReader', () => {
  it('cumulative: gives what a map of lists gives, whatever arrived before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const engine = newEngine('cumulative');
        const measure = instrumentsOf(engine);
        const twin = new Twin();
        for (const each of steps) {
          if ('collect' in each) engine.collect(each.collect !== 'arrives');
          else {
            measure(each);
            twin.take(each);
          }
        }
        expect(summary(engine.collect())).toEqual(twin.points());
      }),
      { endOnFailure: true },
    );
  });

  it('delta: what arrived adds up to what a map of lists gives, whatever failed between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.infiniteStream(fc.boolean()), (steps, coin) => {
        const engine = newEngine('delta');
        const measure = instrumentsOf(engine);
        const twin = new Twin();
        const total: Record<string, unknown> = {};
        const collect = (how: string): void => {
          engine.pass(1000);
          for (const request of engine.reader.collect(engine.nowNs, 300).requests) {
            if (how === 'fails' || (how === 'some arrive' && coin.next().value === true)) continue;
            request.commit();
            const points = pointsOf([request.body]);
            for (const [key, value] of Object.entries(summary(points))) {
              total[key] =
                key.startsWith('upDown') || key.startsWith('gauge') ? value : added(total[key] ?? emptyLike(value), value);
            }
          }
        };
        for (const each of steps) {
          if ('collect' in each) collect(each.collect);
          else {
            measure(each);
            twin.take(each);
          }
        }
        collect('arrives');
        const expected = twin.points();
        // A sum that is still zero has nothing to tell.
        for (const [key, value] of Object.entries(expected)) if (value === 0 && key.startsWith('counter')) delete expected[key];
        expect(total).toEqual(expected);
      }),
      { endOnFailure: true },
    );
  });
});

function emptyLike(value: unknown): unknown {
  if (typeof value === 'number') return 0;
  const { buckets } = value as { buckets: number[] };
  return { sum: 0, count: 0, buckets: buckets.map(() => 0) };
}

describe('requests', () => {
  it('are at most as large as they may be, and together hold every point once', () => {
    const engine = new OwnEngine({ cardinalityLimit: 5000 });
    for (let m = 0; m < 5; m++) {
      const meter = engine.provider.getMeter(`meter-${m}`, '1.2.3', {
        schemaUrl: 'https://example.org/schema',
        attributes: { m },
      });
      const counter = meter.createCounter(`c-${m}`, { unit: 'By', description: 'x'.repeat(50) });
      for (let i = 0; i < 1000; i++) counter.add(i + 1, { i, path: `/p/${i}` });
      meter.createHistogram(`h-${m}`).record(m);
    }
    for (const maxBytes of [1000, 20_000, 70_000, 1 << 22]) {
      const { requests } = engine.reader.collect(engine.nowNs, maxBytes);
      expect(Math.max(...requests.map(({ body }) => body.length))).toBeLessThanOrEqual(maxBytes);
      const points = pointsOf(requests.map(({ body }) => body));
      expect(points).toHaveLength(5005);
      expect(requests.reduce((sum, request) => sum + request.points, 0)).toBe(5005);
      expect(new Set(points.map(({ metric, attributes }) => metric + textOf(attributes))).size).toBe(5005);
      for (const { body } of requests) {
        for (const { resource, scopeMetrics } of (decode('metrics', body)['resourceMetrics'] ?? []) as Tree[]) {
          expect(resource).toEqual({ attributes: [{ key: 'service.name', value: { stringValue: 'test' } }] });
          for (const scope of scopeMetrics as Tree[]) {
            expect(scope['schemaUrl']).toBe('https://example.org/schema');
            expect(scope['scope']).toMatchObject({ version: '1.2.3', attributes: [{ key: 'm' }] });
          }
        }
      }
    }
  });

  it('never end before they began, whatever the clock does', () => {
    const engine = new OwnEngine({ temporality: 'delta' });
    const counter = engine.provider.getMeter('test').createCounter('c');
    const times = [engine.nowNs - 5n, engine.nowNs + 10n, engine.nowNs - 7n].map((nowNs) => {
      counter.add(1);
      const { requests, commit } = engine.reader.collect(nowNs, 1000);
      commit();
      return pointsOf(requests.map(({ body }) => body)).map(({ startNs, timeNs }) =>
        [startNs, timeNs].map((at) => at - engine.nowNs),
      )[0];
    });
    expect(times).toEqual([
      [0n, 0n],
      [0n, 10n],
      [10n, 10n],
    ]);
  });

  it('are none while nothing was measured', () => {
    const engine = new OwnEngine();
    engine.provider.getMeter('test').createCounter('c').bind({ a: 1 });
    expect(engine.reader.collect(1n, 1000).requests).toEqual([]);
  });

  it('of a collection that another one followed commit nothing', () => {
    const engine = new OwnEngine({ temporality: 'delta' });
    const counter = engine.provider.getMeter('test').createCounter('c');
    counter.add(1);
    const stale = engine.reader.collect(1n, 1000);
    const fresh = engine.reader.collect(2n, 1000);
    stale.commit();
    expect(pointsOf(fresh.requests.map(({ body }) => body)).map(({ value }) => value)).toEqual([1]);
    expect(engine.collect(true).map(({ value }) => value)).toEqual([1]);
    engine.collect();
    expect(engine.collect()).toEqual([]);
  });

  it('refuse a series whose instrument nobody told of', () => {
    const reader = new CellReader({ resource: new Uint8Array(0), temporality: 'delta' });
    const series = { id: 1, instrument: 1, page: 0, offset: 0, startTimeNs: 1n, attributes: new Uint8Array(0) };
    expect(() => reader.addSeries(series)).toThrow(/BUG/);
  });
});
