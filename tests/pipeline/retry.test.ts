import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs, isExhausted } from '../../pipeline/retry.ts';

const config = fc.record({
  enabled: fc.constant(true),
  initial_interval: fc.integer({ min: 0, max: 60_000 }),
  max_interval: fc.integer({ min: 0, max: 600_000 }),
  multiplier: fc.double({ min: 1, max: 10, noNaN: true }),
  randomization_factor: fc.double({ min: 0, max: 1, noNaN: true }),
  max_elapsed_time: fc.integer({ min: 0, max: 600_000 }),
});
const full = {
  enabled: true,
  initial_interval: 1000,
  max_interval: 8000,
  multiplier: 2,
  randomization_factor: 1,
  max_elapsed_time: 10_000,
};

describe('back-off', () => {
  test('lies between the ceiling and nothing, and is never less than Retry-After', () => {
    fc.assert(
      fc.property(
        config,
        fc.nat(10_000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.nat(100_000),
        (retry, failures, random, retryAfterMs) => {
          const wait = backoffMs(retry, failures, () => random, retryAfterMs);
          expect(wait).toBeGreaterThanOrEqual(retryAfterMs);
          expect(wait).toBeLessThanOrEqual(Math.max(retryAfterMs, retry.max_interval));
        },
      ),
    );
  });

  test('is full jitter: the ceiling doubles up to max_interval, the floor stays at nothing', () => {
    const ceilings = [0, 1, 2, 3, 4, 400].map((failures) => backoffMs(full, failures, () => 0));
    expect(ceilings).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
    expect(backoffMs(full, 3, () => 0.9999)).toBeCloseTo(0.8);
  });

  test('keeps a lower end where randomization_factor is below 1', () => {
    expect(backoffMs({ ...full, randomization_factor: 0.5 }, 0, () => 0.9999)).toBeGreaterThan(500);
  });

  test('ends when the next wait would pass max_elapsed_time, and at once where retry is off', () => {
    expect(isExhausted(full, 9000, 1000)).toBe(false);
    expect(isExhausted(full, 9000, 1001)).toBe(true);
    expect(isExhausted({ ...full, max_elapsed_time: 0 }, 1e12, 1e9)).toBe(false);
    expect(isExhausted({ ...full, enabled: false }, 0, 0)).toBe(true);
  });
});
