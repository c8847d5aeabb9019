import { expect, it } from 'vitest';
import { tsv } from '../../../agent/terminal/tsv.ts';

it('a line a row, a tab between fields, and none inside one', () => {
  expect(
    tsv(
      ['a', 'b'],
      [
        ['x\ty', 'one\ntwo'],
        ['back\\slash', '\u001b[31m'],
      ],
    ),
  ).toBe('a\tb\nx\\ty\tone\\ntwo\nback\\\\slash\t [31m');
});
