import fc from 'fast-check';
import { expect, test } from 'vitest';
import { depthOf, jsonText, readAnyValue, writeAnyValue } from '../../../pipeline/otlp/any-value.ts';
import { anyAnyValue } from '../../support/build.ts';
import { encodeMessage, mergeMessage } from '../../support/reference/otlp.ts';

test('what is read is written again with the same meaning, whatever the value', () => {
  fc.assert(
    fc.property(anyAnyValue, (tree) => {
      const bytes = new Uint8Array(encodeMessage('AnyValue', tree));
      const again = writeAnyValue(readAnyValue(bytes, 0, bytes.length));
      expect(mergeMessage('AnyValue', {}, again)).toEqual(mergeMessage('AnyValue', {}, bytes));
    }),
    { numRuns: 500 },
  );
});

test('JSON text of any value is JSON, and depth is how deep its brackets go', () => {
  fc.assert(
    fc.property(anyAnyValue, (tree) => {
      const bytes = new Uint8Array(encodeMessage('AnyValue', tree));
      const value = readAnyValue(bytes, 0, bytes.length);
      const text = jsonText(value);
      const depth = (json: unknown): number =>
        json !== null && typeof json === 'object' ? 1 + Math.max(0, ...Object.values(json).map(depth)) : 0;
      // A duplicate key hides the earlier one from JSON.parse, so its depth is a lower bound.
      expect(depthOf(value)).toBeGreaterThanOrEqual(depth(JSON.parse(text)));
    }),
    { numRuns: 300 },
  );
});

test('numbers are written as numbers, what JSON lacks as text', () => {
  expect(jsonText({ kind: 'int', value: 2n ** 63n - 1n })).toBe('9223372036854775807');
  expect(jsonText({ kind: 'double', value: Number.NaN })).toBe('"NaN"');
  expect(jsonText({ kind: 'bytes', bytes: Uint8Array.of(1, 2) })).toBe('"AQI="');
  expect(jsonText({ kind: 'map', entries: [['a', { kind: 'none' }]] })).toBe('{"a":null}');
});

test('a very long list is no problem', () => {
  const values = Array.from({ length: 200_000 }, () => ({ kind: 'bool', value: true }) as const);
  expect(depthOf({ kind: 'array', values })).toBe(1);
});
