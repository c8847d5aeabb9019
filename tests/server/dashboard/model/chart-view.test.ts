import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAtEdge, panned, rangeOfView, stepOfKey, zoomed } from '../../../../server/dashboard/model/chart-view.ts';
import { parseRange, rangeText } from '../../../../server/dashboard/model/time-range.ts';

const EDGE = Date.UTC(2026, 10, 21, 12);
const limits = { edgeMs: EDGE };
const view = fc
  .tuple(fc.integer({ min: 1000, max: 3_600_000 }), fc.integer({ min: 0, max: 7_200_000 }))
  .map(([width, ago]) => ({ fromMs: EDGE - ago - width, toMs: EDGE - ago }));
const widthOf = ({ fromMs, toMs }: { fromMs: number; toMs: number }): number => toMs - fromMs;

describe('a view of a chart', () => {
  it('moves by as much as it is moved, keeps its width, and stops at the edge', () => {
    fc.assert(
      fc.property(view, fc.integer({ min: -1e7, max: 1e7 }), (from, byMs) => {
        const to = panned(from, byMs, limits);
        expect(widthOf(to)).toBe(widthOf(from));
        expect(to.toMs).toBe(Math.min(from.toMs + byMs, EDGE));
      }),
      { endOnFailure: true },
    );
  });

  it('is zoomed around what is under the pointer, which stays where it is unless the edge pushes it', () => {
    fc.assert(
      fc.property(
        view,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (from, factor, share) => {
          const around = from.fromMs + share * widthOf(from);
          const to = zoomed(from, factor, around, limits);
          expect(widthOf(to)).toBeCloseTo(Math.max(1000, widthOf(from) * factor), 2);
          expect(to.toMs).toBeLessThanOrEqual(EDGE + 1e-3);
          const there = around - share * widthOf(to);
          expect(to.fromMs).toBeCloseTo(Math.min(there, EDGE - widthOf(to)), 2);
        },
      ),
      { endOnFailure: true },
    );
  });

  it('becomes a range of the address: one that moves on at the edge, else one that stands still', () => {
    expect(rangeOfView({ fromMs: EDGE - 437_300, toMs: EDGE }, limits)).toEqual({ kind: 'last', ms: 437_000 });
    expect(rangeOfView({ fromMs: EDGE - 900_000, toMs: EDGE - 5000 }, limits)).toEqual({ kind: 'last', ms: 895_000 });
    expect(rangeOfView({ fromMs: EDGE - 900_000.4, toMs: EDGE - 100_000.6 }, limits)).toEqual({
      kind: 'fixed',
      fromMs: EDGE - 900_000,
      toMs: EDGE - 100_001,
    });
    fc.assert(
      fc.property(view, (each) => {
        const range = rangeOfView(each, limits);
        expect(parseRange(rangeText(range))).toEqual(range);
        expect(range.kind === 'last').toBe(isAtEdge(each, limits));
      }),
      { endOnFailure: true },
    );
  });

  it('goes by keys: arrows a tenth, with Shift a half; plus and minus keep the edge where it is shown, else the middle', () => {
    const live = { fromMs: EDGE - 100_000, toMs: EDGE };
    const past = { fromMs: EDGE - 300_000, toMs: EDGE - 200_000 };
    expect(stepOfKey('ArrowLeft', false)?.(live, limits)).toEqual({ fromMs: EDGE - 110_000, toMs: EDGE - 10_000 });
    expect(stepOfKey('ArrowLeft', true)?.(live, limits)).toEqual({ fromMs: EDGE - 150_000, toMs: EDGE - 50_000 });
    expect(stepOfKey('ArrowRight', true)?.(live, limits)).toEqual(live);
    expect(stepOfKey('+', true)?.(live, limits)).toEqual({ fromMs: EDGE - 80_000, toMs: EDGE });
    expect(stepOfKey('-', false)?.(past, limits)).toEqual({ fromMs: EDGE - 312_500, toMs: EDGE - 187_500 });
    expect(stepOfKey('x', false)).toBeUndefined();
  });
});
