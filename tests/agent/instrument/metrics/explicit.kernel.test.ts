import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExplicitBuckets } from '../../../../agent/instrument/metrics/explicit.kernel.ts';
import { clearExplicit, COUNT, EXPLICIT_BUCKETS, MAX, MIN, SUM } from '../../../../agent/instrument/metrics/layout.kernel.ts';

const numbers = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
/** Of every size, from the smallest there is to the largest. */
const anyNumbers = fc.double({ noNaN: true, noDefaultInfinity: true });

/** The doubles beside a value that is not zero. */
function neighbours(value: number): readonly number[] {
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  return [-1n, 1n].map((step) => new Float64Array(BigInt64Array.of(bits[0]! + step).buffer)[0]!).filter(Number.isFinite);
}

function expectFound(bounds: readonly number[], values: readonly number[]): void {
  const buckets = new ExplicitBuckets(bounds);
  const near = bounds.filter((bound) => bound !== 0).flatMap(neighbours);
  for (const value of [...values, ...bounds, ...near, -0, 0]) {
    expect([value, buckets.find(value)]).toEqual([value, bounds.filter((bound) => bound < value).length]);
  }
}

describe('explicit buckets', () => {
  it('are found as counting the bounds below a value finds them, however many there are', () => {
    for (const kind of [numbers, anyNumbers]) {
      fc.assert(
        fc.property(fc.uniqueArray(kind, { maxLength: 80 }), fc.array(kind), (unsorted, values) => {
          const bounds = [...new Set(unsorted.map((bound) => bound + 0))].sort((left, right) => left - right);
          expectFound(bounds, values);
        }),
        { endOnFailure: true },
      );
    }
  });

  it('are found where bounds lie so close that they share the first bits, and so far apart that there are no slots for all', () => {
    const close = fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 60 });
    const apart = fc.uniqueArray(fc.integer({ min: -1070, max: 1020 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        close,
        fc.constantFrom(1, -1, 1e-300, 1e300),
        fc.array(fc.integer({ min: -1, max: 301 })),
        (steps, unit, off) => {
          const at = (step: number): number => unit * (1 + step * 2 ** -14);
          expectFound(
            steps.map(at).sort((left, right) => left - right),
            off.map(at),
          );
        },
      ),
      { endOnFailure: true },
    );
    fc.assert(
      fc.property(
        apart,
        fc.array(fc.tuple(fc.integer({ min: -1074, max: 1023 }), fc.double({ min: 1, max: 1.99, noNaN: true }))),
        (powers, of) => {
          const bounds = powers.map((power) => 2 ** power).sort((left, right) => left - right);
          expectFound(
            bounds,
            of.flatMap(([power, mantissa]) => [mantissa * 2 ** power, -mantissa * 2 ** power]),
          );
        },
      ),
      { endOnFailure: true },
    );
  });

  it('keep count, sum and extremes, and touch nothing beside them', () => {
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1 }), (values) => {
        const bounds = [-100, 0, 100];
        const buckets = new ExplicitBuckets(bounds);
        const cells = new Float64Array(20).fill(9);
        clearExplicit(cells, 4, 4);
        for (const value of values) expect(buckets.record(cells, 4, value)).toBe(buckets.find(value));
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

  it('change nothing when the sum would become infinite, or what is to be recorded is no number', () => {
    const cells = new Float64Array(8);
    clearExplicit(cells, 0, 1);
    const buckets = new ExplicitBuckets([1]);
    expect(buckets.record(cells, 0, Number.MAX_VALUE)).toBe(1);
    const before = [...cells];
    for (const value of [Number.MAX_VALUE, Infinity, -Infinity, NaN]) expect(buckets.record(cells, 0, value)).toBe(-1);
    expect([...cells]).toEqual(before);
  });
});
