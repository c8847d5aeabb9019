import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FLAG_BAD_TEXT, FLAG_KEY, FLAG_VALUE } from '../../../../pipeline/otlp/marks.kernel.ts';
import type { Inspection } from '../../../../pipeline/otlp/inspection.ts';
import { walk, Walk } from '../../../../pipeline/otlp/walk.ts';
import { config } from '../../../../processors/sanitize/config.ts';
import { inspectionOf } from '../../../../processors/sanitize/inspection.ts';
import { wireField } from '../../../support/reference/otlp.ts';

const cleaning = inspectionOf(config.parse({}));
const claimKeys = [Buffer.from('periscope.scope')];
const judging: Inspection = { claimKeys, attributes: cleaning, mendsText: true };
const structural: Inspection = { claimKeys, attributes: undefined, mendsText: true };

/** What the walk says of one attribute of a log record, 0 = nothing. */
function flagsOf(key: Uint8Array, value: Uint8Array, inspection: Inspection): number {
  const pair = Buffer.concat([wireField(1, 2, key), wireField(2, 2, wireField(1, 2, value))]);
  const walked = walk('logs', new Uint8Array(wireField(1, 2, wireField(2, 2, wireField(2, 2, wireField(6, 2, pair))))), inspection);
  if (!(walked instanceof Walk)) throw new Error(walked.message);
  let flags = 0;
  for (let mark = 0; mark < walked.markCount; mark++) flags |= walked.flagsOf(mark);
  return flags;
}

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const KEY = Buffer.from('k.ey');
/** Random bytes are rarely near-valid UTF-8: these are valid texts with some bytes overwritten. */
const nearText = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 60 }), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }))
  .map(([text, changes]) => {
    const bytes = Uint8Array.from(Buffer.from(text));
    for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });
const RUNS = { numRuns: 3000, endOnFailure: true };

describe('text checks agree with their naive twins', () => {
  test('UTF-8 is what a fatal TextDecoder takes', () => {
    fc.assert(
      fc.property(fc.oneof(nearText, fc.uint8Array({ maxLength: 12 })), (bytes) => {
        expect((flagsOf(KEY, bytes, structural) & FLAG_BAD_TEXT) === 0).toBe(decodes(bytes));
        expect((flagsOf(bytes, KEY, structural) & FLAG_BAD_TEXT) === 0).toBe(decodes(bytes));
      }),
      RUNS,
    );
  });

  test.each([
    ['over-long slash', [0xc0, 0xaf]],
    ['over-long in three bytes', [0xe0, 0x80, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lone continuation byte', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
  ])('refuses %s wherever it stands', (_, bad) => {
    for (const before of [0, 1, 14, 15, 16, 17, 31, 33]) {
      const bytes = Buffer.concat([Buffer.alloc(before, 'a'), Uint8Array.from(bad)]);
      expect(flagsOf(KEY, bytes, structural)).toBe(FLAG_BAD_TEXT);
      expect(flagsOf(KEY, Buffer.concat([bytes, Buffer.alloc(40, 'b')]), structural)).toBe(FLAG_BAD_TEXT);
    }
  });

  test('one byte outside the rules is found at every place of a key and a value of every length', () => {
    for (let length = 1; length <= 140; length++) {
      expect(flagsOf(Buffer.alloc(length, 'k'), Buffer.alloc(length, 'v'), judging)).toBe(0);
      for (const at of new Set([0, length >> 1, length - 1])) {
        const key = Buffer.alloc(length, 'k');
        key[at] = 0x20;
        expect(flagsOf(key, KEY, judging)).toBe(FLAG_KEY);
        const value = Buffer.alloc(length, 'v');
        value[at] = 0x1f;
        expect(flagsOf(KEY, value, judging)).toBe(FLAG_VALUE);
      }
    }
  });

  test('every byte is judged as the tables say', () => {
    for (let byte = 0; byte < 0x80; byte++) {
      const text = Uint8Array.from([0x61, byte, 0x61]);
      expect((flagsOf(text, KEY, judging) & FLAG_KEY) === 0).toBe(cleaning.keyBytes[byte] === 1);
      expect((flagsOf(KEY, text, judging) & FLAG_VALUE) === 0).toBe(cleaning.valueBytes[byte] === 1);
    }
  });

  test('what an earlier, longer request left behind the end is not looked at', () => {
    const dirty = Buffer.alloc(4000, 0xff);
    for (let length = 1; length <= 40; length++) {
      flagsOf(KEY, dirty, judging);
      expect(flagsOf(Buffer.alloc(length, 'k'), Buffer.alloc(length, 'v'), judging)).toBe(0);
    }
  });
});
