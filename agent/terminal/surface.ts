/** What a stream can show, from its nature and the environment: asked once, handed to whatever draws. */
export interface Surface {
  /** A person looks at it; otherwise a program reads it, and gets tab-separated values. */
  readonly isTerminal: boolean;
  /** Width in columns. */
  readonly columns: number;
  readonly colours: ColourDepth;
  /** Box drawing, icons and other text outside ASCII. */
  readonly unicode: boolean;
}
/** How many colours: none, the 16 named ones, the cube of 256, or all. */
export type ColourDepth = 'none' | '16' | '256' | 'all';

type Environment = Readonly<Record<string, string | undefined>>;
interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

const COLUMNS_DEFAULT = 80;

export function surfaceOf(stream: Stream, environment: Environment, platform: string = process.platform): Surface {
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    columns: stream.columns !== undefined && stream.columns > 0 ? stream.columns : COLUMNS_DEFAULT,
    colours: coloursOf(isTerminal, environment, platform),
    unicode: hasUnicode(environment),
  };
}

/** FORCE_COLOR as Node reads it, then NO_COLOR (no-color.org), then what the terminal says of itself. */
function coloursOf(isTerminal: boolean, environment: Environment, platform: string): ColourDepth {
  const { FORCE_COLOR: forced, NO_COLOR: no, TERM: term = '', COLORTERM: colorterm = '' } = environment;
  if (forced !== undefined) {
    if (forced === '0' || forced === 'false') return 'none';
    return forced === '3' ? 'all' : forced === '2' ? '256' : '16';
  }
  if ((no !== undefined && no !== '') || !isTerminal || term === 'dumb') return 'none';
  if (/^(truecolor|24bit)$/i.test(colorterm) || environment['WT_SESSION'] !== undefined || /-(direct|truecolor)$/.test(term)) {
    return 'all';
  }
  if (/256/.test(term)) return '256';
  return term !== '' || platform === 'win32' ? '16' : 'none';
}

/** A dumb terminal, and a locale that says it is not UTF-8, get ASCII. A machine that says nothing (a container) is UTF-8 today. */
function hasUnicode({ TERM, LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  if (TERM === 'dumb') return false;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((each) => each !== undefined && each !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}
