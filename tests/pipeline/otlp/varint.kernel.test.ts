import fc from 'fast-check';
import { expect, test } from 'vitest';
import { skipVarint, varintLength, writeVarint } from '../../../pipeline/otlp/varint.kernel.ts';

/** Value and end of the varint at 0 by the definition, undefined when it is none. */
function naive(bytes: Uint8Array): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < Math.min(10, bytes.length); i++) {
    value |= BigInt(bytes[i]! & 0x7f) << BigInt(7 * i);
    if (bytes[i]! < 0x80) return { value, end: i + 1 };
  }
  return undefined;
}

test('what is written is read back, in as many bytes as said', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(), fc.constantFrom(0, 127, 128, 16383, 16384, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1)),
      (value) => {
        const bytes = new Uint8Array(8);
        const end = writeVarint(bytes, 1, value);
        expect(end - 1).toBe(varintLength(value));
        expect(naive(bytes.subarray(1))?.value).toBe(BigInt(value));
        expect(skipVarint(bytes, 1, 8)).toBe(end);
      },
    ),
  );
});

test('any bytes: the same end as by the definition, -1 for what is no varint', () => {
  const byte = fc.oneof(fc.constantFrom(0x80, 0x00, 0xff, 0x7f, 0x87, 0x08), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (list) => {
      const bytes = Uint8Array.from(list);
      const want = naive(bytes);
      expect(skipVarint(bytes, 0, bytes.length)).toBe(want?.end ?? -1);
    }),
    { numRuns: 3000 },
  );
});
