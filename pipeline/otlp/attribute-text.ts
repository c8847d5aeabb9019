/**
 * The rules for keys and values of attributes: the `sanitize` processor applies them to bytes, `sanitizeProperties` to what
 * an app hands us. The cleaning ones are idempotent. Lengths are in characters (Unicode code points).
 */

/** The rules' figures; for the processor they are the defaults of its options. */
export const CLEAN = { valueLength: 1024, nestedLength: 1024, nestedDepth: 8 } as const;
export const REJECT = {
  attributes: 100,
  keyLength: 256,
  valueLength: 10_000,
  /** Refuses every URL. No String.raw: a bundler keeps it, used or not. */
  valuePattern: '^[\\w\\s\\-.,!?@():;\'"[\\]{}]*$',
} as const;

/** Mode reject: what a key may be made of. */
export const KEY = /^[a-zA-Z0-9_.-]+$/;

const OUTSIDE_KEY = /[^\w.-]/gu;
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const CONTROL = /[\u0000-\u001f]/g;
// eslint-disable-next-line no-control-regex -- the same, but for tab, line feed and carriage return
const CONTROL_BUT_LINES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

/** Each character outside [A-Za-z0-9_.-] becomes `_`. */
export function cleanKey(key: string): string {
  return key.replace(OUTSIDE_KEY, '_');
}

/** Control characters become spaces, and the text is cut. `lines` keeps tab, line feed and carriage return. */
export function cleanText(text: string, charactersMax: number, lines: boolean): string {
  return cut(text.replace(lines ? CONTROL_BUT_LINES : CONTROL, ' '), charactersMax);
}

/** The same text in memory of its own: what an engine cut out of another one, here or before it came, holds on to all of that.
 *  For who keeps it. It has no lone surrogates. */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}

/** The first `charactersMax` code points. */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  let units = 0;
  for (let count = 0; count < charactersMax && units < text.length; count++)
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, units);
}

/** Is the text at most so many code points long? */
export function fits(text: string, charactersMax: number): boolean {
  return text.length <= charactersMax || (text.length <= 2 * charactersMax && cut(text, charactersMax).length === text.length);
}

/** Tells whether a key is one of `patterns`; a final `*` stands for any ending. */
export function keyMatcher(patterns: readonly string[]): (key: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (key) => exact.has(key) || prefixes.some((prefix) => key.startsWith(prefix));
}
