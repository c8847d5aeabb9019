import { expect, it } from 'vitest';
import { code, markdownTable } from '../../config/markdown.ts';

it('a cell can hold a bar and a line break', () => {
  expect(markdownTable(['a', 'b'], [['x|y', 'one\ntwo']])).toBe('| a | b |\n|---|---|\n| x\\|y | one two |');
});

it('nothing is not code', () => {
  expect([code(''), code('x')]).toEqual(['', '`x`']);
});
