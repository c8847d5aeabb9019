import { describe, expect, test } from 'vitest';
import { converted, hashed } from '../../../pipeline/attributes/converted.ts';
import { plainValue } from '../../../pipeline/attributes/plain-value.ts';
import { readAnyValue, writeAnyValue, type AnyValue } from '../../../pipeline/otlp/any-value.ts';
import { ValueReader } from '../../../pipeline/otlp/value-reader.kernel.ts';

function reader(value: AnyValue): ValueReader {
  const bytes = writeAnyValue(value);
  const made = new ValueReader();
  made.anyValue(bytes, 0, bytes.length);
  return made;
}
const read = (bytes: Uint8Array | undefined): AnyValue | undefined => bytes && readAnyValue(bytes, 0, bytes.length);
const text = (value: string): AnyValue => ({ kind: 'string', text: value });
const int = (value: bigint): AnyValue => ({ kind: 'int', value });
const double = (value: number): AnyValue => ({ kind: 'double', value });

describe('hash', () => {
  // Figures of the Go collector's own test (attraction/hasher_test.go computes them the same way: sha256 of the bytes).
  test.each<[AnyValue, string]>([
    [text('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [{ kind: 'bool', value: false }, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    [int(0n), 'af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc'],
    [{ kind: 'array', values: [] }, ''],
    [{ kind: 'none' }, ''],
  ])('of %o', (value, want) => {
    expect(read(hashed(reader(value)))).toEqual(text(want));
  });
});

describe('convert', () => {
  test.each<[AnyValue, 'int' | 'double' | 'string', AnyValue | undefined]>([
    [text('42'), 'int', int(42n)],
    [text('-9223372036854775808'), 'int', int(-(2n ** 63n))],
    [text('9223372036854775808'), 'int', undefined],
    [text('1.5'), 'int', undefined],
    [text(' 1'), 'int', undefined],
    [text('1_000'), 'int', undefined],
    [double(-2.9), 'int', int(-2n)],
    [double(NaN), 'int', int(-(2n ** 63n))],
    [{ kind: 'bool', value: true }, 'int', int(1n)],
    [{ kind: 'bytes', bytes: Uint8Array.of(1) }, 'int', undefined],
    [text('1.5e3'), 'double', double(1500)],
    [text('.5'), 'double', double(0.5)],
    [text('1e999'), 'double', undefined],
    [text('-Inf'), 'double', double(-Infinity)],
    [text('0x10'), 'double', undefined],
    [int(2n ** 53n + 1n), 'double', double(2 ** 53)],
    [double(1), 'double', undefined],
    [double(1e21), 'string', text('1e+21')],
    [double(-0), 'string', text('-0')],
    [int(-5n), 'string', text('-5')],
    [plainValue({ b: 1, a: ['<', null, 1.5] }), 'string', text('{"a":["<",null,1.5],"b":1}')],
    [{ kind: 'bytes', bytes: Uint8Array.of(255) }, 'string', text('/w==')],
    [{ kind: 'none' }, 'string', text('')],
    [text('x'), 'string', undefined],
  ])('%o to %s', (value, to, want) => {
    expect(read(converted(reader(value), to))).toEqual(want);
  });
});
