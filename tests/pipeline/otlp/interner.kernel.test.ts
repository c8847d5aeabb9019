import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashOf, Interner, PairInterner } from '../../../pipeline/otlp/interner.kernel.ts';

const run = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // Much alike: only one byte, or the sign of a zero, apart.
  fc.tuple(fc.constantFrom(0, 1, 0x80, 0xff), fc.nat(40), fc.integer({ min: 1, max: 41 })).map(([byte, at, length]) => {
    const bytes = new Uint8Array(length);
    bytes[at % length] = byte;
    return bytes;
  }),
);

it('gives a run the number that a map of its bytes gives it, wherever it stands', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(run, fc.nat(9)), { maxLength: 300 }), fc.integer(), (runs, seed) => {
      const interner = new Interner(seed);
      const known = new Map<string, number>();
      for (const [bytes, offset] of runs) {
        const inside = new Uint8Array(offset + bytes.length + 3).fill(0xaa);
        inside.set(bytes, offset);
        const key = Buffer.from(bytes).toString('hex');
        const expected = known.get(key) ?? known.size;
        const index = interner.intern(inside, new DataView(inside.buffer), offset, offset + bytes.length);
        expect([index, interner.added]).toEqual([expected, !known.has(key)]);
        known.set(key, expected);
      }
      expect(interner.count).toBe(known.size);
      for (const [key, index] of known)
        expect(Buffer.from(interner.keys.subarray(interner.start(index), interner.start(index + 1))).toString('hex')).toBe(key);
    }),
    { endOnFailure: true },
  );
});

it('tells runs apart that differ in the bits of a zero or of what is no number', () => {
  const interner = new Interner(1);
  const words = ['0000000000000000', '0000000000000080', '000000000000f87f', '010000000000f87f', '0000000000000100'];
  const seen = words.map((hex) => {
    const bytes = Buffer.from(hex, 'hex');
    return interner.intern(bytes, new DataView(bytes.buffer, bytes.byteOffset, 8), 0, 8);
  });
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});

it('gives a pair the number that a map of pairs gives it', () => {
  const number = fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { maxLength: 300 }), fc.integer(), (pairs, seed) => {
      const interner = new PairInterner(seed);
      const known = new Map<string, number>();
      for (const [first, second] of pairs) {
        const key = `${first} ${second}`;
        const expected = known.get(key) ?? known.size;
        expect(interner.intern(first, second)).toBe(expected);
        expect([interner.first[expected], interner.second[expected]]).toEqual([first, second]);
        known.set(key, expected);
      }
    }),
    { endOnFailure: true },
  );
});

it('hashes runs by a key: no two of a kind collide under each of them', () => {
  const hash = (bytes: Uint8Array, seed: number): number => hashOf(new DataView(bytes.buffer), bytes, 0, bytes.length, seed);
  const seeds = Array.from({ length: 64 }, (_, at) => Math.imul(at + 1, 0x9e3779b1));
  const flips = fc.array(fc.nat(32 * 8 - 1), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), flips, (bytes, bits) => {
      const other = bytes.slice();
      for (const bit of new Set(bits)) other[bit >> 3]! ^= 1 << (bit & 7);
      expect(seeds.some((seed) => hash(bytes, seed) !== hash(other, seed))).toBe(true);
    }),
    // The highest bit of a word and, 16 bytes on, bit 12: the same to lanes that multiply and turn by 13.
    { endOnFailure: true, examples: [[new Uint8Array(32), [31, 16 * 8 + 12]]] },
  );
});
