import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heightsOf } from '../../../../server/dashboard/model/heights.ts';

describe('the heights of a chart', () => {
  it('begin at zero where zero is near or asked for, and have some air above', () => {
    expect(heightsOf(2, 10, false)).toEqual([0, 10.6]);
    expect(heightsOf(90, 100, false)).toEqual([89, 100 + 11 * 0.06]);
    expect(heightsOf(90, 100, true)).toEqual([0, 106]);
    expect(heightsOf(-5, 5, true)).toEqual([-5, 5 + 10 * 0.06]);
    expect(heightsOf(-5, -5, true)).toEqual([-5, 5 * 0.06]);
    expect([heightsOf(null, null, false), heightsOf(0, 0, false)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('hold all values, and stand far enough apart for an axis to count between them', () => {
    const size = fc.double({ min: -1e300, max: 1e300, noNaN: true });
    // A few times the least that a double tells apart, and more.
    const apart = fc.double({ min: 0, max: 1e-6, noNaN: true });
    fc.assert(
      fc.property(size, fc.oneof(apart, fc.constant(2 ** -52)), fc.boolean(), (low, share, fromZero) => {
        const high = low + Math.abs(low) * share;
        const [from, to] = heightsOf(low, high, fromZero);
        expect(from <= low && to >= high).toBe(true);
        expect(to - from).toBeGreaterThan(1e-11 * Math.max(Math.abs(from), Math.abs(to)));
      }),
      { endOnFailure: true },
    );
  });
});
