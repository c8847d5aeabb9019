import { expect, it } from 'vitest';
import { COLUMNS, isIcon, isMissing } from '../../../pipeline/scope/columns.ts';
import { SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';

it('the columns are the keys of every row, each once', () => {
  expect(COLUMNS).toHaveLength(12);
  for (const row of SCOPE_MATRIX) expect(Object.keys(row).toSorted()).toEqual(COLUMNS.map(({ key }) => key).toSorted());
});

it('every cell of the matrix fits its column', () => {
  for (const row of SCOPE_MATRIX)
    for (const column of COLUMNS) {
      expect(isMissing(column, row[column.key])).toBe(false);
      expect(column.fits(row[column.key])).toBe(true);
    }
});

it.each([
  ['◆', true],
  ['🏢', true],
  ['👩‍💻', true],
  ['🇩🇪', true],
  ['e\u0301', true],
  ['', false],
  ['ab', false],
  [' ', false],
  ['\u001b', false],
  ['\u0301', false],
  ['\u202e', false],
  [7, false],
])('icon %j: %s', (value, good) => {
  expect(isIcon(value)).toBe(good);
});
