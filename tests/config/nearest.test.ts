import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../config/nearest.ts';

describe('the nearest name', () => {
  it.each([
    ['otpl', 'otlp'],
    ['recievers', 'receivers'],
    ['memorylimiter', 'memory_limiter'],
    ['Batch', 'batch'],
    ['enpoint', 'endpoint'],
  ])('%s means %s', (written, meant) => {
    expect(nearest(written, ['otlp', 'receivers', 'memory_limiter', 'batch', 'endpoint', 'exporters'])).toBe(meant);
  });

  it.each(['kafka', 'x', 'completely_different'])('%s is near nothing', (written) => {
    expect(nearest(written, ['otlp', 'batch', 'sanitize'])).toBeUndefined();
  });
});

describe('edit distance', () => {
  it('is 0 for equal texts, symmetric, and at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (left, right) => {
        const distance = editDistance(left, right, 100);
        expect(editDistance(left, left, 100)).toBe(0);
        expect(editDistance(right, left, 100)).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
      }),
    );
  });

  it('counts a swap of neighbours once', () => {
    expect(editDistance('otpl', 'otlp', 3)).toBe(1);
  });
});
