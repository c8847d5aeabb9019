import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairShare } from '../../analytics/fair-share.ts';

describe('a fair share', () => {
  it('takes from who uses the most, and from nobody who uses less than it', () => {
    expect(fairShare([10, 20, 300], 100)).toBe(70);
    expect(fairShare([10, 200, 300], 100)).toBe(45);
    expect(fairShare([10, 20], 100)).toBe(Number.POSITIVE_INFINITY);
    expect(fairShare([], 100)).toBe(Number.POSITIVE_INFINITY);
  });

  it('lets all together fit, and leaves nothing unused while somebody is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 20 }), fc.integer({ min: 1, max: 5000 }), (usages, total) => {
        const share = fairShare(usages, total);
        const kept = usages.reduce((sum, usage) => sum + Math.min(usage, share), 0);
        expect(kept).toBeLessThanOrEqual(total + 1e-6);
        if (share !== Number.POSITIVE_INFINITY) expect(kept).toBeCloseTo(total);
      }),
      { endOnFailure: true },
    );
  });
});
