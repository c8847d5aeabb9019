import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foreignText } from '../../pipeline/foreign-text.ts';
import { LIMITS } from '../../pipeline/limits.ts';

test('what others say becomes one line of bounded length', () => {
  expect(foreignText(' a\r\n\u0000b\u2028c ')).toBe('a b c');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (words) => {
      const line = foreignText(words);
      expect(line.length).toBeLessThanOrEqual(LIMITS.messageChars);
      // eslint-disable-next-line no-control-regex
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }),
    { endOnFailure: true },
  );
});
