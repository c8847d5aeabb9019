import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, graphemes } from '../../../agent/terminal/width.ts';

/** Node's own widths, by ICU, of every assigned character that is no emoji: `[code point, width]`, in ranges. */
const JUDGE = `
const { getStringWidth } = require('internal/util/inspect');
const ranges = [];
for (let code = 0x20; code <= 0x10ffff; code++) {
  const text = String.fromCodePoint(code);
  if (/[\\p{Cn}\\p{Cs}\\p{Co}]/u.test(text)) continue;
  const width = getStringWidth(text, false);
  const last = ranges.at(-1);
  if (last !== undefined && last[1] === code - 1 && last[2] === width) last[1] = code;
  else ranges.push([code, code, width]);
}
process.stdout.write(JSON.stringify(ranges));
`;

describe('the width of a text', () => {
  it.each([
    ['plain text', 10],
    ['', 0],
    ['größe', 5],
    ['e\u0301', 1],
    ['漢字', 4],
    ['ﾊﾝｶｸ', 4],
    ['Ｆｕｌｌ', 8],
    ['한국어', 6],
    ['\u1112\u1161\u11ab', 2],
    ['ไทย', 3],
    ['क्षि', 3],
    ['😀', 2],
    ['👩‍💻', 2],
    ['👍🏽', 2],
    ['🏳️‍🌈', 2],
    ['🇩🇪', 2],
    ['1️⃣', 2],
    ['❤', 1],
    ['❤️', 2],
    ['◆●▲○', 4],
    ['┌─┐│█▁', 6],
    ['a\u200bb\ufeff', 2],
    ['soft\u00adhyphen', 11],
    ['\u001b[31m', 4],
  ])('%j is %i columns', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  it('is the sum over its characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const parts = graphemes(text);
        expect(parts.join('')).toBe(text);
        expect(displayWidth(text)).toBe(parts.reduce((sum, part) => sum + displayWidth(part), 0));
      }),
      { endOnFailure: true },
    );
  });

  it.skipIf(process.versions['unicode'] !== '17.0')(
    "of every assigned character alone is what ICU's Unicode 17 says (skipped where Node brings another Unicode)",
    () => {
      const out = execFileSync(process.execPath, ['--expose-internals', '-e', JUDGE], { encoding: 'utf8', maxBuffer: 1 << 24 });
      const different: string[] = [];
      for (const [first, last, width] of JSON.parse(out) as [number, number, number][])
        for (let code = first; code <= last; code++)
          if (displayWidth(String.fromCodePoint(code)) !== width) different.push(code.toString(16));
      // Where we differ on purpose: marks that stand over another character take no column, nor do the inner letters of a
      // Korean syllable; and the judge takes ready-made musical signs apart before it counts.
      const ours = /[\u302a-\u302d\u3099\u309a\u{16fe4}\u1160-\u11ff\ud7b0-\ud7ff]/u;
      const left = different.map((code) => String.fromCodePoint(Number.parseInt(code, 16)));
      expect(left.filter((each) => !ours.test(each) && each === each.normalize('NFC'))).toEqual([]);
    },
  );
});
