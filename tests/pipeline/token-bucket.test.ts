import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenBucket } from '../../pipeline/token-bucket.ts';

/** Which offers are taken, in a loop over what is left in thousandths of a unit. */
function naive(perSecond: number, burstMs: number, offers: readonly { atMs: number; amount: number }[]): boolean[] {
  const most = Math.max(1000, perSecond * burstMs);
  let level = most;
  let before = 0;
  return offers.map(({ atMs, amount }) => {
    level = Math.min(most, level + (atMs - before) * perSecond);
    before = atMs;
    if (level < 1000) return false;
    level -= amount * 1000;
    return true;
  });
}

describe('a token bucket', () => {
  test('gives its burst at once, then its rate', () => {
    const bucket = new TokenBucket(10, 1000, 0);
    for (let n = 0; n < 10; n++) {
      expect(bucket.waitMs(0), `take ${n}`).toBe(0);
      bucket.take(1);
    }
    expect(bucket.waitMs(0)).toBe(100);
    expect(bucket.waitMs(99)).toBe(1);
    expect(bucket.waitMs(100)).toBe(0);
  });

  test('takes an amount above its burst, and says how long the debt lasts', () => {
    const bucket = new TokenBucket(100, 1000, 0);
    bucket.take(1000);
    expect(bucket.waitMs(0)).toBe(9010);
    expect(bucket.waitMs(9009)).toBe(1);
    expect(bucket.waitMs(9010)).toBe(0);
  });

  test('in the place of another is as full as that one, or owes as much', () => {
    const half = new TokenBucket(10, 1000, 0);
    half.take(10);
    expect(new TokenBucket(100, 2000, 500, half).waitMs(500)).toBe(0);
    const next = new TokenBucket(100, 2000, 500, half);
    next.take(100);
    expect(next.waitMs(500), 'it held 100 of 200').toBe(10);
    const owing = new TokenBucket(10, 1000, 0);
    owing.take(110);
    expect(new TokenBucket(100, 60_000, 1000, owing).waitMs(1000), '90 of them left, and one to take').toBe(910);
    expect(new TokenBucket(1, 1000, 1000, new TokenBucket(5, 1000, 0)).waitMs(1000), 'full').toBe(0);
  });

  test('is never fuller than its burst, however long nobody took', () => {
    const bucket = new TokenBucket(10, 1000, 0);
    expect(bucket.waitMs(1e9)).toBe(0);
    bucket.take(10);
    expect(bucket.waitMs(1e9)).toBe(100);
    bucket.give(1e9);
    bucket.take(10);
    expect(bucket.waitMs(1e9)).toBe(100);
  });

  test('at less than one a second still gives one at once', () => {
    const bucket = new TokenBucket(0.1, 1000, 0);
    expect(bucket.waitMs(0)).toBe(0);
    bucket.take(1);
    expect(bucket.waitMs(0)).toBe(10_000);
  });

  test('a clock that is set back neither fills nor empties it', () => {
    const bucket = new TokenBucket(10, 1000, 5000);
    bucket.take(10);
    expect(bucket.waitMs(1000)).toBe(100);
    expect(bucket.waitMs(1100)).toBe(0);
  });

  test('takes what its naive twin takes, and after the wait it named always', () => {
    const offer = fc.record({ gapMs: fc.nat(3000), amount: fc.integer({ min: 1, max: 5000 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.array(offer),
        (rate, burstMs, gaps) => {
          let atMs = 0;
          const offers = gaps.map(({ gapMs, amount }) => ({ atMs: (atMs += gapMs), amount }));
          const bucket = new TokenBucket(rate, burstMs, 0);
          const twin = naive(rate, burstMs, offers);
          offers.forEach((each, n) => {
            const waitMs = bucket.waitMs(each.atMs);
            expect(waitMs === 0).toBe(twin[n]);
            if (waitMs === 0) bucket.take(each.amount);
            else {
              const later = new TokenBucket(rate, burstMs, 0);
              naiveReplay(later, offers.slice(0, n), each.atMs + waitMs);
              expect(later.waitMs(each.atMs + waitMs)).toBe(0);
            }
          });
        },
      ),
      { endOnFailure: true, numRuns: 50 },
    );
  });
});

function naiveReplay(bucket: TokenBucket, offers: readonly { atMs: number; amount: number }[], untilMs: number): void {
  for (const { atMs, amount } of offers) if (atMs <= untilMs && bucket.waitMs(atMs) === 0) bucket.take(amount);
}
