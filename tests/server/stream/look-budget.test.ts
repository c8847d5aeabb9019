import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { LookBudget } from '../../../server/stream/look-budget.ts';

const PER_SECOND = LIMITS.streamScanItems;
const BURST = LIMITS.streamScanBurstItems;
const options = { endOnFailure: true } as const;

/** Lets the batches of one second come; returns their indices that are looked at. */
function second(budget: LookBudget, batches: readonly number[]): number[] {
  const looked = batches.flatMap((items, at) => {
    if (!budget.isDue(items)) return [];
    budget.take(items);
    return [at];
  });
  budget.tick();
  return looked;
}
/** The same numbers each time, by a generator of Steele and Vigna (splitmix32). */
function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
const sizes = fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 200 });

describe('what is looked at', () => {
  it('is everything, while that is no more than the budget of a second', () => {
    const within = sizes.map((batches) => batches.filter((_, at) => sum(batches.slice(0, at + 1)) <= PER_SECOND));
    const property = fc.property(fc.array(within, { maxLength: 40 }), (seconds) => {
      const budget = new LookBudget(chance(1));
      for (const batches of seconds) expect(second(budget, batches)).toEqual([...batches.keys()]);
    });
    fc.assert(property, options);
  });

  it('is everything of who sends at intervals, from the second time on, while that is no more than the budget of the interval', () => {
    const budget = new LookBudget(chance(1));
    const burst = Array<number>(16).fill(6000);
    second(budget, burst);
    for (let at = 1; at < 100; at += 1) expect(second(budget, at % 5 === 0 ? burst : [])).toHaveLength(at % 5 === 0 ? 16 : 0);
  });

  it('is in the long run no more than the budget, whatever comes', () => {
    const property = fc.property(fc.array(sizes, { minLength: 1, maxLength: 40 }), (seconds) => {
      const budget = new LookBudget(chance(1));
      let looked = 0;
      seconds.forEach((batches, at) => {
        const now = sum(second(budget, batches).map((index) => batches[index]!));
        looked += now;
        // The last one may have been more than was left.
        expect(looked).toBeLessThan(BURST + at * PER_SECOND + 10_000);
      });
    });
    fc.assert(property, options);
  });

  it('is about the budget of each second, where more comes all the time', () => {
    const property = fc.property(
      fc.integer({ min: 500, max: 10_000 }),
      fc.integer({ min: PER_SECOND, max: 5_000_000 }),
      (items, perSecond) => {
        const budget = new LookBudget(chance(1));
        const batches = Array<number>(Math.ceil(perSecond / items)).fill(items);
        let looked = 0;
        for (let at = 0; at < 60; at += 1) {
          const now = items * second(budget, batches).length;
          if (at >= 10) looked += now;
        }
        expect(looked).toBeGreaterThan(45 * PER_SECOND);
        expect(looked).toBeLessThan(56 * PER_SECOND);
      },
    );
    fc.assert(property, { ...options, numRuns: 30 });
  });

  it('takes its turns with all senders, in whatever order they keep', () => {
    const property = fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.integer({ min: 1000, max: 10_000 }),
      fc.integer({ min: 10, max: 500 }),
      fc.integer(),
      (senders, items, perSecond, seed) => {
        const budget = new LookBudget(chance(seed));
        const batches = Array<number>(perSecond).fill(items);
        const seen = new Set<number>();
        let looks = 0;
        for (let came = 0; looks < 30 * senders; came += perSecond) {
          for (const at of second(budget, batches)) {
            looks += 1;
            seen.add((came + at) % senders);
          }
        }
        expect(seen.size).toBe(senders);
      },
    );
    fc.assert(property, { ...options, numRuns: 50 });
  });

  it.each([5, 60])('is from everywhere in what comes at once each %i s, not only from its first part', (intervalS) => {
    const budget = new LookBudget(chance(1));
    const burst = Array<number>(100).fill(10_000);
    const seen = new Set<number>();
    for (let at = 0; at < 100 * intervalS; at += 1) {
      const looked = second(budget, at % intervalS === 0 ? burst : []);
      for (const index of looked) seen.add(Math.floor(index / 10));
    }
    expect([...seen].sort((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('goes on soon after a batch that was larger than everything', () => {
    const budget = new LookBudget(chance(1));
    second(budget, [50_000_000]);
    const looked = Array.from({ length: 30 }, () => second(budget, [1000, 1000, 1000]).length);
    expect(looked.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(looked.slice(20)).toEqual(Array(10).fill(3));
  });

  it('is what is left, of something else that comes from now on, whatever came before', () => {
    const budget = new LookBudget(chance(1));
    for (let at = 0; at < 20; at += 1) second(budget, Array<number>(50).fill(8000));
    budget.forget();
    const left = second(budget, Array<number>(50).fill(8000)).length * 8000;
    expect(left).toBeLessThan(2 * PER_SECOND);
    for (let at = 0; at < 10; at += 1) {
      budget.forget();
      second(budget, []);
    }
    expect(second(budget, Array<number>(15).fill(1000))).toHaveLength(15);
  });
});
