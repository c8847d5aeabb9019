import { expect, it } from 'vitest';
import { table } from '../../../agent/collector/tables.ts';

it('columns are as wide as their widest cell, lines have no trailing spaces', () => {
  expect(
    table(
      ['A', 'LONG'],
      [
        ['wider', 'x'],
        ['y', ''],
      ],
    ),
  ).toBe('A      LONG\nwider  x\ny');
});
