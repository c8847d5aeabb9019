import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowAt, rowTops, scrolledTo } from '../../../../server/dashboard/model/row-tops.ts';

const heights = fc.array(fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }), { maxLength: 60 });
const USUAL = 26;
const topsOf = (list: readonly (number | undefined)[]): Float64Array => rowTops(list.length, USUAL, (at) => list[at]);

describe('the rows of a long list', () => {
  it('stand below each other, each as high as it was measured or as usual', () => {
    fc.assert(
      fc.property(heights, (list) => {
        const sums = list.map((_, at) => list.slice(0, at).reduce<number>((sum, height) => sum + (height ?? USUAL), 0));
        const whole = list.reduce<number>((sum, height) => sum + (height ?? USUAL), 0);
        expect([...topsOf(list)]).toEqual([...sums, whole]);
      }),
      { endOnFailure: true },
    );
  });

  it('are found by any pixel of theirs, and beyond the ends the first and the last', () => {
    fc.assert(
      fc.property(heights, fc.integer({ min: -50, max: 30_000 }), (list, y) => {
        const tops = topsOf(list);
        const last = Math.max(0, list.length - 1);
        const found = list.findIndex((_, at) => (tops[at] ?? 0) <= y && y < (tops[at + 1] ?? 0));
        expect(rowAt(tops, y)).toBe(y < 0 || list.length === 0 ? 0 : found === -1 ? last : found);
      }),
      { endOnFailure: true },
    );
  });

  it('are scrolled to no further than it takes to see them', () => {
    fc.assert(
      fc.property(
        heights,
        fc.nat(60),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 1, max: 900 }),
        (list, at, from, height) => {
          fc.pre(at < list.length);
          const tops = topsOf(list);
          const [top = 0, bottom = 0] = [tops[at], tops[at + 1]];
          const to = scrolledTo(tops, at, from, height);
          if (bottom - top > height) expect(to).toBe(top);
          else {
            expect(top).toBeGreaterThanOrEqual(to);
            expect(bottom).toBeLessThanOrEqual(to + height);
            if (from <= top && bottom <= from + height) expect(to).toBe(from);
          }
        },
      ),
      { endOnFailure: true },
    );
  });
});
