import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { MessageLimits } from '../../../server/stream/message-limits.ts';

describe('messages of clients', () => {
  it('never come to more than a minute’s worth at once and the rate over time, whatever the pattern', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(3000), { maxLength: 400 }), (perMinute, waits) => {
        const limits = new MessageLimits();
        let nowMs = 1_000_000;
        let taken = 0;
        for (const wait of waits) {
          nowMs += wait;
          const waitMs = limits.take('client', perMinute, nowMs);
          if (waitMs === 0) taken += 1;
          // Who waits as long as it was told may send.
          else expect(waitMs).toBeLessThanOrEqual(Math.ceil(60_000 / perMinute) + 1);
          expect(taken).toBeLessThanOrEqual(perMinute + ((nowMs - 1_000_000) * perMinute) / 60_000 + 1);
        }
      }),
      { endOnFailure: true },
    );
  });

  it('are counted for each client by itself, and of a bounded number of clients', () => {
    const limits = new MessageLimits();
    expect([limits.take('one', 1, 0), limits.take('two', 1, 0), limits.take('one', 1, 0)]).toEqual([0, 0, 60_000]);
    for (let at = 0; at < LIMITS.streamClients; at += 1) limits.take(`client ${at}`, 1, 1);
    expect(limits.take('one', 1, 2)).toBe(0);
  });

  it('a scope that may send none is told to wait', () => {
    expect(new MessageLimits().take('one', 0, 0)).toBeGreaterThan(0);
  });
});
