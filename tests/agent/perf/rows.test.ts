import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PerfRows } from '../../../agent/perf/rows.ts';
import { NaivePerfRows } from '../../support/reference/kept-perf-rows.ts';

const METRIC = { category: 'R2', type: 'performance', topic: 'GetObject', id: 'get', value: '1ms' };

describe('rows', () => {
  it('say whether it was the scope or the form that kept one out', () => {
    const rows = new PerfRows({ scope: 'A' });
    expect(rows.add({ ...METRIC, properties: { scope: 'B' } })).toMatchObject({ accepted: false, code: 'SCOPE_VIOLATION' });
    expect(rows.add({ ...METRIC, properties: { 'periscope.scope': 'B' } })).toMatchObject({ code: 'SCOPE_VIOLATION' });
    expect(rows.add({ ...METRIC, id: '' })).toMatchObject({ accepted: false, code: 'MALFORMED' });
    expect(rows.add(undefined as never)).toMatchObject({ accepted: false, code: 'MALFORMED' });
    expect([rows.all.size, rows.taken]).toEqual([0, 0]);
  });

  it('keep what is below a millisecond of the time', () => {
    const rows = new PerfRows({ scope: 'A', now: () => 1_000.000_5 });
    rows.add(METRIC);
    expect(rows.records()).toMatchObject([{ time: '1970-01-01T00:00:01.000000500Z' }]);
  });

  it('take no row that is larger than a hundred others', () => {
    const rows = new PerfRows({ scope: 'A' });
    const properties = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, 'x'.repeat(1000)]));
    expect(rows.add({ ...METRIC, properties })).toMatchObject({ accepted: false, reason: expect.stringContaining('characters') });
  });

  it('hold so many characters at most, whatever their number', () => {
    const rows = new PerfRows({ scope: 'A' });
    const properties = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`key${i}`, 'x'.repeat(1000)]));
    for (let i = 0; i < 100; i++) expect(rows.add({ ...METRIC, id: String(i), properties })).toEqual({ accepted: true });
    expect(rows.all.size).toBeGreaterThan(60);
    expect(rows.all.size).toBeLessThan(70);
    expect(rows.records().at(-1)).toMatchObject({ id: '99' });
  });

  it('are those that a list would hold, whatever is added in which order', () => {
    const metric = fc.record({
      category: fc.constantFrom('R2', 'Zstd', ''),
      type: fc.constant('performance'),
      topic: fc.constantFrom('a', 'b'),
      id: fc.constantFrom('1', '2', '3'),
      value: fc.string({ maxLength: 4 }),
      properties: fc.option(fc.record({ scope: fc.constantFrom('A', 'B') }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(metric, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (metrics, rowsMax) => {
        const rows = new PerfRows({ scope: 'A', rowsMax, now: () => 0 });
        const naive = new NaivePerfRows('A', rowsMax);
        for (const each of metrics) expect(rows.add(each).accepted).toBe(naive.add(each));
        expect(rows.records().map(({ category, topic, id, value }) => [category, topic, id, value])).toEqual(naive.rows);
        expect(rows.taken).toBe(naive.taken);
      }),
      { endOnFailure: true },
    );
  });
});
