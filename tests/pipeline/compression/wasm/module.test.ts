import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeflateMachine } from '../../../../pipeline/compression/deflate-machine.ts';
import { deflateOf, type DeflateToken } from '../../../support/reference/deflate-writer.ts';

/** Codes and headers of the blocks it writes, with counts of every shape: node:zlib reads them or it does not. */
const machine = new DeflateMachine();

/** `segment`, all of it copied, with these matches. */
function written(segment: Uint8Array, tokens: Int32Array): Buffer {
  machine.beginStream();
  const source = {
    matches: { tokens, isHasty: false },
    sourceLength: segment.length,
    copies: () => Int32Array.of(0, segment.length, 0),
  };
  const blocks = Buffer.from(machine.recode(segment, source));
  return Buffer.concat([blocks, machine.endStream()]);
}

test.each([
  ['no byte', Buffer.alloc(0)],
  ['one byte', Buffer.from('a')],
  ['one byte value', Buffer.alloc(9000, 'a')],
  ['every byte value as often', Buffer.from(Array.from({ length: 4096 }, (_, i) => i & 255))],
])('literals alone: %s', (_, segment) => {
  expect(inflateRawSync(written(segment, new Int32Array(0))).equals(segment)).toBe(true);
});

test('counts that grow like Fibonacci numbers, whose best codes would be too long', () => {
  const parts: Buffer[] = [];
  for (let symbol = 0, now = 1, last = 1; symbol < 26; symbol++, [now, last] = [now + last, now]) parts.push(Buffer.alloc(now, symbol));
  const segment = Buffer.concat(parts);
  const packed = written(segment, new Int32Array(0));
  expect(inflateRawSync(packed).equals(segment)).toBe(true);
  expect(packed.length).toBeLessThan(segment.length / 2);
});

test('bytes at random, with any share of each', () => {
  const bytes = fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 3000 })), { maxLength: 40 });
  fc.assert(
    fc.property(bytes, (runs) => {
      const segment = Buffer.concat(runs.map(([byte, times]) => Buffer.alloc(times, byte)));
      const packed = written(segment, new Int32Array(0));
      expect(inflateRawSync(packed).equals(segment)).toBe(true);
      expect(packed.length).toBeLessThan(segment.length * 1.01 + 200);
    }),
    { numRuns: 200, endOnFailure: true },
  );
});

test('every length and every kind of distance survives being read and written again', () => {
  const tokens: DeflateToken[] = [];
  const text: number[] = [];
  const add = (token: DeflateToken): void => {
    tokens.push(token);
    if (typeof token === 'number') text.push(token);
    else for (let i = 0; i < token.length; i++) text.push(text[text.length - token.distance]!);
  };
  for (let i = 0; i < 33_000; i++) add((i * 7919) & 255);
  for (let length = 3; length <= 258; length++) add({ length, distance: length });
  for (let distance = 1; distance <= 32_768; distance += 13) add({ length: 3 + (distance % 200), distance });
  add({ length: 258, distance: 32_768 });
  const segment = Buffer.from(text);
  const raw = deflateOf(tokens);
  machine.load(raw, segment.length, true);
  expect(machine.inflate(0, 'crc32')).toMatchObject({ ok: true, check: crc32(segment) });
  expect(Buffer.from(machine.output()).equals(segment)).toBe(true);
  const found = machine.tokens()?.slice();
  expect(found).toBeDefined();
  const packed = written(segment, found!);
  expect(inflateRawSync(packed).equals(segment)).toBe(true);
  expect(packed.length).toBeLessThan(raw.length);
});
