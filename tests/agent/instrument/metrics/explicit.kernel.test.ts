import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explicitBucket, recordExplicit } from '../../../../agent/instrument/metrics/explicit.kernel.ts';
import { clearExplicit, COUNT, EXPLICIT_BUCKETS, MAX, MIN, SUM } from '../../../../agent/instrument/metrics/layout.kernel.ts';

const numbers = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });

describe('explicit buckets', () => {
  it('are found as counting the bounds below a value finds them, however many there are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(numbers, { maxLength: 80 }), fc.array(numbers), (unsorted, values) => {
        const bounds = Float64Array.from(unsorted).sort();
        for (const value of [...values, ...bounds]) {
          expect(explicitBucket(bounds, value)).toBe([...bounds].filter((bound) => bound < value).length);
        }
      }),
      { endOnFailure: true },
    );
  });

  it('keep count, sum and extremes, and touch nothing beside them', () => {
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1 }), (values) => {
        const bounds = Float64Array.of(-100, 0, 100);
        const cells = new Float64Array(20).fill(9);
        clearExplicit(cells, 4, 4);
        for (const value of values) expect(recordExplicit(cells, 4, explicitBucket(bounds, value), value)).toBe(true);
        expect(cells[4 + COUNT]).toBe(values.length);
        expect(cells[4 + SUM]).toBe(values.reduce((sum, value) => sum + value, 0));
        expect([cells[4 + MIN], cells[4 + MAX]].map((each) => each! + 0)).toEqual([
          Math.min(...values) + 0,
          Math.max(...values) + 0,
        ]);
        const edges = [-Infinity, ...bounds, Infinity];
        const expected = edges.slice(1).map((upper, i) => values.filter((value) => value > edges[i]! && value <= upper).length);
        expect([...cells.subarray(4 + EXPLICIT_BUCKETS, 4 + EXPLICIT_BUCKETS + 4)]).toEqual(expected);
        expect([...cells.subarray(0, 4), ...cells.subarray(4 + EXPLICIT_BUCKETS + 4)]).toEqual(Array(11).fill(9));
      }),
      { endOnFailure: true },
    );
  });

  it('change nothing when the sum would become infinite', () => {
    const cells = new Float64Array(8);
    clearExplicit(cells, 0, 1);
    recordExplicit(cells, 0, 0, Number.MAX_VALUE);
    const before = [...cells];
    expect(recordExplicit(cells, 0, 0, Number.MAX_VALUE)).toBe(false);
    expect([...cells]).toEqual(before);
  });
});
