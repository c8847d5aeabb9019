import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttributeFinder } from '../../../pipeline/otlp/attribute-finder.kernel.ts';
import { readAnyValue } from '../../../pipeline/otlp/any-value.ts';
import { FieldReader } from '../../../pipeline/otlp/field-reader.kernel.ts';
import { anyRequest } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, wireFields, type Tree } from '../../support/reference/otlp.ts';

test('fields are stepped over as a naive reader finds them, whatever their form; broken bytes end the steps early', () => {
  fc.assert(
    fc.property(anyRequest('traces'), fc.nat(), fc.nat(), (tree, seed, cut) => {
      const bytes = encodeOddly('traces', tree, seeded(seed), { shuffle: true, unknown: true, overlong: true });
      const reader = new FieldReader();
      reader.begin(bytes, 0, bytes.length);
      for (const { number, wireType, raw, content } of wireFields(bytes)) {
        expect(reader.next()).toBe(true);
        expect([reader.number, reader.wireType]).toEqual([number, wireType]);
        expect(Buffer.from(bytes.subarray(reader.start, reader.position))).toEqual(raw);
        if (wireType === 2) expect(Buffer.from(bytes.subarray(reader.valueStart, reader.position))).toEqual(content);
      }
      expect(reader.next()).toBe(false);
      reader.begin(bytes, 0, cut % (bytes.length + 1));
      let steps = 0;
      while (reader.next()) steps += 1;
      expect(steps).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 200, endOnFailure: true },
  );
});

test('the first attribute with a key is found, and its value', () => {
  const finder = new AttributeFinder();
  fc.assert(
    fc.property(anyRequest('logs'), fc.constantFrom('a', 'service.name', 'ключ', ''), fc.nat(), (tree, key, seed) => {
      for (const group of (tree['resourceLogs'] ?? []) as Tree[]) {
        const bytes = encodeOddly('logs', { resourceLogs: [{ resource: group['resource'] ?? {} }] }, seeded(seed), {
          shuffle: true,
          overlong: true,
        });
        const resource = wireFields(wireFields(bytes)[0]!.content)[0]!.content;
        const attributes = (((decode('logs', bytes)['resourceLogs'] as Tree[])[0]!['resource'] as Tree)['attributes'] ??
          []) as Tree[];
        const first = attributes.find((each) => (each['key'] ?? '') === key);
        expect(finder.find(resource, 0, resource.length, 1, Buffer.from(key))).toBe(first !== undefined);
        if (first === undefined) continue;
        expect(finder.valueStart < 0).toBe(first['value'] === undefined);
        const text = (first['value'] as Tree | undefined)?.['stringValue'];
        if (typeof text === 'string')
          expect(readAnyValue(resource, finder.valueStart, finder.valueEnd)).toEqual({ kind: 'string', text });
      }
    }),
    { numRuns: 200, endOnFailure: true },
  );
});
