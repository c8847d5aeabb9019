import fc from 'fast-check';
import { expect, test } from 'vitest';
import { walk } from '../../../../pipeline/otlp/walk.ts';

const structural = { claimKeys: [], attributes: undefined, mendsText: true };
const takes = (...bytes: number[]): boolean => !('ok' in walk('logs', Uint8Array.from(bytes), structural));

/** Value and length of the varint at the start by the definition, undefined when it is none. */
function naive(bytes: readonly number[]): { value: bigint; length: number } | undefined {
  let value = 0n;
  for (let i = 0; i < Math.min(10, bytes.length); i++) {
    value |= BigInt(bytes[i]! & 0x7f) << BigInt(7 * i);
    if (bytes[i]! < 0x80) return { value, length: i + 1 };
  }
  return undefined;
}
const byte = fc.oneof(fc.constantFrom(0x80, 0x00, 0xff, 0x7f, 0x87, 0x08), fc.nat(255));
const RUNS = { numRuns: 3000, endOnFailure: true };

test('a varint ends by itself within ten bytes and within the request', () => {
  const unknownField = [15 * 8];
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (bytes) => {
      const want = naive(bytes);
      // Whatever stands behind it must not decide: nothing stands behind it.
      expect(takes(...unknownField, ...bytes.slice(0, want?.length))).toBe(want !== undefined);
    }),
    RUNS,
  );
});

test('a length is a varint below 2^31 that fits, over-long forms too', () => {
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), fc.nat(3), (bytes, follow) => {
      const want = naive(bytes);
      const rest = want === undefined ? [] : Array.from({ length: follow }, () => 0);
      expect(takes(15 * 8 + 2, ...bytes.slice(0, want?.length), ...rest)).toBe(want !== undefined && want.value === BigInt(rest.length));
    }),
    RUNS,
  );
  expect(takes(15 * 8 + 2, 0x83, 0x80, 0x80, 0x00, 1, 2, 3)).toBe(true);
});

test('field keys: any number protobuf allows, nothing else', () => {
  const keyOf = (field: bigint, wire: bigint): number[] => {
    const bytes: number[] = [];
    let rest = field * 8n + wire;
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    return [...bytes, Number(rest)];
  };
  for (const field of [31n, 32n, 2n ** 28n - 1n, 2n ** 28n, 2n ** 29n - 1n]) {
    expect(takes(...keyOf(field, 0n), 1)).toBe(true);
    expect(takes(...keyOf(field, 2n), 0)).toBe(true);
    expect(takes(...keyOf(field, 5n), 0, 0, 0, 0)).toBe(true);
    for (const wire of [3n, 4n, 6n, 7n]) expect(takes(...keyOf(field, wire), 0)).toBe(false);
  }
  for (const field of [0n, 2n ** 29n, 2n ** 40n]) expect(takes(...keyOf(field, 0n), 1)).toBe(false);
});
