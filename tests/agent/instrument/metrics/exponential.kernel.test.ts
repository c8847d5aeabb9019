import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketIndex, recordExponential, scaleChange } from '../../../../agent/instrument/metrics/exponential.kernel.ts';
import {
  clearExponential,
  COUNT,
  EXPONENTIAL_BUCKETS,
  exponentialFloats,
  LOW,
  MAX,
  MIN,
  NEGATIVE_LOW,
  ringSlot,
  SCALE,
  SUM,
  ZEROS,
} from '../../../../agent/instrument/metrics/layout.kernel.ts';

/** Slack of a logarithm, relative to the value. */
const SLACK = 1e-12;
const positive = fc.oneof(
  fc.double({ min: 0, minExcluded: true, max: 1e300, noNaN: true }),
  fc.double({ min: 0.001, max: 1000, noNaN: true }),
  fc.integer({ min: -1022, max: 1000 }).map((exponent) => 2 ** exponent),
);

function newCells(size: number): Float64Array {
  const cells = new Float64Array(7 + exponentialFloats(size, true)).fill(7);
  clearExponential(cells, 7, size, true);
  return cells;
}

/** Buckets of one sign: by index, those that hold something. */
function bucketsOf(cells: Float64Array, size: number, side: number): ReadonlyMap<number, number> {
  const ring = 7 + EXPONENTIAL_BUCKETS + (side === LOW ? 0 : size);
  const found = new Map<number, number>();
  for (let index = cells[7 + side]!; index <= cells[7 + side + 1]!; index++) {
    const held = cells[ring + ringSlot(index, cells[7 + side + 2]!, size)]!;
    if (held > 0) found.set(index, held);
  }
  return found;
}

describe('bucketIndex', () => {
  it('gives the bucket whose lower bound lies below the value and whose upper bound does not', () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: -10, max: 20 }), (value, scale) => {
        const index = bucketIndex(value, scale);
        const log = Math.log2(Math.max(value, 2 ** -1022)) * 2 ** scale;
        const slack = Math.max(Math.abs(log) * SLACK, 2 ** scale * SLACK);
        expect(log).toBeGreaterThan(index - slack);
        expect(log).toBeLessThanOrEqual(index + 1 + slack);
      }),
      { endOnFailure: true },
    );
  });

  it.each([
    [1, 0, -1],
    [2, 0, 0],
    [2.0000000000000004, 0, 1],
    [4, 0, 1],
    [4, 1, 3],
    [4.000000000000001, 1, 4],
    [1, 20, -1],
    [1.0000000000000002, 20, 0],
    [0.9999999999999999, 20, -1],
    [16, -1, 1],
    [17, -1, 2],
    [Number.MIN_VALUE, 0, -1023],
    [Number.MAX_VALUE, 0, 1023],
    [Number.MAX_VALUE, -10, 0],
    [Number.MIN_VALUE, -10, -1],
  ])('puts %d at scale %d into bucket %d', (value, scale, index) => {
    expect(bucketIndex(value, scale)).toBe(index);
  });

  it('puts the bound of each bucket into that bucket, and what is above it into the next', () => {
    for (const scale of [1, 3, 6, 7]) {
      for (let index = -3 * 2 ** scale; index < 3 * 2 ** scale; index++) {
        const bound = 2 ** ((index + 1) / 2 ** scale);
        const above = bound * (1 + 2 * Number.EPSILON);
        // A power of two and a fraction is not exact itself.
        expect(bucketIndex(bound * (1 - 2 * Number.EPSILON), scale)).toBe(index);
        expect(bucketIndex(above, scale)).toBe(index + 1);
        if (Number.isInteger(Math.log2(bound))) expect(bucketIndex(bound, scale)).toBe(index);
      }
    }
  });

  it('joins buckets when the scale goes down by one', () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: -9, max: 7 }), (value, scale) => {
        expect(bucketIndex(value, scale - 1)).toBe(Math.floor(bucketIndex(value, scale) / 2));
      }),
      { endOnFailure: true },
    );
  });

  it('never falls while the value rises', () => {
    fc.assert(
      fc.property(positive, positive, fc.integer({ min: -10, max: 20 }), (one, other, scale) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        expect(bucketIndex(low, scale)).toBeLessThanOrEqual(bucketIndex(high, scale));
      }),
      { endOnFailure: true },
    );
  });
});

describe('recordExponential', () => {
  it('keeps count, sum, zeros and extremes, and puts each value where its scale says', () => {
    const values = fc.array(
      fc.oneof(
        positive,
        positive.map((value) => -value),
        fc.constant(0),
      ),
      { minLength: 1, maxLength: 200 },
    );
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 40 }), (list, size) => {
        const cells = newCells(size);
        let sum = 0;
        for (const value of list) {
          expect(recordExponential(cells, 7, size, value)).toBe(true);
          sum += value;
        }
        const cell = (slot: number): number => cells[7 + slot]!;
        expect(cell(COUNT)).toBe(list.length);
        expect(cell(0)).toBe(list.length);
        expect(cell(SUM)).toBe(sum);
        expect(cell(ZEROS)).toBe(list.filter((value) => value === 0).length);
        expect(cell(MIN)).toBe(list.reduce((least, value) => (value < least ? value : least)));
        expect(cell(MAX)).toBe(list.reduce((most, value) => (value > most ? value : most)));
        for (const [side, sign] of [
          [LOW, 1],
          [NEGATIVE_LOW, -1],
        ] as const) {
          const buckets = bucketsOf(cells, size, side);
          const own = list.filter((value) => value * sign > 0).map(Math.abs);
          expect([...buckets.values()].reduce((total, held) => total + held, 0)).toBe(own.length);
          const far = [...buckets.keys()];
          if (far.length > 0) expect(Math.max(...far) - Math.min(...far)).toBeLessThan(size);
          expect(occupied(own, cell(SCALE))).toEqual(new Map([...buckets].toSorted(([left], [right]) => left - right)));
        }
        expect([...cells.subarray(0, 7)]).toEqual(Array(7).fill(7));
      }),
      { endOnFailure: true },
    );
  });

  it('begins at scale 20 and goes down no further than it must', () => {
    const cells = newCells(160);
    recordExponential(cells, 7, 160, 1);
    expect(cells[7 + SCALE]).toBe(20);
    recordExponential(cells, 7, 160, 2);
    // One octave in at most 160 buckets: 2^7 of them.
    expect(cells[7 + SCALE]).toBe(7);
    recordExponential(cells, 7, 160, Number.MAX_VALUE);
    recordExponential(cells, 7, 160, Number.MIN_VALUE);
    expect(cells[7 + SCALE]).toBe(-4);
  });

  it('changes nothing when the sum would become infinite', () => {
    const cells = newCells(10);
    expect(recordExponential(cells, 7, 10, Number.MAX_VALUE)).toBe(true);
    const before = [...cells];
    expect(recordExponential(cells, 7, 10, Number.MAX_VALUE)).toBe(false);
    expect([...cells]).toEqual(before);
  });
});

/** Buckets as joined pairs of those at the finest scale, which is how they came to be. */
function occupied(values: readonly number[], scale: number): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const value of values) {
    const index = bucketIndex(value, scale);
    found.set(index, (found.get(index) ?? 0) + 1);
  }
  return new Map([...found].toSorted(([left], [right]) => left - right));
}

describe('scaleChange', () => {
  it.each([
    [0, 1, 2, 0],
    [0, 2, 2, 1],
    [-1, 2, 2, 2],
    [-1, 0, 2, 0],
    [-5, 154, 160, 0],
    [-5, 155, 160, 1],
  ])('fits buckets %d to %d into %d by %d halvings', (low, high, size, change) => {
    expect(scaleChange(low, high, size)).toBe(change);
  });
});
