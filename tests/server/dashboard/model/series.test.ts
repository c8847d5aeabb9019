import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { servicePalette, severityName, severityTone } from '../../../../server/dashboard/model/palette.ts';
import { bucketsOf, foldRest, gridOf, joinShort, sparkPath, stack } from '../../../../server/dashboard/model/series.ts';

const stretch = { fromMs: 10_000, toMs: 60_000 };

describe('a grid', () => {
  it('has a bucket for each step of its stretch, from the one its beginning lies in', () => {
    expect(bucketsOf({ fromMs: 12_000, toMs: 41_000 }, 10)).toEqual([10, 20, 30, 40]);
    expect(bucketsOf({ fromMs: 10_000, toMs: 10_000 }, 10)).toEqual([]);
  });

  it('holds every value at its place, the biggest line first, and 0 where nothing was counted', () => {
    const grid = gridOf(
      [
        [20_000, 'a', 1],
        [10_000, 'b', 5],
        [40_000, 'b', 6],
      ],
      { stretch, step: 10, absent: 'zero' },
    );
    expect(grid.xs).toEqual([10, 20, 30, 40, 50]);
    expect(grid.lines).toEqual([
      { name: 'b', values: [5, 0, 0, 6, 0] },
      { name: 'a', values: [0, 1, 0, 0, 0] },
    ]);
  });

  it('leaves out what is no number or out of its stretch', () => {
    const rows = [
      [20_000, 'a', null],
      [90_000, 'a', 3],
      [0, 'a', 3],
      [20_000, 'a', Number.NaN],
    ] as const;
    expect(gridOf(rows, { stretch, step: 10, absent: 'gap' }).lines).toEqual([]);
  });

  it('joins short silences and leaves long ones open', () => {
    expect(joinShort([null, 1, null, 2, null, null, null, 3, null], 2)).toEqual([
      null,
      1,
      undefined,
      2,
      null,
      null,
      null,
      3,
      null,
    ]);
  });

  it('folds small lines into one, and no sum changes', () => {
    const line = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), (lines) => {
        const rows = lines.flatMap((values, name) => values.map((value, at) => [(at + 1) * 10_000, `n${name}`, value] as const));
        const grid = gridOf(rows, { stretch, step: 10, absent: 'zero' });
        const folded = foldRest(grid, 4);
        expect(folded.lines.length).toBeLessThanOrEqual(4);
        expect(stack(folded.lines.map(({ values }) => values)).at(-1)).toEqual(
          stack(grid.lines.map(({ values }) => values)).at(-1),
        );
      }),
      { endOnFailure: true },
    );
  });

  it('stacks each line on those before it', () => {
    expect(
      stack([
        [1, 2],
        [10, null],
        [100, 200],
      ]),
    ).toEqual([
      [1, 2],
      [11, 2],
      [111, 202],
    ]);
  });
});

describe('a spark line', () => {
  it('stands on its floor and lifts the pen at gaps', () => {
    expect(sparkPath([0, 10, null, 5, 10], 40, 10)).toBe('M0.0 10.0L10.0 0.0M30.0 5.0L40.0 0.0');
    expect(sparkPath([5, 5], 10, 10)).toBe('M0.0 5.0L10.0 5.0');
    expect(sparkPath([-1.7e308, 1.7e308], 10, 10)).toBe('M0.0 10.0L10.0 0.0');
    expect(sparkPath([5], 10, 10, 0)).toBe('M0.0 0.0');
    expect(sparkPath([null, undefined], 10, 10)).toBe('');
  });
});

describe('colours', () => {
  it('of services differ as far as there are colours, whatever the order of the names', () => {
    const names = ['storefront', 'catalog', 'cart', 'checkout', 'payment', 'shipping'];
    expect(new Set(servicePalette(names).values()).size).toBe(6);
    expect(servicePalette(names.toReversed())).toEqual(servicePalette(names));
  });

  it.each([
    [0, 'none', ''],
    [1, 'trace', ''],
    [8, 'debug', ''],
    [9, 'info', 'info'],
    [13, 'warn', 'warn'],
    [17, 'error', 'bad'],
    [24, 'fatal', 'bad'],
    [99, 'fatal', 'bad'],
  ])('of severity %d: %s', (number, name, tone) => {
    expect([severityName(number), severityTone(number)]).toEqual([name, tone]);
  });
});
