import { ConditionError } from './expression.ts';

export type TokenKind =
  | 'bytes'
  | 'float'
  | 'int'
  | 'string'
  | 'name'
  | 'enum'
  | 'function'
  | 'operator'
  | 'sign'
  | 'mark'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/** In the order in which they are tried. */
const RULES: readonly (readonly [TokenKind, RegExp])[] = [
  ['bytes', /0x[a-fA-F0-9]+/y],
  ['float', /(?:\d+\.\d*|\d*\.\d+)(?:[eE][-+]?\d+)?/y],
  ['int', /\d+/y],
  ['string', /"(?:\\.|[^\\"])*"/y],
  ['operator', /==|!=|>=|<=|>|</y],
  ['sign', /[+\-*/]/y],
  ['mark', /[()[\],.{}:=]/y],
  ['enum', /[A-Z][A-Z0-9_]*(?![A-Za-z0-9_])/y],
  ['function', /[A-Z][A-Za-z0-9_]*/y],
  ['name', /[a-z][a-z0-9_]*/y],
];

/** The words of a condition; throws ConditionError at what is none. */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ;) {
    while (/\s/.test(source[at] ?? '')) at += 1;
    if (at === source.length) {
      tokens.push({ kind: 'end', text: '', at });
      return tokens;
    }
    const token = tokenAt(source, at);
    tokens.push(token);
    at += token.text.length;
  }
}

function tokenAt(source: string, at: number): Token {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const text = rule.exec(source)?.[0];
    if (text !== undefined) return { kind, text, at };
  }
  throw new ConditionError(source[at] === '"' ? 'a text is not closed' : `unexpected ${JSON.stringify(source[at])}`, at);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};
const ESCAPE = /\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))/gsu;

/** What a text in quotes says, by the rules of Go's strconv.Unquote. */
export function unquoted({ text, at }: Token): string {
  const inner = text.slice(1, -1);
  if (inner.includes('\n')) throw new ConditionError(String.raw`a text runs over the end of a line (write \n)`, at);
  return inner.replaceAll(ESCAPE, (whole, letter?: string, byte?: string, short?: string, long?: string, octal?: string) => {
    if (letter !== undefined) return ESCAPES[letter]!;
    const digits = byte ?? short ?? long;
    if (digits === undefined && octal === undefined) throw new ConditionError(`${whole} has no meaning in a text`, at);
    const point = octal === undefined ? Number.parseInt(digits!, 16) : Number.parseInt(octal, 8);
    const isByte = byte !== undefined || octal !== undefined;
    if ((isByte && point > 0x7f) || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      throw new ConditionError(`${whole} is no character of its own`, at);
    return String.fromCodePoint(point);
  });
}
