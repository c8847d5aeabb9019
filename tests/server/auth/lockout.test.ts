import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { Lockout, networkOf } from '../../../server/auth/lockout.ts';

function bench() {
  const time = { now: 1000 };
  const lockout = new Lockout(() => time.now);
  const fail = (address: string, times: number): boolean[] => Array.from({ length: times }, () => lockout.failed(address));
  return { lockout, time, fail };
}

describe('an address that fails too often', () => {
  it('is locked by the failure over the limit, and only it', () => {
    const { lockout, fail } = bench();
    expect(fail('10.0.0.1', LIMITS.authFailures)).not.toContain(true);
    expect(lockout.lockedMs('10.0.0.1')).toBe(0);
    expect(lockout.failed('10.0.0.1')).toBe(true);
    expect(lockout.lockedMs('10.0.0.1')).toBe(LIMITS.authLockoutMs);
    expect(lockout.lockedMs('10.0.0.2')).toBe(0);
  });

  it('is let in again after its time, longer each time, up to the most', () => {
    const { lockout, time, fail } = bench();
    let expected: number = LIMITS.authLockoutMs;
    for (let round = 0; round < 8; round += 1) {
      fail('10.0.0.1', LIMITS.authFailures + 1);
      expect(lockout.lockedMs('10.0.0.1')).toBe(expected);
      time.now += expected;
      expect(lockout.lockedMs('10.0.0.1')).toBe(0);
      expected = Math.min(LIMITS.authLockoutMaxMs, expected * 2);
    }
  });

  it('is forgiven when it was quiet for long', () => {
    const { lockout, time, fail } = bench();
    fail('10.0.0.1', LIMITS.authFailures + 1);
    time.now += LIMITS.authLockoutMs * 2 + LIMITS.authFailureWindowMs;
    fail('10.0.0.1', LIMITS.authFailures + 1);
    expect(lockout.lockedMs('10.0.0.1')).toBe(LIMITS.authLockoutMs);
  });

  it('that fails slowly is never locked', () => {
    const { lockout, time } = bench();
    for (let at = 0; at < 1000; at += 1) {
      lockout.failed('10.0.0.1');
      time.now += LIMITS.authFailureWindowMs / LIMITS.authFailures + 1;
    }
    expect(lockout.lockedMs('10.0.0.1')).toBe(0);
  });

  it('is forgotten when a flood of others comes: the table is bounded', () => {
    const { lockout } = bench();
    for (let at = 0; at < LIMITS.authAddresses * 2; at += 1) lockout.failed(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
    expect(lockout.size).toBe(LIMITS.authAddresses);
  });
});

describe('what counts as one address', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['0000:0000:0000:0000:0000:ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3::4', '2001:db8:1:2'],
    ['2001:0db8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
    ['nonsense', 'nonsense'],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
