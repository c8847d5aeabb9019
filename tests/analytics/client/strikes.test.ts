import { describe, expect, it } from 'vitest';
import { Strikes } from '../../../analytics/client/strikes.ts';
import { WindowLosses } from '../../../analytics/client/window-losses.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

describe('strikes', () => {
  it('keep a scope waiting, longer each time, and no other', () => {
    const strikes = new Strikes();
    let nowMs = 1000;
    for (const lengthMs of [LIMITS.sqlStrikeMs, 2 * LIMITS.sqlStrikeMs, 4 * LIMITS.sqlStrikeMs]) {
      strikes.strike('a', nowMs);
      expect(strikes.refusal('a', nowMs)).toMatchObject({ code: 'ANALYTICS_BUSY', retryAfterMs: lengthMs });
      expect(strikes.refusal('b', nowMs)).toBeUndefined();
      nowMs += lengthMs;
      expect(strikes.refusal('a', nowMs)).toBeUndefined();
    }
    for (let n = 0; n < 20; n++) strikes.strike('a', nowMs);
    expect(strikes.refusal('a', nowMs)?.retryAfterMs).toBe(LIMITS.sqlStrikeMaxMs);
  });

  it('are forgotten after a long time', () => {
    const strikes = new Strikes();
    strikes.strike('a', 0);
    strikes.strike('a', 10 * LIMITS.sqlStrikeMaxMs);
    expect(strikes.refusal('a', 10 * LIMITS.sqlStrikeMaxMs)?.retryAfterMs).toBe(LIMITS.sqlStrikeMs);
  });
});

describe('what the windows hold', () => {
  it('is what was said last, and what a death takes is added to what was lost', () => {
    const losses = new WindowLosses();
    losses.holds([{ scope: 'a', rows: 1, bytes: 10 }]);
    losses.hold({ scope: 'a', rows: 5, bytes: 50 });
    losses.hold({ scope: 'b', rows: 2, bytes: 20 });
    expect(losses.lose()).toEqual({ rows: 7, scopes: 2 });
    losses.hold({ scope: 'a', rows: 3, bytes: 30 });
    losses.loseOf('a', 3);
    expect(losses.scopes()).toEqual([
      { scope: 'a', rows: 0, bytes: 0, rowsLost: 8 },
      { scope: 'b', rows: 0, bytes: 0, rowsLost: 2 },
    ]);
    expect(losses.lose()).toEqual({ rows: 0, scopes: 0 });
  });
});
