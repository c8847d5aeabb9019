import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnExtremes } from '../../../../server/dashboard/model/columns.kernel.ts';
import { columnsOf } from '../../../support/reference/columns.ts';

const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -9, max: 9 }) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const points = fc
  .array(fc.tuple(fc.integer({ min: -200, max: 200 }), value), { maxLength: 200 })
  .map((all) => all.toSorted(([left], [right]) => left - right));

describe('columns of a picture', () => {
  it('have the least and the greatest of their points in the order in which they came, as the slow twin says', () => {
    fc.assert(
      fc.property(
        points,
        fc.constantFrom(0.5, 1, 3, 7.25),
        fc.integer({ min: -40, max: 40 }),
        fc.nat(30),
        (all, width, first, count) => {
          const out = new Float64Array(2 * count).fill(42);
          columnExtremes(
            all.map(([x]) => x),
            Float64Array.from(all, ([, y]) => y),
            0,
            all.length,
            width,
            first,
            out,
          );
          expect([...out]).toEqual(columnsOf(all, width, first, count));
        },
      ),
      { endOnFailure: true },
    );
  });

  it('leave out what lies before `from` and from `to` on', () => {
    const out = new Float64Array(4);
    columnExtremes([0, 0, 1, 1], [9, 2, 3, 9], 1, 3, 1, 0, out);
    expect([...out]).toEqual([2, Number.NaN, 3, Number.NaN]);
  });
});
