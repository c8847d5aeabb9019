import { displayWidth, graphemes, graphemeWidth } from './width.ts';

/** Making a text fit: its characters safe to print, its lines so many columns wide. */

/** Controls, line separators and what turns the direction of reading: a text must not steer the terminal it is shown on. */
const STEERING = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** The text with `�` for each character that would do something other than be seen. Without `unicode`, `?` outside ASCII too. */
export function printable(text: string, unicode = true): string {
  // eslint-disable-next-line no-control-regex -- everything outside ASCII is what it is about
  return unicode ? text.replace(STEERING, '\ufffd') : text.replace(STEERING, '?').replace(/[^\u0020-\u007e]/gu, '?');
}

/** At most `width` columns; what is cut off leaves `…` (`~` without unicode). */
export function truncate(text: string, width: number, unicode = true): string {
  if (displayWidth(text) <= width) return text;
  const mark = unicode ? '…' : '~';
  let kept = '';
  let used = 1;
  for (const grapheme of graphemes(text)) {
    used += graphemeWidth(grapheme);
    if (used > width) break;
    kept += grapheme;
  }
  return width < 1 ? '' : kept + mark;
}

/** Filled up with spaces to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/**
 * Lines of at most `width` columns, broken at spaces; a word that fits no line is broken after a hyphen, slash, underscore or
 * dot where it has one, else anywhere between two characters. A character that is wider than `width` gets a line of its own.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const add = (piece: string, columns: number): void => {
    if (used > 0 && used + columns > width) {
      lines.push(line.trimEnd());
      line = '';
      used = 0;
    }
    line += piece;
    used += displayWidth(piece);
  };
  for (const word of text.split(/(?<= )(?! )/)) {
    const pieces = fits(word, width) ? [word] : word.split(/(?<=[-/_.])/);
    for (const piece of pieces) {
      if (fits(piece, width)) add(piece, displayWidth(piece.trimEnd()));
      else for (const grapheme of graphemes(piece)) add(grapheme, displayWidth(grapheme.trimEnd()));
    }
  }
  return [...lines, line.trimEnd()];
}

const fits = (text: string, width: number): boolean => displayWidth(text.trimEnd()) <= width;
