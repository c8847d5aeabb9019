import { describe, expect, it } from 'vitest';
import { wallClock } from '../../../../agent/instrument/perf/wall-clock.ts';

describe('the clock of rows', () => {
  it('has decimals of a millisecond', () => {
    let counted = 10;
    const now = wallClock(
      () => 1000 + Math.floor(counted),
      () => counted,
    );
    expect(now()).toBe(1010);
    counted = 10.25;
    expect(now()).toBe(1010.25);
    counted = 12.5;
    expect(now()).toBe(1012.5);
  });

  it('reads no clock before the first time is asked for', () => {
    let readings = 0;
    const reading = (): number => (readings += 1);
    const now = wallClock(reading, reading);
    expect(readings).toBe(0);
    now();
    expect(readings).toBeGreaterThan(0);
  });

  it('follows the clock of the machine when it is set, or has gone on while the machine slept', () => {
    let date = 1000;
    const now = wallClock(
      () => date,
      () => 10,
    );
    date = 90_000;
    expect(now()).toBe(90_000);
    date = 500;
    expect(now()).toBe(500);
  });

  it('is that of this machine', () => {
    expect(Math.abs(wallClock()() - Date.now())).toBeLessThan(1000);
  });
});
