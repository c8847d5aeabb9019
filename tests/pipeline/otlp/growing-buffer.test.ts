import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowingBuffer, rowsInOrder, varintBytes } from '../../../pipeline/otlp/growing-buffer.ts';
import { varintOf } from '../../support/reference/otlp.ts';

describe('a growing buffer', () => {
  it('writes varints of any size as the naive encoder does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.nat(), fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53)), (number) => {
        const value = Math.abs(number);
        const buffer = new GrowingBuffer();
        buffer.varint(value);
        expect(Buffer.from(buffer.take())).toEqual(varintOf(BigInt(value)));
        expect(varintBytes(value)).toBe(varintOf(BigInt(value)).length);
      }),
    );
  });

  it('writes 64-bit varints from halves', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const buffer = new GrowingBuffer();
        buffer.varint64(Number(value >> 32n), Number(value & 0xffff_ffffn));
        expect(Buffer.from(buffer.take())).toEqual(varintOf(value));
      }),
    );
  });

  it('puts the right length before a message, whatever was guessed and wherever the buffer ends', () => {
    for (const size of [0, 1, 127, 128, 16_383, 16_384]) {
      for (const guess of [1, 2, 3, 5]) {
        for (let before = 16_370; before <= 16_390; before++) {
          const buffer = new GrowingBuffer();
          buffer.copy(Buffer.alloc(before, 1), 0, before);
          const mark = buffer.open(guess);
          buffer.copy(Buffer.alloc(size, 2), 0, size);
          expect(buffer.close(mark, guess)).toBe(varintBytes(size));
          const expected = Buffer.concat([Buffer.alloc(before, 1), varintOf(BigInt(size)), Buffer.alloc(size, 2)]);
          expect(Buffer.compare(buffer.take(), expected)).toBe(0);
        }
      }
    }
  });

  it('puts every length right in messages inside messages, whatever was guessed', () => {
    type Nest = { readonly guess: number; readonly text: number; readonly inner: readonly Nest[] };
    const { nest } = fc.letrec<{ nest: Nest }>((tie) => ({
      nest: fc.record({
        guess: fc.integer({ min: 1, max: 5 }),
        text: fc.constantFrom(0, 1, 100, 126, 127, 128, 16_380, 16_384),
        inner: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('nest'), { minLength: 1, maxLength: 3 })),
      }),
    }));
    const naive = ({ text, inner }: Nest): Buffer => {
      const content = Buffer.concat([...inner.map(naive), Buffer.alloc(text, 7)]);
      return Buffer.concat([varintOf(BigInt(content.length)), content]);
    };
    const write = (buffer: GrowingBuffer, { guess, text, inner }: Nest): void => {
      const mark = buffer.open(guess);
      for (const each of inner) write(buffer, each);
      buffer.copy(Buffer.alloc(text, 7), 0, text);
      buffer.close(mark, guess);
    };
    const buffer = new GrowingBuffer();
    fc.assert(
      fc.property(nest, (of) => {
        write(buffer, of);
        expect(Buffer.compare(buffer.take(), naive(of))).toBe(0);
      }),
      { endOnFailure: true },
    );
  });

  it('finds its corrections in order of place, however long the buffer is', () => {
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 31 }), { maxLength: 50 });
    fc.assert(
      fc.property(places, fc.constantFrom(2 ** 31 + 1, 2 ** 53), (at, end) => {
        const rows = rowsInOrder(
          at.flatMap((place) => [place, 1, 200]),
          end,
        );
        expect([...rows].map((row) => at[row / 3])).toEqual(at.toSorted((left, right) => left - right));
      }),
    );
  });

  it('writes fixed-width numbers little-endian', () => {
    const buffer = new GrowingBuffer();
    buffer.fixed32(0xfedcba98);
    buffer.fixed64(0x01020304, 0xfefdfcfb);
    buffer.double(-0.5);
    expect(Buffer.from(buffer.take()).toString('hex')).toBe('98badcfe' + 'fbfcfdfe04030201' + '000000000000e0bf');
  });

  it('writes any code point as UTF-8', () => {
    for (const point of [0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff]) {
      const buffer = new GrowingBuffer();
      buffer.codePoint(point);
      expect(Buffer.from(buffer.take()).toString()).toBe(String.fromCodePoint(point));
    }
  });

  it('gives away a copy: what is written next does not change it', () => {
    const buffer = new GrowingBuffer();
    buffer.latin1('first');
    const taken = buffer.take();
    buffer.latin1('other');
    expect(Buffer.from(taken).toString()).toBe('first');
    expect(taken.buffer.byteLength).toBe(5);
    expect(buffer.peek().toString()).toBe('other');
  });

  it('gives back memory after a large use', () => {
    const buffer = new GrowingBuffer();
    buffer.copy(Buffer.alloc(5_000_000), 0, 5_000_000);
    buffer.clear();
    buffer.byte(1);
    expect(buffer.peek().buffer.byteLength).toBeLessThan(1_000_000);
  });
});
