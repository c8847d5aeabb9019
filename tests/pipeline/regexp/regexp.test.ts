import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dfa } from '../../../pipeline/regexp/dfa.kernel.ts';
import { compileProgram, utf8Runs } from '../../../pipeline/regexp/program.ts';
import { Regexp } from '../../../pipeline/regexp/regexp.ts';
import { parseRegexp } from '../../../pipeline/regexp/syntax.ts';

const alphabet = ['a', 'b', 'k', 'K', ' ', '\n', '.', '-', 'é', 'Ж', '𝄞', '0', '_'];
const subject = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 12 });

/** Patterns that mean the same to RE2 and to JavaScript with the flag u. */
const atom = fc.constantFrom(
  'a',
  'b',
  'k',
  'é',
  '𝄞',
  '.',
  String.raw`\.`,
  '[ab]',
  '[^a]',
  '[a-k.]',
  '[^Жa]',
  String.raw`\d`,
  String.raw`\W`,
  String.raw`[\w-]`,
);
const assertion = fc.constantFrom('^', '$', String.raw`\b`, String.raw`\B`);
const pattern = fc.letrec<{ choice: string; sequence: string; piece: string }>((tie) => ({
  choice: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
  sequence: fc.array(tie('piece'), { maxLength: 4 }).map((parts) => parts.join('')),
  piece: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    assertion,
    fc.tuple(atom, fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}')).map((parts) => parts.join('')),
    fc.tuple(tie('choice'), fc.constantFrom('', '*', '+', '?', '{1,2}')).map(([inner, times]) => `(?:${inner})${times}`),
  ),
})).choice;

describe('a regular expression', () => {
  test('matches what the engine of JavaScript matches, whatever the pattern and the subject', () => {
    fc.assert(
      fc.property(
        pattern,
        fc.array(subject, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', 'i', 'm', 's', 'is'),
        (source, texts, flags) => {
          const ours = new Regexp(flags === '' ? source : `(?${flags})${source}`);
          const theirs = new RegExp(source, `u${flags}`);
          // With the flags i and u together, \w and \W take in the long s and the Kelvin sign; RE2's do not.
          if (flags.includes('i') && /\\[wWbB]/.test(source)) return;
          // V8 finds a \B between the halves of a surrogate pair, where no character begins.
          const judged = source.includes(String.raw`\B`) ? texts.filter((text) => !text.includes('𝄞')) : texts;
          for (const text of judged) expect(ours.testText(text)).toBe(theirs.test(text));
        },
      ),
      { numRuns: 2000, endOnFailure: true },
    );
  });

  test('finds the match and the groups that a backtracking engine finds', () => {
    const piece = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '*?', '+?', '??', '{1,2}', '{0,2}?'))
      .map((parts) => parts.join(''));
    const group = fc.array(fc.array(piece, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(fc.tuple(group, fc.boolean()), { minLength: 1, maxLength: 3 }), subject, (groups, text) => {
        const source = groups
          .map(([ways, captures]) => `(${captures ? '' : '?:'}${ways.map((way) => way.join('')).join('|')})`)
          .join('');
        const bytes = Buffer.from(`<<${text}>>`);
        const ours = new Regexp(source).find(bytes, 2, bytes.length - 2);
        const theirs = new RegExp(source, 'ud').exec(text);
        expect(ours === undefined).toBe(theirs === null);
        if (ours === undefined || theirs === null) return;
        const read = [...theirs.keys()].map((i) =>
          ours[i * 2]! < 0 ? undefined : bytes.toString('utf8', ours[i * 2], ours[i * 2 + 1]),
        );
        expect(read).toEqual([...theirs]);
        expect(bytes.toString('utf8', 2, ours[0])).toBe(text.slice(0, theirs.index));
      }),
      { numRuns: 2000, endOnFailure: true },
    );
  });

  test('means the same when its states never fit in memory', () => {
    fc.assert(
      fc.property(pattern, fc.array(subject, { minLength: 1, maxLength: 4 }), (source, texts) => {
        const program = compileProgram(parseRegexp(source));
        const tight = new Dfa(program, 2);
        const wide = new Dfa(program, 1000);
        for (const text of texts) {
          const bytes = Buffer.from(text);
          expect(tight.test(bytes, 0, bytes.length)).toBe(wide.test(bytes, 0, bytes.length));
          expect(tight.states).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });

  test('looks at each byte of a subject once, with the patterns that hang other engines', () => {
    const bytes = Buffer.from('a'.repeat(1_000_000));
    for (const source of ['.*password.*', '(a+)+$b', '(a|a)*b', '(.*a){20}b', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$'])
      expect(new Regexp(source).test(bytes), source).toBe(false);
  });

  test.each([
    ['(?i)straße', 'STRAßE', true],
    ['(?i)k', '\u212a', true],
    ['(?i)[^k]', 'K', false],
    ['(?P<a>x)(?<b>y)', 'xy', true],
    [String.raw`\Aab\z`, 'ab', true],
    [String.raw`\Aab\z`, 'ab\n', false],
    [String.raw`\Qa.b\E+`, 'a.bbb', true],
    [String.raw`\Qa.b`, 'axb', false],
    ['[[:alpha:]_]+[[:^digit:]]', 'a1', false],
    [String.raw`\p{Greek}\pL`, 'λa', true],
    [String.raw`\P{Lu}`, 'A', false],
    [String.raw`\x41\x{1D11E}\101`, 'A𝄞A', true],
    ['a{,2}', 'a{,2}', true],
    ['a{2', 'a{2', true],
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['(?s).', '\n', true],
    ['.', '\n', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['(?i:A)b', 'aB', false],
    ['(?U)a+', 'a', true],
    ['', '', true],
    [String.raw`\B`, 'bЖ0', false],
    ['a||b', 'x', true],
    [String.raw`^http:\/\/[^\/]+\-x`, 'http://h-x', true],
  ])('%s on %j: %s', (source, text, matches) => {
    expect(new Regexp(source).testText(text)).toBe(matches);
  });

  test.each([
    ['(?=a)', 'this kind of group is not part of RE2 syntax (no look-around, no atomic groups) at character 1'],
    ['(?<!a)b', 'this kind of group is not part of RE2 syntax (no look-around, no atomic groups) at character 1'],
    [String.raw`(a)\1`, 'back-references are not part of RE2 syntax at character 4'],
    ['a**', 'two repetitions in a row at character 3'],
    ['*a', 'nothing to repeat at character 1'],
    ['(a', 'a group is not closed at character 1'],
    ['a)', 'unexpected ) at character 2'],
    ['[a', 'a [ is not closed at character 1'],
    ['[z-a]', 'a range runs from high to low at character 3'],
    ['a{1001}', 'repeats more than 1000 times at character 2'],
    ['a{3,2}', 'repeats from more to less at character 2'],
    [String.raw`\y`, String.raw`\y has no meaning at character 1`],
    [String.raw`a\ `.trimEnd(), 'a backslash ends the pattern at character 2'],
    [String.raw`\pX`, 'there is no Unicode class "X" at character 1'],
    ['(?P<a>x)(?P<a>y)', 'two groups are named "a" at character 9'],
    ['((a{100}){100}){100}', 'the pattern is too large at character 1'],
    ['('.repeat(300), 'groups nest too deep at character 201'],
  ])('%s is refused: %s', (source, message) => {
    expect(() => new Regexp(source)).toThrow(message);
  });

  test('any text is a pattern or is refused with a place', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...String.raw`a[](){}*+?.\^$|-:pP<>=!QEdbxi09,`), maxLength: 12 }),
        (source) => {
          try {
            new Regexp(source).testText('a');
          } catch (error) {
            expect((error as Error).message).toMatch(/ at character \d+$/);
          }
        },
      ),
      { numRuns: 3000, endOnFailure: true },
    );
  });
});

test('the byte ranges of a range of characters are its characters, once each', () => {
  const point = fc.oneof(
    fc.constantFrom(0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff),
    fc.integer({ min: 0, max: 0x10ffff }),
  );
  fc.assert(
    fc.property(point, point, fc.array(point, { maxLength: 20 }), (a, b, others) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const runs = utf8Runs(from, to);
      for (const each of [from, to, from - 1, to + 1, ...others]) {
        if (each < 0 || each > 0x10ffff || (each >= 0xd800 && each <= 0xdfff)) continue;
        const bytes = Buffer.from(String.fromCodePoint(each));
        const taking = runs.filter(
          (run) => run.length === bytes.length * 2 && bytes.every((byte, i) => byte >= run[i * 2]! && byte <= run[i * 2 + 1]!),
        );
        expect(taking.length).toBe(each >= from && each <= to ? 1 : 0);
      }
    }),
    { endOnFailure: true },
  );
});
