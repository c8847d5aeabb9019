import { LIMITS } from '../limits.ts';
import { ANY, ANY_BUT_NEWLINE, foldCase, inverse, normal, PERL, POSIX, unicodeClass, type Ranges } from './classes.ts';

/** What stands between two characters. */
export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'wordBoundary' | 'noWordBoundary';

export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'class'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly parts: readonly Node[] }
  /** `max` -1 = without bound. */
  | { readonly kind: 'repeat'; readonly of: Node; readonly min: number; readonly max: number; readonly greedy: boolean }
  | { readonly kind: 'group'; readonly of: Node; readonly index: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion };

/** A pattern that RE2, and so the Go collector, does not take either. `at` counts UTF-16 units from 0. */
export class RegexpError extends Error {
  override readonly name = 'RegexpError';
  readonly at: number;

  constructor(message: string, at: number) {
    super(`${message} at character ${at + 1}`);
    this.at = at;
  }
}

export interface Parsed {
  readonly node: Node;
  /** Of the groups that capture, by index - 1; '' for one without a name. */
  readonly names: readonly string[];
}

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
  readonly ungreedy: boolean;
}

const EMPTY: Node = { kind: 'empty' };
const ESCAPED: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const FLAG_NAMES: Readonly<Record<string, keyof Flags>> = { i: 'ignoreCase', m: 'multiLine', s: 'dotAll', U: 'ungreedy' };
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;
const GROUPS_DEEP = 200;

/** Reads a pattern in RE2 syntax (github.com/google/re2/wiki/Syntax, what Go's `regexp` takes of it). Throws RegexpError. */
export function parseRegexp(source: string): Parsed {
  return new Parser(source).whole();
}

class Parser {
  readonly #source: string;
  readonly #names: string[] = [];
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false, ungreedy: false };

  constructor(source: string) {
    this.#source = source;
  }

  whole(): Parsed {
    const node = this.#choice();
    if (this.#at < this.#source.length) this.#fail('unexpected )');
    return { node, names: this.#names };
  }

  #fail(message: string, at = this.#at): never {
    throw new RegexpError(message, at);
  }

  #peek(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** The next code point, taken. */
  #point(): number {
    const point = this.#source.codePointAt(this.#at);
    if (point === undefined) return this.#fail('the pattern ends too early');
    this.#at += point > 0xffff ? 2 : 1;
    return point;
  }

  #choice(): Node {
    const outer = this.#flags;
    this.#depth += 1;
    if (this.#depth > GROUPS_DEEP) this.#fail('groups nest too deep');
    const parts: Node[] = [];
    do parts.push(this.#sequence());
    while (this.#take('|'));
    this.#depth -= 1;
    this.#flags = outer;
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#source.length && !this.#peek('|') && !this.#peek(')')) {
      if (this.#take(String.raw`\Q`)) {
        const quoted = this.#quoted();
        const last = quoted.pop();
        parts.push(...quoted);
        if (last !== undefined) parts.push(this.#repeated(last));
      } else {
        const atom = this.#atom();
        if (atom !== undefined) parts.push(this.#repeated(atom));
      }
    }
    return parts.length === 0 ? EMPTY : parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  #quoted(): Node[] {
    const end = this.#source.indexOf(String.raw`\E`, this.#at);
    const text = this.#source.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 2;
    return [...text].map((character) => this.#class([character.codePointAt(0)!, character.codePointAt(0)!]));
  }

  #class(ranges: Ranges): Node {
    return { kind: 'class', ranges: this.#flags.ignoreCase ? foldCase(ranges) : ranges };
  }

  /** Undefined for what only sets flags. */
  #atom(): Node | undefined {
    const start = this.#at;
    const { multiLine, dotAll } = this.#flags;
    const point = this.#point();
    switch (String.fromCodePoint(point)) {
      case '.':
        return { kind: 'class', ranges: dotAll ? ANY : ANY_BUT_NEWLINE };
      case '^':
        return { kind: 'assertion', assertion: multiLine ? 'lineStart' : 'textStart' };
      case '$':
        return { kind: 'assertion', assertion: multiLine ? 'lineEnd' : 'textEnd' };
      case '[':
        return this.#class(this.#bracket(start));
      case '(':
        return this.#group(start);
      case '*':
      case '+':
      case '?':
        return this.#fail('nothing to repeat', start);
      case '\\':
        return this.#escape(start);
      default:
        return this.#class([point, point]);
    }
  }

  #group(start: number): Node | undefined {
    if (!this.#take('?')) return this.#capture('', start);
    const named = /^P?<([^>]*)>/.exec(this.#source.slice(this.#at));
    if (named !== null) {
      this.#at += named[0].length;
      const name = named[1]!;
      if (!/^\w+$/.test(name)) this.#fail(`"${name}" is no group name`, start);
      if (this.#names.includes(name)) this.#fail(`two groups are named "${name}"`, start);
      return this.#capture(name, start);
    }
    let on = true;
    let flags: Flags = this.#flags;
    for (;;) {
      const character = this.#source[this.#at];
      const flag = FLAG_NAMES[character ?? ''];
      if (character === ':' || character === ')') break;
      if (character === '-' && on) on = false;
      else if (flag !== undefined) flags = { ...flags, [flag]: on };
      else this.#fail('this kind of group is not part of RE2 syntax (no look-around, no atomic groups)', start);
      this.#at += 1;
    }
    if (this.#take(')')) {
      this.#flags = flags;
      return undefined;
    }
    this.#at += 1;
    const outer = this.#flags;
    this.#flags = flags;
    const inner = this.#choice();
    this.#flags = outer;
    this.#close(start);
    return inner;
  }

  #capture(name: string, start: number): Node {
    const index = this.#names.push(name);
    const of = this.#choice();
    this.#close(start);
    return { kind: 'group', of, index };
  }

  #close(start: number): void {
    if (!this.#take(')')) this.#fail('a group is not closed', start);
  }

  #repeated(of: Node): Node {
    let node = of;
    for (let times = 0; ; times++) {
      const start = this.#at;
      const bounds = this.#bounds();
      if (bounds === undefined) return node;
      if (times > 0) this.#fail('two repetitions in a row', start);
      const lazy = this.#take('?');
      node = { kind: 'repeat', of: node, ...bounds, greedy: lazy === this.#flags.ungreedy };
    }
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: -1 };
    if (this.#take('+')) return { min: 1, max: -1 };
    if (this.#take('?')) return { min: 0, max: 1 };
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at, this.#at + 32));
    if (counted === null) return undefined;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? -1 : Number(counted[3]);
    if (min > LIMITS.regexpRepeats || max > LIMITS.regexpRepeats) this.#fail(`repeats more than ${LIMITS.regexpRepeats} times`);
    if (max >= 0 && max < min) this.#fail('repeats from more to less');
    this.#at += counted[0].length;
    return { min, max };
  }

  #escape(start: number): Node {
    const letter = this.#source[this.#at] ?? '';
    const assertion = ({ A: 'textStart', z: 'textEnd', b: 'wordBoundary', B: 'noWordBoundary' } as const)[letter];
    if (assertion !== undefined) {
      this.#at += 1;
      return { kind: 'assertion', assertion };
    }
    const ranges = this.#classEscape(start);
    if (ranges !== undefined) return this.#class(ranges);
    const point = this.#pointEscape(start);
    return this.#class([point, point]);
  }

  /** `\d`, `\W`, `\pL`, `\P{Greek}` behind the backslash; undefined for anything else. */
  #classEscape(start: number): Ranges | undefined {
    const letter = this.#source[this.#at] ?? '';
    const perl = PERL[letter.toLowerCase()];
    if (perl !== undefined) {
      this.#at += 1;
      return letter === letter.toLowerCase() ? perl : inverse(perl);
    }
    const unicode = /^([pP])(?:\{(\^?)([^}]*)\}|(.))/u.exec(this.#source.slice(this.#at));
    if (unicode === null) return undefined;
    const ranges = unicodeClass(unicode[3] ?? unicode[4]!);
    if (ranges === undefined) this.#fail(`there is no Unicode class "${unicode[3] ?? unicode[4]}"`, start);
    this.#at += unicode[0].length;
    return (unicode[1] === 'P') !== (unicode[2] === '^') ? inverse(ranges) : ranges;
  }

  /** A single character behind the backslash. */
  #pointEscape(start: number): number {
    const rest = this.#source.slice(this.#at, this.#at + 16);
    const hex = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest);
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (hex !== null || octal !== null) {
      this.#at += (hex ?? octal)![0].length;
      const point = hex === null ? Number.parseInt(octal![0], 8) : Number.parseInt(hex[1] ?? hex[2]!, 16);
      if (point > 0x10ffff) this.#fail('no such character', start);
      return point;
    }
    const letter = rest[0] ?? '';
    const escaped = ESCAPED[letter];
    if (escaped === undefined && !PUNCTUATION.test(letter)) {
      const why = /[1-9]/.test(letter) ? 'back-references are not part of RE2 syntax' : `\\${letter} has no meaning`;
      this.#fail(letter === '' ? 'a backslash ends the pattern' : why, start);
    }
    this.#at += 1;
    return escaped ?? letter.charCodeAt(0);
  }

  #bracket(start: number): Ranges {
    const negated = this.#take('^');
    const pairs: number[] = [];
    for (let first = true; first || !this.#peek(']'); first = false) {
      if (this.#at >= this.#source.length) this.#fail('a [ is not closed', start);
      const ranges = this.#posix() ?? this.#classInBracket();
      if (ranges !== undefined) {
        pairs.push(...ranges);
        continue;
      }
      const from = this.#pointInBracket();
      let to = from;
      if (this.#peek('-') && this.#source[this.#at + 1] !== ']') {
        const dash = this.#at;
        this.#at += 1;
        to = this.#pointInBracket();
        if (to < from) this.#fail('a range runs from high to low', dash);
      }
      pairs.push(from, to);
    }
    this.#at += 1;
    const ranges = normal(pairs);
    if (!negated) return ranges;
    return inverse(this.#flags.ignoreCase ? foldCase(ranges) : ranges);
  }

  #posix(): Ranges | undefined {
    const found = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (found === null) return undefined;
    const ranges = POSIX[found[2]!];
    if (ranges === undefined) return this.#fail(`there is no class [:${found[2]}:]`);
    this.#at += found[0].length;
    return found[1] === '^' ? inverse(ranges) : ranges;
  }

  #classInBracket(): Ranges | undefined {
    if (!this.#peek('\\')) return undefined;
    const start = this.#at;
    this.#at += 1;
    const ranges = this.#classEscape(start);
    if (ranges === undefined) this.#at = start;
    return ranges;
  }

  #pointInBracket(): number {
    const start = this.#at;
    const point = this.#point();
    return point === 0x5c ? this.#pointEscape(start) : point;
  }
}
