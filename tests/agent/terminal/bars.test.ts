import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bar, sparkline } from '../../../agent/terminal/bars.ts';
import { displayWidth } from '../../../agent/terminal/width.ts';

it('a bar fills its columns by eighths', () => {
  expect([0, 0.5, 0.53, 1].map((share) => bar(share, 4))).toEqual(['    ', '██  ', '██▏ ', '████']);
  expect([-1, NaN, 7].map((share) => bar(share, 2))).toEqual(['  ', '  ', '██']);
  expect(bar(0.5, 4, false)).toBe('##  ');
});

it('a bar always takes its width', () => {
  fc.assert(
    fc.property(fc.double(), fc.integer({ min: 0, max: 40 }), fc.boolean(), (share, width, unicode) => {
      expect(displayWidth(bar(share, width, unicode))).toBe(width);
    }),
    { endOnFailure: true },
  );
});

it('a sparkline goes from nothing to the greatest', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
  expect(sparkline([0, 7], false)).toBe('_@');
  expect(sparkline([-7, 0])).toBe('▁█');
});

it('a sparkline of nothing, of zeroes and of gaps', () => {
  expect(sparkline([])).toBe('');
  expect(sparkline([0, 0])).toBe('▁▁');
  expect(sparkline([1, NaN, Infinity, 1])).toBe('█  █');
});
