import { describe, expect, test } from 'vitest';
import { floorRise, slopePerHour } from '../../../bench/soak/slope.ts';

const samples = (bytesOf: (second: number) => number) =>
  Array.from({ length: 300 }, (_, i) => ({ second: i * 2, mainRssBytes: 100e6, othersRssBytes: bytesOf(i * 2) }));

describe('the slope of memory over time', () => {
  test('is that of a line, per hour, of all processes together', () => {
    expect(slopePerHour(samples((second) => 400e6 + second * 1000))).toBeCloseTo(3.6e6, 0);
  });

  test('is nearly nothing of memory that goes up and down', () => {
    const sawtooth = slopePerHour(samples((second) => 400e6 + (second % 20) * 1e6));
    expect(Math.abs(sawtooth)).toBeLessThan(5e6);
  });

  test('is nothing of one sample', () => {
    expect(slopePerHour([{ second: 2, mainRssBytes: 1, othersRssBytes: 2 }])).toBe(0);
  });
});

describe('the rise of the lowest memory', () => {
  test('is nothing of memory that goes up and down, however the wave is cut', () => {
    expect(floorRise(samples((second) => 400e6 + ((second + 130) % 250) * 1e6))).toBe(0);
  });

  test('is what a leak brings in half of the time, through waves of any height', () => {
    const leaking = samples((second) => 400e6 + (second % 20) * 1e6 + second * 1e5);
    expect(floorRise(leaking)).toBeCloseTo(30e6, -6);
  });

  test('is nothing of one sample', () => {
    expect(floorRise([{ second: 2, mainRssBytes: 1, othersRssBytes: 2 }])).toBe(0);
  });
});
