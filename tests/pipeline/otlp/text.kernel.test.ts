import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allIn, allPairsIn, equals, isAscii, isPlain, isUtf8, pairTable } from '../../../pipeline/otlp/text.kernel.ts';

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Random bytes are rarely near-valid UTF-8: these are valid texts with some bytes overwritten. */
const nearText = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 40 }), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }))
  .map(([text, changes]) => {
    const bytes = Uint8Array.from(Buffer.from(text));
    for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });

describe('text checks agree with their naive twins', () => {
  test('isUtf8 agrees with a fatal TextDecoder', () => {
    fc.assert(
      fc.property(
        fc.oneof(nearText, fc.uint8Array({ maxLength: 12 })),
        (bytes) => isUtf8(bytes, 0, bytes.length) === decodes(bytes),
      ),
      {
        numRuns: 3000,
      },
    );
  });

  test.each([
    ['over-long slash', [0xc0, 0xaf]],
    ['over-long in three bytes', [0xe0, 0x80, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lone continuation byte', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
  ])('isUtf8 refuses %s', (_, bytes) => {
    expect(isUtf8(Uint8Array.from(bytes), 0, bytes.length)).toBe(false);
  });

  test('isPlain is "every byte 0x20 to 0x7f", isAscii "below 0x80", at any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.nat(24), (bytes, from) => {
        const start = Math.min(from, bytes.length);
        const part = [...bytes.subarray(start)];
        expect(isPlain(bytes, view(bytes), start, bytes.length)).toBe(part.every((byte) => byte >= 0x20 && byte < 0x80));
        expect(isAscii(bytes, view(bytes), start, bytes.length)).toBe(part.every((byte) => byte < 0x80));
      }),
      { numRuns: 2000 },
    );
    const borders = [0x1f, 0x20, 0x7f, 0x80, 0x00, 0xff];
    for (const byte of borders) {
      for (let at = 0; at < 9; at++) {
        const bytes = new Uint8Array(9).fill(0x41);
        bytes[at] = byte;
        expect(isPlain(bytes, view(bytes), 0, 9), `${byte} at ${at}`).toBe(byte >= 0x20 && byte < 0x80);
      }
    }
  });

  test('allPairsIn is allIn, for any table and any offset', () => {
    const table = fc.uint8Array({ minLength: 256, maxLength: 256, max: 1 });
    fc.assert(
      fc.property(table, fc.uint8Array({ maxLength: 9 }), fc.nat(9), (of, bytes, from) => {
        for (let byte = 0; byte < 256; byte += 2) of[byte] = 1;
        const start = Math.min(from, bytes.length);
        const got = allPairsIn(pairTable(of), bytes, view(bytes), start, bytes.length);
        expect(got).toBe(allIn(of, bytes, start, bytes.length));
      }),
      { numRuns: 300 },
    );
  });

  test('allIn and equals look at the range only', () => {
    const table = new Uint8Array(256);
    table[65] = 1;
    const bytes = Uint8Array.from([66, 65, 65, 66]);
    expect(allIn(table, bytes, 1, 3)).toBe(true);
    expect(allIn(table, bytes, 1, 4)).toBe(false);
    expect(equals(bytes, 1, 3, Uint8Array.from([65, 65]))).toBe(true);
    expect(equals(bytes, 0, 3, Uint8Array.from([65, 65]))).toBe(false);
    expect(equals(bytes, 0, 2, Uint8Array.from([65, 65]))).toBe(false);
  });
});
