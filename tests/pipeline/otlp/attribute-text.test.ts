import { describe, expect, it } from 'vitest';
import { cleanKey, cleanText, cut, fits, keyMatcher } from '../../../pipeline/otlp/attribute-text.ts';

describe('the rules for attribute text', () => {
  it('a key keeps letters, digits, _ . -; each other character becomes one _', () => {
    expect(cleanKey('a b/c.d-e_f')).toBe('a_b_c.d-e_f');
    expect(cleanKey('𝄞ä')).toBe('__');
  });

  it('a text loses control characters and what is too long, and may keep its lines', () => {
    expect(cleanText('a\n\t\u0000b', 9, false)).toBe('a   b');
    expect(cleanText('a\n\t\r\u0000b', 9, true)).toBe('a\n\t\r b');
    expect(cleanText('abcdef', 3, false)).toBe('abc');
  });

  it('lengths count characters, not UTF-16 units', () => {
    expect(cut('𝄞𝄞𝄞', 2)).toBe('𝄞𝄞');
    expect(fits('𝄞𝄞', 2)).toBe(true);
    expect(fits('𝄞𝄞𝄞', 2)).toBe(false);
    expect(fits('abcde', 2)).toBe(false);
  });

  it('a pattern that ends in * matches any ending, others the whole key', () => {
    const matches = keyMatcher(['url.*', 'id']);
    expect(['url.full', 'url.', 'id', 'ids', 'url'].map(matches)).toEqual([true, true, true, false, false]);
  });
});
