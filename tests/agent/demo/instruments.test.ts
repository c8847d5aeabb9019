import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Instruments, type Kind } from '../../../agent/demo/instruments.ts';
import { encodeRequest } from '../../../pipeline/otlp/encode.ts';
import { itemsOf } from '../../support/items.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';

const PERIOD = { startTimeUnixNano: 1n, timeUnixNano: 2n };
const kind = (type: Kind['type'], bounds?: readonly number[]): Kind => ({
  name: 'a.metric',
  unit: 's',
  description: 'a metric',
  type,
  ...(bounds === undefined ? {} : { bounds }),
});

/** What a strict reader gets. */
function points(instruments: Instruments): Tree[] {
  const bytes = encodeRequest('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: instruments.collect(PERIOD) }] }] });
  return itemsOf('metrics', decode('metrics', bytes)).map(({ item }) => item);
}

const durations = fc.array(fc.double({ min: 1e-6, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 60 });

it('a counter adds, a gauge keeps the last, each by its attributes', () => {
  const instruments = new Instruments();
  const [counter, gauge] = [kind('counter'), kind('gauge')];
  instruments.record(counter, 2, { a: 'x' });
  instruments.record(counter, 3, { a: 'x' });
  instruments.record(counter, 1, { a: 'y' });
  instruments.record(gauge, 7);
  instruments.record(gauge, 5);
  expect(points(instruments).map((point) => point['asInt'] ?? point['asDouble'])).toEqual([5n, 1n, 5]);
});

it('a histogram has each value in the bucket whose bound is not below it', () => {
  const bounds = [0.01, 0.1, 1, 10];
  fc.assert(
    fc.property(durations, (values) => {
      const instruments = new Instruments();
      const histogram = kind('histogram', bounds);
      for (const value of values) instruments.record(histogram, value);
      const [point] = points(instruments);
      const edges = [-Infinity, ...bounds, Infinity];
      const naive = edges.slice(1).map((bound, i) => BigInt(values.filter((v) => v > edges[i]! && v <= bound).length));
      expect(point).toMatchObject({ count: BigInt(values.length), bucketCounts: naive, explicitBounds: bounds });
      expect(point).toMatchObject({ min: Math.min(...values), max: Math.max(...values) });
    }),
    { endOnFailure: true },
  );
});

it('an exponential histogram has each value between the powers of its base that its bucket says', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const instruments = new Instruments();
      const exponential = kind('exponential_histogram');
      for (const value of values) instruments.record(exponential, value);
      const [point] = points(instruments);
      const { offset = 0, bucketCounts } = point!['positive'] as { offset?: number; bucketCounts: bigint[] };
      const base = 2 ** (2 ** -3);
      expect(point?.['scale']).toBe(3);
      expect(bucketCounts.reduce((sum, count) => sum + count)).toBe(BigInt(values.length));
      for (const [i, count] of bucketCounts.entries()) {
        const [low, high] = [base ** (offset + i), base ** (offset + i + 1)];
        // A value on the edge may fall to either side by rounding.
        const within = values.filter((value) => value > low * (1 - 1e-9) && value <= high * (1 + 1e-9)).length;
        const inside = values.filter((value) => value > low * (1 + 1e-9) && value <= high * (1 - 1e-9)).length;
        expect(Number(count)).toBeGreaterThanOrEqual(inside);
        expect(Number(count)).toBeLessThanOrEqual(within);
      }
    }),
    { endOnFailure: true },
  );
});

it('a summary tells quantiles of the last values', () => {
  const instruments = new Instruments();
  const summary = kind('summary');
  for (let i = 1; i <= 1000; i++) instruments.record(summary, i);
  const [point] = points(instruments);
  expect(point).toMatchObject({ count: 1000n, sum: 500_500 });
  expect(point?.['quantileValues']).toEqual([
    { quantile: 0.5, value: 901 },
    { quantile: 0.9, value: 981 },
    { quantile: 0.99, value: 999 },
  ]);
});
