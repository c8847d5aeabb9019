import { describe, expect, test } from 'vitest';
import { TROUBLES } from '../../../bench/chaos/record.ts';
import { turnsOf } from '../../../bench/chaos/schedule.ts';

describe('the turns of a chaos run', () => {
  test.each([0.25, 1, 10])('add up to its minutes, and have each trouble once with calm after it: %d', (minutes) => {
    const turns = turnsOf(minutes);
    expect(turns.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(minutes * 60_000, 3);
    expect(turns.map(({ trouble }) => trouble)).toEqual(TROUBLES.flatMap((trouble) => [trouble, undefined]));
  });

  test('end with more calm than the agent ever waits, where there is time', () => {
    expect(turnsOf(10).at(-1)!.ms).toBeGreaterThan(60_000);
    expect(turnsOf(0.25).at(-1)!.ms).toBeLessThan(5000);
  });
});
