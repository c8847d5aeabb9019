import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonWriter } from '../../../pipeline/otlp/json-writer.ts';

function written(write: (writer: JsonWriter) => void): string {
  const writer = new JsonWriter();
  write(writer);
  return Buffer.from(writer.take()).toString();
}
const halves = (value: bigint): [number, number] => [Number(BigInt.asUintN(64, value) >> 32n), Number(value & 0xffff_ffffn)];
const edges = fc.constantFrom(
  0n,
  1n,
  9n,
  10n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  10n ** 18n,
  10n ** 19n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
);

describe('the JSON writer', () => {
  it('writes any text as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const bytes = Buffer.from(text);
        expect(written((writer) => writer.text(bytes, 0, bytes.length))).toBe(JSON.stringify(text));
      }),
    );
  });

  it('writes unsigned 64-bit integers exactly', () => {
    fc.assert(
      fc.property(fc.oneof(edges, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (value) => {
        expect(written((writer) => writer.unsigned64(...halves(value)))).toBe(`"${value}"`);
      }),
      { numRuns: 2000 },
    );
  });

  it('writes signed 64-bit integers exactly', () => {
    fc.assert(
      fc.property(fc.oneof(edges, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (value) => {
        expect(written((writer) => writer.signed64(...halves(value)))).toBe(`"${BigInt.asIntN(64, value)}"`);
      }),
      { numRuns: 2000 },
    );
  });

  it('writes doubles so that JSON.parse gives them back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 2 ** 53, -(2 ** 53), 1e21)), (value) => {
        const parsed: unknown = JSON.parse(written((writer) => writer.number(value)));
        if (Number.isFinite(value)) expect(Object.is(parsed, value)).toBe(true);
        else expect(parsed).toBe(String(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('writes bytes as hex and as base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(written((writer) => writer.hex(bytes, 0, bytes.length))).toBe(`"${Buffer.from(bytes).toString('hex')}"`);
        expect(written((writer) => writer.base64(bytes, 0, bytes.length))).toBe(`"${Buffer.from(bytes).toString('base64')}"`);
      }),
    );
  });
});
