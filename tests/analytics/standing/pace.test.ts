import { describe, expect, it } from 'vitest';
import { Pace } from '../../../analytics/standing/pace.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

describe('the pace of a standing query', () => {
  it('is a run a second, of a slow one as much rest as work', () => {
    const pace = new Pace();
    pace.kept(5000, 5010);
    expect(pace.notBeforeMs).toBe(6000);
    pace.kept(6000, 6900);
    expect(pace.notBeforeMs).toBe(7800);
  });

  it('halves with each run over budget from the third on, and ends when that does not help', () => {
    const pace = new Pace();
    pace.kept(0, 1);
    const intervals: number[] = [];
    let goesOn = true;
    for (let runs = 0; goesOn && runs < 50; runs++) {
      goesOn = pace.exceeded(0, 1);
      intervals.push(pace.intervalMs);
    }
    expect(intervals).toEqual([1000, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(pace.notBeforeMs).toBe(LIMITS.standingIntervalMaxMs);
  });

  it('comes back step by step with runs that keep their budget', () => {
    const pace = new Pace();
    pace.kept(0, 1);
    for (let runs = 0; runs < 4; runs++) pace.exceeded(0, 1);
    expect(pace.intervalMs).toBe(4000);
    const intervals = [1, 2, 3].map(() => {
      pace.kept(0, 1);
      return pace.intervalMs;
    });
    expect(intervals).toEqual([2000, 1000, 1000]);
    expect([pace.exceeded(0, 1), pace.exceeded(0, 1), pace.intervalMs]).toEqual([true, true, 1000]);
  });

  it('does not wait for one that never kept its budget: three runs are enough', () => {
    const pace = new Pace();
    expect([pace.exceeded(0, 1), pace.exceeded(0, 1), pace.exceeded(0, 1)]).toEqual([true, true, false]);
  });
});
