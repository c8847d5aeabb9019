import { expect, it } from 'vitest';
import { paint } from '../../../agent/terminal/colour.ts';

it.each([
  ['all', '\u001b[38;2;124;58;237mx\u001b[0m'],
  ['256', '\u001b[38;5;99mx\u001b[0m'],
  ['16', '\u001b[94mx\u001b[0m'],
  ['none', 'x'],
] as const)('a colour with %s', (depth, painted) => {
  expect(paint('x', { colour: '#7c3aed' }, depth)).toBe(painted);
});

it('greys of the 256 come from its grey scale', () => {
  expect(paint('x', { colour: '#808080' }, '256')).toBe('\u001b[38;5;244mx\u001b[0m');
});

it('bold and dim go with a colour; nothing to say says nothing', () => {
  expect(paint('x', { bold: true, dim: true, colour: '#ff0000' }, '16')).toBe('\u001b[1;2;91mx\u001b[0m');
  expect(paint('x', {}, 'all')).toBe('x');
  expect(paint('', { bold: true }, 'all')).toBe('');
});

it('what is no colour is no escape either', () => {
  expect(paint('x', { colour: '0m\u001b[2J' }, 'all')).toBe('x');
});
