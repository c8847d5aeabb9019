import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf, judge, retryAfterMs, waitMs } from '../../../../agent/instrument/export/verdict.ts';
import { SENDING_LIMITS } from '../../../../agent/instrument/export/limits.ts';

const answer = (status: number, body = new Uint8Array(0), retryAfter?: string) => ({ status, body, retryAfter });

describe('what an answer means', () => {
  it.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [429, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
    [400, 'unacceptable'],
    [413, 'unacceptable'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [301, 'refused'],
    [500, 'refused'],
  ])('%i: %s', (status, kind) => {
    expect(judge(answer(status), 0).kind).toBe(kind);
  });

  it.each([
    [{ ok: true }, { kind: 'delivered', rejected: 0, message: '' }],
    [
      {
        ok: true,
        rejected: [
          { items: 2, message: 'of another scope' },
          { items: 3, message: 'of no scope' },
        ],
      },
      { kind: 'delivered', rejected: 5, message: 'of another scope' },
    ],
    [
      { ok: false, code: 'QUEUE_FULL', retryable: true, message: 'full', retryAfterMs: 70 },
      { kind: 'retry', afterMs: 70, subject: 'QUEUE_FULL' },
    ],
    [
      { ok: false, code: 'EMBEDDED_DOWN', retryable: true, message: 'gone' },
      { kind: 'retry', afterMs: 0 },
    ],
    [
      { ok: false, code: 'BODY_TOO_LARGE', retryable: false, message: 'large' },
      { kind: 'unacceptable', tooLarge: true },
    ],
    [
      { ok: false, code: 'MALFORMED', retryable: false, message: 'bad' },
      { kind: 'unacceptable', tooLarge: false },
    ],
    [
      { ok: false, code: 'NOT_FOUND', retryable: false, message: 'no pipeline' },
      { kind: 'refused', cause: 'no pipeline' },
    ],
  ] as const)('of a collector in this process: %j', (outcome, verdict) => {
    expect(judge({ outcome }, 0)).toMatchObject(verdict);
    expect(failureOf({ outcome })).toBe(outcome.ok ? '' : outcome.code);
  });

  it('is tried again when there was none', () => {
    expect(judge({ error: 'ECONNREFUSED' }, 0)).toMatchObject({ kind: 'retry', afterMs: 0, cause: 'ECONNREFUSED' });
  });

  it('counts what a partial success rejects', () => {
    const body = Uint8Array.from([10, 6, 8, 3, 18, 2, 110, 111]);
    expect(judge(answer(200, body), 0)).toEqual({ kind: 'delivered', rejected: 3, message: 'no' });
  });

  it('reads Retry-After as seconds and as a date, up to a minute', () => {
    expect(retryAfterMs('3', 0)).toBe(3000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 4000)).toBe(6000);
    expect(retryAfterMs('100000', 0)).toBe(SENDING_LIMITS.longestBackoffMs);
    expect([undefined, '', 'soon', '-5', 'Thu, 01 Jan 1970 00:00:10 GMT'].map((each) => retryAfterMs(each, 20_000))).toEqual([
      0, 0, 0, 0, 0,
    ]);
  });
});

describe('the time until the next attempt', () => {
  it('is full jitter under a ceiling that doubles, then half a minute to a minute, and never less than was asked for', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), random, fc.integer({ min: 0, max: 60_000 }), (failures, chance, asked) => {
        const wait = waitMs(failures, chance, asked);
        const ceiling = failures >= SENDING_LIMITS.failuresToOpen ? 60_000 : 1000 * 2 ** (failures - 1);
        expect(wait).toBeGreaterThanOrEqual(asked);
        expect(wait).toBeLessThanOrEqual(Math.max(ceiling, asked));
        if (failures >= SENDING_LIMITS.failuresToOpen) expect(wait).toBeGreaterThanOrEqual(30_000);
      }),
      { endOnFailure: true },
    );
    expect([waitMs(1, 0), waitMs(3, 0.5)]).toEqual([0, 2000]);
  });
});
