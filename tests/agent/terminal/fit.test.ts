import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pad, printable, truncate, wrap } from '../../../agent/terminal/fit.ts';
import { displayWidth, graphemes } from '../../../agent/terminal/width.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const width = fc.integer({ min: 1, max: 30 });

describe('a text to print', () => {
  it('cannot steer the terminal', () => {
    expect(printable('a\u001b[2Jb\r\n\u009bc\u202ed')).toBe('a�[2Jb���c�d');
    expect(printable('ä\t◆', false)).toBe('???');
    expect(printable('👩‍💻 ❤️')).toBe('👩‍💻 ❤️');
  });

  it('is filled up by the columns it takes', () => {
    expect(pad('漢', 4)).toBe('漢  ');
    expect(pad('7', 3, 'right')).toBe('  7');
    expect(pad('long', 2)).toBe('long');
  });

  it('is cut with a mark that counts', () => {
    expect(truncate('abcdef', 4)).toBe('abc…');
    expect(truncate('漢字かな', 5)).toBe('漢字…');
    expect(truncate('漢字かな', 4)).toBe('漢…');
    expect(truncate('abcdef', 4, false)).toBe('abc~');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abc', 0)).toBe('');
  });

  it('never takes more columns than it may', () => {
    fc.assert(
      fc.property(text, width, (each, columns) => {
        expect(displayWidth(truncate(each, columns))).toBeLessThanOrEqual(columns);
      }),
      { endOnFailure: true },
    );
  });
});

describe('wrapping', () => {
  it.each([
    ['AUDIT_LOGGING, RATE_LIMITING, DEBUG', 16, ['AUDIT_LOGGING,', 'RATE_LIMITING,', 'DEBUG']],
    ['windows-credential-manager', 12, ['windows-', 'credential-', 'manager']],
    ['R2_STORAGE, PERF_TRACKING', 18, ['R2_STORAGE,', 'PERF_TRACKING']],
    ['abcdefgh', 3, ['abc', 'def', 'gh']],
    ['漢字かな', 3, ['漢', '字', 'か', 'な']],
    ['漢', 1, ['漢']],
    ['', 5, ['']],
    ['fits', 5, ['fits']],
  ])('%j at %i', (each, columns, lines) => {
    expect(wrap(each, columns)).toEqual(lines);
  });

  it('loses nothing but spaces at the ends of lines, and keeps within its columns', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.lorem()), fc.integer({ min: 2, max: 30 }), (each, columns) => {
        const lines = wrap(each, columns);
        expect(lines.join('').replace(/\s/g, '')).toBe(each.replace(/\s/g, ''));
        for (const line of lines)
          if (graphemes(line).length > 1) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(columns, 2));
      }),
      { endOnFailure: true },
    );
  });
});
