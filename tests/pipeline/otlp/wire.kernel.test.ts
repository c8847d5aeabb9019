import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Wire } from '../../../pipeline/otlp/wire.kernel.ts';

/** Value and length of the varint at the start by the definition, undefined when it is none. */
function naive(bytes: Uint8Array): { value: bigint; length: number } | undefined {
  let value = 0n;
  for (let i = 0; i < Math.min(10, bytes.length); i++) {
    value |= BigInt(bytes[i]! & 0x7f) << BigInt(7 * i);
    if (bytes[i]! < 0x80) return { value, length: i + 1 };
  }
  return undefined;
}
const byte = fc.oneof(fc.constantFrom(0x80, 0x00, 0xff, 0x7f, 0x08), fc.nat(255));
const run = fc.array(byte, { maxLength: 14 }).map((bytes) => Uint8Array.from(bytes));
const RUNS = { numRuns: 2000, endOnFailure: true };

it('reads varints as their definition says, whole, into 32 bits, and as a truth', () => {
  fc.assert(
    fc.property(run, (bytes) => {
      const wire = new Wire();
      wire.begin(bytes);
      const want = naive(bytes);
      const value = wire.varint(0, bytes.length);
      if (want === undefined) expect(value).toBe(-1);
      else if (want.value < 2n ** 53n) expect([BigInt(value), wire.at]).toEqual([want.value, want.length]);
      const low = wire.varint32(0, bytes.length);
      expect([low, wire.at]).toEqual(want === undefined ? [0, -1] : [Number(BigInt.asIntN(32, want.value)), want.length]);
      const isSet = wire.bool(0, bytes.length);
      expect([isSet, wire.at]).toEqual(want === undefined ? [false, -1] : [BigInt.asUintN(64, want.value) !== 0n, want.length]);
    }),
    RUNS,
  );
});

it('steps over a field only where all of it is there', () => {
  fc.assert(
    fc.property(run, fc.nat(7), (bytes, type) => {
      const wire = new Wire();
      wire.begin(bytes);
      const next = wire.skip(8 + type, 0, bytes.length);
      const varint = naive(bytes);
      const length = type === 1 ? 8 : type === 5 ? 4 : varint?.length;
      const sized = type === 2 && varint !== undefined ? varint.length + Number(varint.value) : undefined;
      const want = type === 2 ? sized : [0, 1, 5].includes(type) ? length : undefined;
      expect(next).toBe(want !== undefined && want <= bytes.length ? want : -1);
    }),
    RUNS,
  );
});

it('takes a key only of a field number above 0', () => {
  const wire = new Wire();
  wire.begin(Uint8Array.from([7, 8, 0x87, 0x00, 0x88, 0x01]));
  expect(wire.key(0, 6)).toBe(-1);
  expect(wire.key(1, 6)).toBe(8);
  expect(wire.key(2, 6)).toBe(-1);
  expect([wire.key(4, 6), wire.at]).toEqual([136, 6]);
});
