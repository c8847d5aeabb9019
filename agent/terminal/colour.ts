import type { ColourDepth } from './surface.ts';

export interface Style {
  /** `#rrggbb`; what is no colour is ignored. */
  readonly colour?: string | undefined;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

const ESCAPE = '\u001b[';

/** The text in a style, as well as the terminal can; without colours the text as it is. */
export function paint(text: string, { colour, bold, dim }: Style, depth: ColourDepth): string {
  if (depth === 'none' || text === '') return text;
  const rgb = colour === undefined ? undefined : rgbOf(colour);
  const codes = [
    ...(bold === true ? ['1'] : []),
    ...(dim === true ? ['2'] : []),
    ...(rgb === undefined ? [] : [foreground(rgb, depth)]),
  ];
  return codes.length === 0 ? text : `${ESCAPE}${codes.join(';')}m${text}${ESCAPE}0m`;
}

type Rgb = readonly [red: number, green: number, blue: number];

function rgbOf(colour: string): Rgb | undefined {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return undefined;
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 0xff, value & 0xff];
}

function foreground(rgb: Rgb, depth: Exclude<ColourDepth, 'none'>): string {
  if (depth === 'all') return `38;2;${rgb.join(';')}`;
  if (depth === '256') return `38;5;${16 + nearest(CUBE, rgb)}`;
  const index = nearest(NAMED, rgb);
  return String(index < 8 ? 30 + index : 90 + index - 8);
}

/** Indices 16 to 255: a cube of six levels a side, then 24 greys. */
const LEVELS = [0, 95, 135, 175, 215, 255];
const CUBE: readonly Rgb[] = [
  ...LEVELS.flatMap((red) => LEVELS.flatMap((green) => LEVELS.map((blue): Rgb => [red, green, blue]))),
  ...Array.from({ length: 24 }, (_, step): Rgb => [8 + 10 * step, 8 + 10 * step, 8 + 10 * step]),
];
/** The 16 named colours as xterm shows them. */
const NAMED: readonly Rgb[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

function nearest(palette: readonly Rgb[], [red, green, blue]: Rgb): number {
  const distances = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
  return distances.indexOf(Math.min(...distances));
}
