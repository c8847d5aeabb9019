import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest, pictureOf, placeOf, trackOf, type Track } from '../../../../server/dashboard/model/tracks.ts';

const line = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant(Number.NaN))), {
    maxLength: 300,
  })
  .map((all) => all.toSorted(([left], [right]) => left - right))
  .map((all): Track => ({ xs: Float64Array.from(all, ([x]) => x), ys: Float64Array.from(all, ([, y]) => y) }));
const pointsOf = ({ xs, ys }: Track): [number, number][] => Array.from(xs, (x, at) => [x, ys[at] ?? Number.NaN]);
const view = fc
  .tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 1, max: 400 }))
  .map(([from, width]): [number, number] => [from, from + width]);

describe('a track', () => {
  it('has the values of a grid at their times: a joint is no point, a gap is one', () => {
    expect(trackOf([1, 2, 3, 4], [5, undefined, null, 7])).toEqual({
      xs: Float64Array.of(1, 3, 4),
      ys: Float64Array.of(5, Number.NaN, 7),
    });
    const own = { xs: Float64Array.of(1, 2), ys: Float64Array.of(3, 4) };
    expect(trackOf(own.xs, own.ys).ys).toBe(own.ys);
  });

  it('finds a time, and the point that is nearest to one', () => {
    fc.assert(
      fc.property(line, fc.integer({ min: -20, max: 1020 }), (track, x) => {
        const at = track.xs.findIndex((each) => each >= x);
        expect(placeOf(track.xs, x)).toBe(at === -1 ? track.xs.length : at);
        const found = nearest(track, x);
        const least = Math.min(...Array.from(track.xs, (each) => Math.abs(each - x)));
        expect(found === undefined ? Infinity : Math.abs(found.x - x)).toBe(least);
      }),
      { endOnFailure: true },
    );
  });
});

describe('a picture', () => {
  it('of few points has each of them, and the next ones on both sides', () => {
    const track = { xs: Float64Array.of(1, 2, 3, 4, 5), ys: Float64Array.of(10, 20, Number.NaN, 40, 50) };
    const other = { xs: Float64Array.of(2.5, 9), ys: Float64Array.of(7, 8) };
    expect(pictureOf([track, other], 2, 3.5, 100)).toEqual({
      data: [
        [1, 2, 2.5, 3, 4, 9],
        [10, 20, undefined, null, 40, undefined],
        [undefined, undefined, 7, undefined, undefined, 8],
      ],
      columns: undefined,
    });
  });

  it('of several points of a line at one time has the last one', () => {
    const track = { xs: Float64Array.of(1, 2, 2, 2, 3), ys: Float64Array.of(10, 20, Number.NaN, 30, 40) };
    expect(pictureOf([track], 0, 4, 100).data).toEqual([
      [1, 2, 3],
      [10, 30, 40],
    ]);
  });

  it('of many points reaches as far up and down in each column as they do, and never further', () => {
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 3 }),
        view,
        fc.integer({ min: 2, max: 12 }),
        (tracks, [from, to], columns) => {
          const { data, columns: seen } = pictureOf(tracks, from, to, columns);
          if (seen === undefined) return;
          const [times, ...lines] = data;
          expect(times).toEqual(times.toSorted((left, right) => left - right));
          const width = ((times[seen.before + 1] ?? 0) - (times[seen.before] ?? 0)) * 2;
          expect(width).toBeLessThanOrEqual((to - from) / columns + 1e-9);
          for (const [at, values] of lines.entries()) {
            const inView = pointsOf(tracks[at] as Track).filter(([x, y]) => x >= from && x <= to && !Number.isNaN(y));
            for (const [x, y] of inView) {
              const column = times.findLastIndex(
                (each, place) => place >= seen.before && (place - seen.before) % 2 === 0 && each - width / 4 <= x + 1e-9,
              );
              const here = [values[column], values[column + 1]].filter((value) => typeof value === 'number');
              expect(Math.min(...here)).toBeLessThanOrEqual(y);
              expect(Math.max(...here)).toBeGreaterThanOrEqual(y);
            }
            const known = new Set(pointsOf(tracks[at] as Track).map(([, y]) => y));
            for (const value of values) if (typeof value === 'number') expect(known.has(value)).toBe(true);
          }
        },
      ),
      { endOnFailure: true },
    );
  });

  it('that only moves keeps its columns: no point changes its place', () => {
    const xs = Float64Array.from({ length: 20_000 }, (_, at) => 1_795_258_800 + at / 10);
    const track = { xs, ys: xs.map((x) => Math.sin(x)) };
    const timesOf = (from: number): Set<number> => new Set(pictureOf([track], from, from + 900, 300).data[0]);
    const [before, after] = [timesOf(1_795_259_000), timesOf(1_795_259_000 + 123.456)];
    const shared = [...after].filter((x) => x < 1_795_259_890 && x > 1_795_259_130);
    expect(shared.length).toBeGreaterThan(400);
    expect(shared.every((x) => before.has(x))).toBe(true);
  });

  it('says which of its lines has more points than there are columns', () => {
    const many = Float64Array.from({ length: 5000 }, (_, at) => at);
    const few = Float64Array.of(100, 4000);
    expect(
      pictureOf(
        [
          { xs: many, ys: many },
          { xs: few, ys: few },
        ],
        0,
        5000,
        200,
      ).columns?.crowded,
    ).toEqual([true, false]);
  });
});
