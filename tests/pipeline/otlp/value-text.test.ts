import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAnyValue, writeAnyValue, type AnyValue } from '../../../pipeline/otlp/any-value.ts';
import { ValueReader } from '../../../pipeline/otlp/value-reader.kernel.ts';
import { decimalText, nested, sameValue, valueText } from '../../../pipeline/otlp/value-text.ts';
import { anyAnyValue } from '../../support/build.ts';
import { encodeMessage, type Tree } from '../../support/reference/otlp.ts';

function reader(bytes: Uint8Array): ValueReader {
  const made = new ValueReader();
  const padded = Buffer.concat([Buffer.from('xx'), bytes, Buffer.from('xx')]);
  made.anyValue(padded, 2, padded.length - 2);
  return made;
}

describe('a value that is read in place', () => {
  test('is the value that a reader of objects finds', () => {
    fc.assert(
      fc.property(anyAnyValue, (tree) => {
        const bytes = encodeMessage('AnyValue', tree as Tree);
        const value = readAnyValue(bytes, 0, bytes.length);
        const found = reader(bytes);
        expect(found.kind).toBe(['none', 'string', 'bool', 'int', 'double', 'array', 'map', 'bytes'].indexOf(value.kind));
        if (value.kind === 'int') {
          expect((BigInt(found.high) << 32n) + BigInt(found.low >>> 0)).toBe(value.value);
          expect(found.asDouble).toBe(Number(value.value));
        } else if (value.kind === 'double') expect(found.double).toBe(value.value);
        else if (value.kind === 'bool') expect(found.low).toBe(value.value ? 1 : 0);
        else if (value.kind === 'array' || value.kind === 'map') expect(nested(found)).toEqual(value);
        else if (value.kind === 'string') expect(valueText(found)).toBe(value.text);
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });
});

const text = (value: AnyValue, html = false): string => valueText(reader(writeAnyValue(value)), html);

describe('the text of a value', () => {
  test('of a map has its keys in the order of their bytes, and of equal ones the last', () => {
    const entries = ['b', 'ä', 'a', '𝄞', '\uffff', 'a'].map((key, i): readonly [string, AnyValue] => [
      key,
      { kind: 'int', value: BigInt(i) },
    ]);
    expect(text({ kind: 'map', entries })).toBe('{"a":5,"b":0,"ä":1,"\uffff":4,"𝄞":3}');
  });

  test('escapes what Go escapes', () => {
    const value: AnyValue = { kind: 'array', values: [{ kind: 'string', text: '<&>"\u2028\n\u0001' }] };
    expect(text(value)).toBe(String.raw`["<&>\"\u2028\n\u0001"]`);
    expect(text(value, true)).toBe(String.raw`["\u003c\u0026\u003e\"\u2028\n\u0001"]`);
  });

  test('is empty where JSON has no word', () => {
    expect(text({ kind: 'array', values: [{ kind: 'double', value: NaN }] })).toBe('');
  });

  test.each([
    [1e21, '1000000000000000000000'],
    [1.25e-9, '0.00000000125'],
    [-1.5, '-1.5'],
    [-0, '-0'],
    [Infinity, '+Inf'],
    [NaN, 'NaN'],
  ])('of %d without an exponent is %s', (value, want) => {
    expect(decimalText(value)).toBe(want);
  });
});

test('maps are the same in any order, lists only in theirs, and 1 is not 1.0', () => {
  const int = (value: bigint): AnyValue => ({ kind: 'int', value });
  const map = (...entries: [string, AnyValue][]): AnyValue => ({ kind: 'map', entries });
  expect(sameValue(map(['a', int(1n)], ['b', int(2n)]), map(['b', int(2n)], ['a', int(1n)]))).toBe(true);
  expect(sameValue(map(['a', int(1n)]), map(['b', int(1n)]))).toBe(false);
  expect(sameValue({ kind: 'array', values: [int(1n), int(2n)] }, { kind: 'array', values: [int(2n), int(1n)] })).toBe(false);
  expect(sameValue(int(1n), { kind: 'double', value: 1 })).toBe(false);
  expect(sameValue({ kind: 'bytes', bytes: Uint8Array.of(1) }, { kind: 'bytes', bytes: Uint8Array.of(1) })).toBe(true);
  expect(sameValue(undefined, { kind: 'none' })).toBe(true);
});
