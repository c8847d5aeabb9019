import { describe, expect, it } from 'vitest';
import { surfaceOf } from '../../../agent/terminal/surface.ts';

const tty = { isTTY: true, columns: 120 };

describe('colours', () => {
  it.each([
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'all'],
    [{ TERM: 'xterm-direct' }, 'all'],
    [{ WT_SESSION: 'x' }, 'all'],
    [{ TERM: 'xterm-256color' }, '256'],
    [{ TERM: 'xterm' }, '16'],
    [{ TERM: 'dumb', COLORTERM: 'truecolor' }, 'none'],
    [{}, 'none'],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, 'none'],
    [{ TERM: 'xterm-256color', NO_COLOR: '' }, '256'],
    [{ TERM: 'xterm-256color', FORCE_COLOR: '0' }, 'none'],
    [{ TERM: 'dumb', FORCE_COLOR: '3' }, 'all'],
    [{ NO_COLOR: '1', FORCE_COLOR: '2' }, '256'],
  ])('a terminal with %j: %s', (environment, colours) => {
    expect(surfaceOf(tty, environment, 'linux').colours).toBe(colours);
  });

  it('what is no terminal has none unless forced; Windows needs no TERM', () => {
    expect(surfaceOf({}, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'linux').colours).toBe('none');
    expect(surfaceOf({}, { FORCE_COLOR: '1' }, 'linux').colours).toBe('16');
    expect(surfaceOf(tty, {}, 'win32').colours).toBe('16');
  });
});

describe('characters and width', () => {
  it.each([
    [{}, true],
    [{ LANG: 'de_DE.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'C' }, false],
    [{ LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX' }, false],
    [{ LANG: 'C', LC_CTYPE: 'en_US.UTF-8' }, true],
    [{ LANG: 'en_US.UTF-8', TERM: 'dumb' }, false],
  ])('%j: unicode %s', (environment, unicode) => {
    expect(surfaceOf(tty, environment).unicode).toBe(unicode);
  });

  it('is as wide as the stream says, else 80', () => {
    expect(surfaceOf(tty, {}).columns).toBe(120);
    expect(surfaceOf({ isTTY: true, columns: 0 }, {}).columns).toBe(80);
    expect(surfaceOf({}, {})).toMatchObject({ columns: 80, isTerminal: false });
  });
});
