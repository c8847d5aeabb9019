import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../pipeline/limits.ts';
import { ScopeLimiter, ScopeLimiters, type ScopeLimits } from '../../pipeline/scope-limits.ts';

const limiter = (limits: Partial<ScopeLimits>): ScopeLimiter => new ScopeLimiter({ burstMs: 1000, ...limits }, 0);

describe('the limits of a scope', () => {
  test('are none where none is set', () => {
    const open = limiter({});
    for (let n = 0; n < 1000; n++) {
      expect(open.begin(0)).toBeUndefined();
      expect(open.charge(1e9, 1e12, 0)).toBeUndefined();
    }
  });

  test('items: a request is charged for all it brings, and the next one waits until that is worked off', () => {
    const limited = limiter({ itemsPerSecond: 100 });
    expect(limited.begin(0)).toBeUndefined();
    expect(limited.charge(600, 1, 0)).toBeUndefined();
    expect(limited.begin(0), 'before its body is read').toEqual({ limit: '100 items a second', waitMs: 5010 });
    expect(limited.charge(1, 1, 0), 'and after').toEqual({ limit: '100 items a second', waitMs: 5010 });
    expect(limited.begin(5010)).toBeUndefined();
  });

  test('bytes: the same, and the longer wait of the two is told', () => {
    const limited = limiter({ itemsPerSecond: 100, bytesPerSecond: 1000 });
    expect(limited.charge(100, 3000, 0)).toBeUndefined();
    expect(limited.begin(0)).toEqual({ limit: '1000 bytes a second', waitMs: 2001 });
  });

  test('requests: what is refused uses none', () => {
    const limited = limiter({ requestsPerSecond: 2 });
    expect([limited.begin(0), limited.begin(0)]).toEqual([undefined, undefined]);
    for (let n = 0; n < 100; n++) expect(limited.begin(0)).toEqual({ limit: '2 requests a second', waitMs: 500 });
    expect(limited.begin(500)).toBeUndefined();
    expect(limited.begin(500)).toMatchObject({ waitMs: 500 });
  });

  test('concurrent requests: as many as were begun and not ended', () => {
    const limited = limiter({ concurrentRequests: 2, requestsPerSecond: 1000 });
    limited.begin(0);
    limited.begin(0);
    expect(limited.begin(0)).toEqual({ limit: '2 requests at once', waitMs: LIMITS.retryAfterMs });
    limited.end();
    expect(limited.begin(0)).toBeUndefined();
    expect(limited.underWay).toBe(2);
  });

  test('a refusal waits only for a sender that was told to, and tells for how long from then on', () => {
    const limited = limiter({ itemsPerSecond: 10 });
    expect(limited.holdMs(2500, 0), 'the first').toBe(0);
    expect(limited.holdMs(2000, 3000), 'after the three seconds of its Retry-After').toBe(0);
    const holds = Array.from({ length: 100 }, () => limited.holdMs(1000, 3100));
    expect(Math.min(...holds)).toBeGreaterThanOrEqual(LIMITS.refusalHoldMs / 2);
    expect(Math.max(...holds)).toBeLessThanOrEqual(LIMITS.refusalHoldMs);
    const sorted = holds.toSorted((one, other) => one - other);
    const gaps = sorted.slice(1).map((ms, at) => ms - sorted[at]!);
    expect(Math.max(...gaps), 'they end evenly').toBeLessThan(20);
    // The last of them was told one second, behind its wait.
    expect(limited.holdMs(1, 3100 + LIMITS.refusalHoldMs + 999)).toBe(0);
  });

  test('only so many refusals of a scope wait, the others come at once', () => {
    const limited = limiter({ itemsPerSecond: 10 });
    const waiting = (nowMs: number): number =>
      Array.from({ length: 2000 }, () => limited.holdMs(60_000, nowMs)).filter((ms) => ms > 0).length;
    limited.holdMs(60_000, 0);
    expect(waiting(1)).toBe(LIMITS.heldRefusalsPerSecond);
    expect(waiting(1)).toBe(0);
    expect(waiting(501)).toBe(LIMITS.heldRefusalsPerSecond / 2);
  });

  test('what is refunded can be charged again', () => {
    const limited = limiter({ itemsPerSecond: 10, bytesPerSecond: 10 });
    limited.charge(10, 10, 0);
    limited.refund(10, 10);
    expect(limited.charge(10, 10, 0)).toBeUndefined();
    expect(limited.charge(1, 1, 0)).toBeDefined();
  });

  test('go on over a reload where they are the same, and owe as much where they changed', () => {
    const settings = (items: number): Map<string, ScopeLimits> =>
      new Map([
        ['A', { itemsPerSecond: 10, burstMs: 1000 }],
        ['B', { itemsPerSecond: items, burstMs: 1000 }],
      ]);
    const before = new ScopeLimiters(settings(10), 0);
    for (const scope of ['A', 'B']) before.of(scope)!.charge(100, 0, 0);
    const after = new ScopeLimiters(settings(20), 0, before);
    expect(after.of('A')!.begin(0)).toMatchObject({ waitMs: 9100 });
    expect(after.of('B')!.begin(0), 'the debt of 90 items, at 20 a second').toMatchObject({ waitMs: 4550 });
    expect(after.of('C')).toBeUndefined();
  });
});
