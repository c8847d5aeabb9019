/**
 * How many columns a text takes on a terminal. Characters as people count them (grapheme clusters) by Intl.Segmenter; which are
 * two columns wide by Unicode 17's East Asian Width (W and F) and emoji rules, UAX #11 and UTS #51.
 */

/** Made when it is used first: it is 2 MB, and the agent brings this file into every process. */
let segmenter: Intl.Segmenter | undefined;

/** Wide and fullwidth code points that are no emoji, as [first, last], with what is unassigned between them. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

/** Marks, format characters and controls take no column; of a Korean syllable written in letters only the first does. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
/** Shown as pictures: emoji, a flag of two letters, anything that asks for it by U+FE0F. */
const PICTURE = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u;
const SOFT_HYPHEN = 0xad;

/** Columns of one code point that stands alone. */
function widthOf(codePoint: number): number {
  if (codePoint === SOFT_HYPHEN) return 1;
  if (codePoint < 0x300) return codePoint < 0x20 || (codePoint >= 0x7f && codePoint < 0xa0) ? 0 : 1;
  if (NO_WIDTH.test(String.fromCodePoint(codePoint))) return 0;
  let low = 0;
  let high = WIDE.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = WIDE[middle]!;
    if (codePoint < first) high = middle - 1;
    else if (codePoint > last) low = middle + 1;
    else return 2;
  }
  return 1;
}

/** The characters of a text as people count them. */
export function graphemes(text: string): string[] {
  return Array.from(
    (segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })).segment(text),
    ({ segment }) => segment,
  );
}

/** Columns of one grapheme cluster. A picture is two wide however many code points it is made of. */
export function graphemeWidth(grapheme: string): number {
  if (PICTURE.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) width += widthOf(character.codePointAt(0)!);
  return width;
}

/** Columns of a text. Controls count nothing: what is printed has none (`printable`). */
export function displayWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemes(text)) width += graphemeWidth(grapheme);
  return width;
}
