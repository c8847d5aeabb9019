import { expect, it } from 'vitest';
import { DAY_S, demandAt } from '../../../agent/demo/season.ts';

const day = Array.from({ length: DAY_S }, (_, s) => demandAt(s));

it('the shop is never empty, and busiest several times as busy as at night', () => {
  expect(Math.min(...day)).toBeGreaterThan(0.3);
  expect(Math.max(...day) / Math.min(...day)).toBeGreaterThan(2);
});

it('a day is like the day before, and 1 on average', () => {
  expect(demandAt(DAY_S + 77)).toBeCloseTo(demandAt(77));
  expect(day.reduce((sum, demand) => sum + demand) / DAY_S).toBeCloseTo(1);
});
