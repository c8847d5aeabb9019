import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttributeMemo, MEMO_RUNS_MAX, MEMO_RUN_BYTES_MAX } from '../../../pipeline/otlp/memo.kernel.ts';

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const run = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** As the walk asks: guess, then find, then insert. Says whether the run was known. */
function ask(memo: AttributeMemo, bytes: Uint8Array): boolean {
  const guessed = memo.guess(view(bytes), bytes, 0, bytes.length);
  if (guessed === bytes.length) return true;
  if (memo.find(view(bytes), bytes, 0, bytes.length)) return true;
  memo.insert(bytes, 0, bytes.length, bytes.length);
  return false;
}

test('knows exactly the runs that were inserted, with their attribute count', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('', 'a', 'ab', 'abcd', 'abcde', 'abcdefgh', 'abcdefgi', 'xbcdefghij'), { maxLength: 200 }),
      (texts) => {
        const memo = new AttributeMemo();
        const known = new Set<string>();
        for (const text of texts.filter((each) => each !== '')) {
          const bytes = run(text);
          // A guess may match a shorter run that begins the same way: then the rest is asked for by itself.
          const guessed = memo.guess(view(bytes), bytes, 0, bytes.length);
          if (guessed > 0) {
            expect(known.has(text.slice(0, guessed))).toBe(true);
            expect(memo.attributes).toBe(guessed);
            continue;
          }
          const found = memo.find(view(bytes), bytes, 0, bytes.length);
          expect(found).toBe(known.has(text));
          if (!found) memo.insert(bytes, 0, bytes.length, bytes.length);
          known.add(text);
        }
      },
    ),
  );
});

test('a cycle is guessed from the second time on', () => {
  const memo = new AttributeMemo();
  const cycle = Array.from({ length: 300 }, (_, i) => run(`series ${i} of the cycle`));
  for (let round = 0; round < 2; round++) for (const bytes of cycle) ask(memo, bytes);
  for (const bytes of cycle) expect(memo.guess(view(bytes), bytes, 0, bytes.length)).toBe(bytes.length);
});

test('grows, and when it is full starts again without a wrong answer', () => {
  const memo = new AttributeMemo();
  const many = MEMO_RUNS_MAX + 1000;
  for (let i = 0; i < many; i++) expect(ask(memo, run(`n ${i}`))).toBe(false);
  expect(ask(memo, run(`n ${many - 1}`))).toBe(true);
  expect(ask(memo, run('n 1'))).toBe(false);
});

test('a run over the bound is not kept', () => {
  const memo = new AttributeMemo();
  const long = new Uint8Array(MEMO_RUN_BYTES_MAX + 1);
  expect(ask(memo, long)).toBe(false);
  expect(ask(memo, long)).toBe(false);
});

test('steps aside when nothing repeats', () => {
  const memo = new AttributeMemo();
  let asked = 0;
  for (let i = 0; i < MEMO_RUNS_MAX * 2; i++) {
    if (!memo.worthwhile()) continue;
    asked += 1;
    ask(memo, run(`unique ${i}`));
  }
  expect(asked).toBeLessThan(MEMO_RUNS_MAX + 1);
});
