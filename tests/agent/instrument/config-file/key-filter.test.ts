import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyFilter } from '../../../../agent/instrument/config-file/key-filter.ts';
import { CONFIG_FILE_LIMITS } from '../../../../agent/instrument/config-file/limits.ts';

/** A character at a time. */
function isLike(pattern: string, key: string): boolean {
  if (pattern === '') return key === '';
  const [first = ''] = pattern;
  const rest = pattern.slice(first.length);
  if (first === '*') return isLike(rest, key) || (key !== '' && isLike(pattern, key.slice(1)));
  return key !== '' && (first === '?' || first === key[0]) && isLike(rest, key.slice(1));
}

describe('a filter of keys', () => {
  it('keeps what is included and not excluded, as a character at a time says', () => {
    const patterns = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', '(', '\\'), maxLength: 6 }), {
      maxLength: 3,
    });
    const keys = fc.string({ unit: fc.constantFrom('a', 'b', '.', '(', '\\', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(patterns, patterns, fc.array(keys), (included, excluded, asked) => {
        const filter = new KeyFilter(included, excluded);
        const stays = (key: string): boolean =>
          (included.length === 0 || included.some((pattern) => isLike(pattern, key))) &&
          !excluded.some((pattern) => isLike(pattern, key));
        for (const key of [...asked, ...asked]) expect([key, filter.has(key)]).toEqual([key, stays(key)]);
      }),
      { endOnFailure: true },
    );
  });

  it('goes on when it has more keys than it remembers', () => {
    const filter = new KeyFilter(['key.*'], ['key.?']);
    for (let at = 0; at < CONFIG_FILE_LIMITS.filteredKeys + 50; at++)
      expect([filter.has(`key.${at}`), filter.has(`other.${at}`)]).toEqual([at > 9, false]);
  });
});
