import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WindowClock } from '../../../analytics/windows/window-clock.ts';

const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;

it('passes as the readings do', () => {
  const clock = new WindowClock();
  expect([1000, 1500, 3000].map((wallMs) => clock.read(wallMs))).toEqual([0, 500, 2000]);
  expect(clock.wallMs(500)).toBe(1500);
});

it('does not go back when two readings come out of order, and counts no time twice', () => {
  const clock = new WindowClock();
  expect([1000, 900, 1100].map((wallMs) => clock.read(wallMs))).toEqual([0, 0, 100]);
});

it('takes a jump of a year ahead for five minutes, and one back for nothing', () => {
  const clock = new WindowClock();
  clock.read(0);
  expect(clock.read(YEAR)).toBe(5 * MINUTE);
  expect(clock.read(0)).toBe(5 * MINUTE);
  expect(clock.read(MINUTE)).toBe(6 * MINUTE);
});

it('never goes back, and never passes faster than five minutes a reading', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1e13, max: 1e13 })), (readings) => {
      const clock = new WindowClock();
      let before = 0;
      for (const wallMs of readings) {
        const now = clock.read(wallMs);
        expect(now).toBeGreaterThanOrEqual(before);
        expect(now - before).toBeLessThanOrEqual(5 * MINUTE);
        before = now;
      }
    }),
    { endOnFailure: true },
  );
});
