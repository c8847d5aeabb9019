import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readKey, readVarint31, skipVarint, varintLength, writeVarint } from '../../../pipeline/otlp/varint.kernel.ts';

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
        expect(readVarint31(bytes, 1, 8)).toBe(value);
        expect(skipVarint(bytes, 1, 8)).toBe(end);
      },
    ),
  );
});

test('any bytes: the same answer as the definition, -1 for what is no varint or over 31 bits', () => {
  const byte = fc.oneof(fc.constantFrom(0x80, 0x00, 0xff, 0x7f, 0x87, 0x08), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (list) => {
      const bytes = Uint8Array.from(list);
      const want = naive(bytes);
      expect(skipVarint(bytes, 0, bytes.length)).toBe(want?.end ?? -1);
      expect(readVarint31(bytes, 0, bytes.length)).toBe(want === undefined || want.value >= 2n ** 31n ? -1 : Number(want.value));
    }),
    { numRuns: 3000 },
  );
});

test('field keys: any number protobuf allows, nothing else', () => {
  const keyOf = (field: bigint, wire: bigint): Uint8Array => {
    const bytes: number[] = [];
    let rest = field * 8n + wire;
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    return Uint8Array.from([...bytes, Number(rest)]);
  };
  for (const field of [1n, 31n, 32n, 2n ** 28n - 1n]) {
    const bytes = keyOf(field, 2n);
    expect(readKey(bytes, 0, bytes.length)).toBe(Number(field) * 8 + 2);
  }
  for (const field of [2n ** 28n, 2n ** 29n - 1n]) {
    const bytes = keyOf(field, 5n);
    expect(readKey(bytes, 0, bytes.length)).toBe((2 ** 28 - 1) * 8 + 5);
  }
  for (const field of [0n, 2n ** 29n, 2n ** 40n]) {
    const bytes = keyOf(field, 0n);
    expect(readKey(bytes, 0, bytes.length)).toBe(-1);
  }
});
