import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PERF_ATTRIBUTES, PERF_PROPERTY_PREFIX } from '../../../pipeline/perf/attributes.ts';
import { claimsOfRow } from '../../../pipeline/perf/claim.ts';
import { encodePerfRows } from '../../../pipeline/perf/encode.ts';
import { judgePerfMetric, type PerfRow } from '../../../pipeline/perf/record.ts';
import { attributeOf, itemsOf } from '../../support/items.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';

const OBSERVED = 1_795_258_800_000_000_001n;

function rowOf(metric: object): PerfRow {
  const judged = judgePerfMetric({ category: 'R2', type: 'performance', topic: 'Get', id: 'get', ...metric }, 5n);
  return judged.ok ? judged.row : expect.unreachable(judged.message);
}
const read = (rows: readonly PerfRow[], claims: readonly string[] = []) =>
  itemsOf('logs', decode('logs', encodePerfRows({ rows, claims, service: 'rows', observedUnixNano: OBSERVED })));

it('a row is a log record that says the same, to the nanosecond', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const metric = fc.record({
    subCat: text,
    value: fc.oneof(text, fc.double({ noNaN: true }), fc.boolean()),
    impact: text,
    properties: fc.dictionary(
      fc.stringMatching(/^[\w.-]{1,10}$/).filter((key) => key !== 'scope'),
      text,
      { maxKeys: 5 },
    ),
    time: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  });
  fc.assert(
    fc.property(fc.array(metric, { minLength: 1, maxLength: 5 }), (metrics) => {
      const rows = metrics.map(rowOf);
      const items = read(rows);
      expect(items).toHaveLength(rows.length);
      for (const [i, { item, resource }] of items.entries()) {
        const row = rows[i]!;
        expect(attributeOf(resource, 'service.name')).toBe('rows');
        expect(item).toMatchObject({ timeUnixNano: row.timeUnixNano, observedTimeUnixNano: OBSERVED, eventName: 'perf.metric' });
        for (const [field, key] of Object.entries(PERF_ATTRIBUTES))
          expect(attributeOf(item, key) ?? '').toBe(row[field as keyof typeof PERF_ATTRIBUTES]);
        const properties = (item['attributes'] as Tree[])
          .map((attribute) => attribute['key'] as string)
          .filter((key) => key.startsWith(PERF_PROPERTY_PREFIX));
        expect(properties.map((key) => [key.slice(PERF_PROPERTY_PREFIX.length), attributeOf(item, key)])).toEqual(
          Object.entries(row.properties).map(([key, value]) => [key, value]),
        );
      }
    }),
    { endOnFailure: true },
  );
});

it('a claim stands at the resource, a contradiction at the records', () => {
  const row = rowOf({ properties: { scope: 'A' } });
  expect(attributeOf(read([row], ['A'])[0]?.resource, 'periscope.scope')).toBe('A');
  const [torn] = read([row], ['A', 'B']);
  expect(attributeOf(torn?.resource, 'periscope.scope')).toBe('A');
  expect(attributeOf(torn?.item, 'periscope.scope')).toBe('B');
  // It says whose row it is, and is no property of it.
  expect(attributeOf(torn?.item, 'perf.properties.scope')).toBeUndefined();
});

it('claims are the property scope and the scope attributes, each once', () => {
  expect(claimsOfRow(rowOf({}))).toEqual([]);
  expect(claimsOfRow(rowOf({ properties: { scope: 'A', 'periscope.scope': 'A' } }))).toEqual(['A']);
  expect(claimsOfRow(rowOf({ properties: { scope: 'A', 'dashboard.scope': 'B' } }))).toEqual(['A', 'B']);
  expect(claimsOfRow(rowOf({ properties: { tenant: 'A' } }), ['tenant'])).toEqual(['A']);
});
