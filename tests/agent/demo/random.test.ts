import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Random } from '../../../agent/demo/random.ts';

const draws = (random: Random, count = 50): number[] => Array.from({ length: count }, () => random.next());

it('the same seed gives the same numbers, another seed others', () => {
  expect(draws(new Random('1'))).toEqual(draws(new Random('1')));
  expect(draws(new Random('1'))).not.toEqual(draws(new Random('2')));
});

it('numbers are from 0 up to 1 and spread evenly', () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const numbers = draws(new Random(seed), 4000);
      const tenths = Array.from({ length: 10 }, (_, i) => numbers.filter((n) => n >= i / 10 && n < (i + 1) / 10).length);
      expect(tenths.reduce((sum, count) => sum + count)).toBe(4000);
      for (const count of tenths) expect(Math.abs(count - 400)).toBeLessThan(140);
    }),
    { numRuns: 20, endOnFailure: true },
  );
});

it('a fork for one purpose is not moved by what is drawn elsewhere', () => {
  const random = new Random('1');
  const untouched = draws(random.fork('a'));
  draws(random);
  expect(draws(random.fork('a'))).toEqual(untouched);
  expect(draws(random.fork('b'))).not.toEqual(untouched);
});

it('poisson and logNormal have the mean and the median they are asked for', () => {
  const random = new Random('3');
  const counts = Array.from({ length: 4000 }, () => random.poisson(7));
  expect(counts.reduce((sum, count) => sum + count) / 4000).toBeCloseTo(7, 0);
  const sorted = Array.from({ length: 4001 }, () => random.logNormal(12, 0.4)).sort((a, b) => a - b);
  expect(sorted[2000]).toBeGreaterThan(11);
  expect(sorted[2000]).toBeLessThan(13);
});

it('shuffled keeps every value', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.integer()), (seed, values) => {
      const sort = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
      expect(sort(new Random(seed).shuffled(values))).toEqual(sort(values));
    }),
    { endOnFailure: true },
  );
});
