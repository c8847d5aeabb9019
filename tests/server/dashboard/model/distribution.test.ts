import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heatmapOf, quantileOf, type Bucket } from '../../../../server/dashboard/model/distribution.ts';
import { bucketLines, compared, numberOf, numberRows } from '../../../../server/dashboard/model/metric-lines.ts';

const BUCKETS: Bucket[] = [
  { lo: null, hi: 10, n: 10 },
  { lo: 10, hi: 20, n: 10 },
  { lo: 20, hi: null, n: 10 },
];
/** Bounds 1, 2, 4 … 1024 and counts of values that were really there. */
const counted = (values: readonly number[]): Bucket[] =>
  Array.from({ length: 11 }, (_, at) => {
    const [lo, hi] = [at === 0 ? 0 : 2 ** (at - 1), 2 ** at];
    return { lo, hi, n: values.filter((value) => value > lo && value <= hi).length };
  });

describe('quantiles of buckets', () => {
  it('lie where the share ends, evenly within a bucket', () => {
    expect([0.25, 0.5, 2 / 3].map((q) => quantileOf(BUCKETS, q))).toEqual([7.5, 15, 20]);
    expect(quantileOf(BUCKETS, 0.99)).toBe(20);
    expect(quantileOf([], 0.5)).toBeNaN();
    expect(quantileOf([{ lo: null, hi: null, n: 3 }], 0.5)).toBeNaN();
  });

  it('lie in the same bucket as the quantile of the values themselves, whatever the order', () => {
    const values = fc.array(fc.double({ min: 0.01, max: 1024, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (all, q) => {
        const sorted = all.toSorted((left, right) => left - right);
        const real = sorted[Math.max(0, Math.ceil(q * all.length) - 1)] ?? 0;
        const found = quantileOf(counted(all).toReversed(), q);
        const bucket = counted([real]).find(({ n }) => n === 1);
        expect(found).toBeGreaterThanOrEqual((bucket?.lo ?? 0) - 1e-9);
        expect(found).toBeLessThanOrEqual((bucket?.hi ?? 0) + 1e-9);
      }),
      { endOnFailure: true },
    );
  });
});

describe('a heatmap', () => {
  const total = (columns: readonly (readonly Bucket[])[]): number => columns.flat().reduce((sum, { n }) => sum + n, 0);

  it('has a row between each two bounds', () => {
    expect(heatmapOf([BUCKETS, []])).toEqual({
      edges: [0, 10, 20, 40],
      cells: [
        [10, 0],
        [10, 0],
        [10, 0],
      ],
      most: 10,
    });
    expect(heatmapOf([[]])).toEqual({ edges: [], cells: [], most: 0 });
  });

  it('loses and makes no count, however many bounds of however many senders', () => {
    const bucket = fc
      .tuple(
        fc.double({ min: -1000, max: 1000, noNaN: true }),
        fc.double({ min: 0, max: 500, noNaN: true }),
        fc.integer({ min: 0, max: 50 }),
      )
      .map(([lo, width, n]): Bucket => ({ lo, hi: lo + width, n }));
    const positive = bucket.map(({ lo, hi, n }): Bucket => ({
      lo: Math.abs(lo ?? 0),
      hi: Math.abs(lo ?? 0) + Math.abs((hi ?? 0) - (lo ?? 0)),
      n,
    }));
    const columns = fc.array(fc.array(fc.oneof(bucket, positive), { maxLength: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(columns, (all) => {
        const { cells, edges } = heatmapOf(all);
        expect(cells.flat().reduce((sum, value) => sum + value, 0)).toBeCloseTo(total(all), 3);
        expect(cells.length).toBeLessThanOrEqual(37);
        expect(edges).toEqual(edges.toSorted((left, right) => left - right));
      }),
      { endOnFailure: true },
    );
  });
});

describe('lines of rows', () => {
  const rows = BUCKETS.map((bucket) => ({ t: 1000, name: '', ...bucket }));
  it('of buckets are quantiles or rates', () => {
    expect(bucketLines(rows, 'quantiles', 10)).toEqual([
      [1000, 'p50', 15],
      [1000, 'p90', 20],
      [1000, 'p99', 20],
    ]);
    expect(
      bucketLines(
        rows.map((row) => ({ ...row, name: 'a' })),
        'p50',
        10,
      ),
    ).toEqual([[1000, 'a', 15]]);
    expect(bucketLines(rows, 'rate', 10)).toEqual([[1000, '', 3]]);
  });

  it('of numbers leave out what is none', () => {
    expect(
      numberRows([
        { t: 1, name: 'a', value: 'NaN' },
        { t: 2, name: 'a', value: '12' },
      ]),
    ).toEqual([
      [1, 'a', null],
      [2, 'a', 12],
    ]);
    expect([numberOf(null), numberOf('Infinity'), numberOf(0)]).toEqual([null, null, 0]);
  });

  it('of an earlier time stand at the places of now', () => {
    const now = { xs: [10, 20], lines: [{ name: 'a', values: [1, 2] }] };
    const before = {
      xs: [0, 10],
      lines: [
        { name: 'a', values: [5, 6] },
        { name: 'gone', values: [1, 1] },
      ],
    };
    expect(compared(now, before)).toEqual([{ name: 'a', at: 0, values: [5, 6] }]);
  });
});
