import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PerfRows } from '../../../agent/perf/rows.ts';
import { NaivePerfRows } from '../../support/reference/kept-perf-rows.ts';

const METRIC = { category: 'R2', type: 'performance', topic: 'GetObject', id: 'get', value: '1ms' };

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;
function heapMb(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

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

  it('are of the scope that they were judged by, whatever a property says when it is read again', () => {
    const rows = new PerfRows({ scope: 'A' });
    let readings = 0;
    const properties = {
      get scope() {
        return readings++ === 0 ? undefined : 'B';
      },
    };
    rows.add({ ...METRIC, properties });
    expect(rows.records()).toMatchObject([{ properties: { scope: 'A' } }]);
  });

  it('hold on to nothing of a text but what they keep of it', async () => {
    const rows = new PerfRows({ scope: 'A' });
    const megabytes = (seed: number): string => Buffer.alloc(1_000_000, 97 + seed).toString('latin1');
    const before = heapMb();
    for (let i = 0; i < 20; i++) {
      const [value, short, property, list] = [megabytes(i), megabytes(i).slice(1, 40), megabytes(i), megabytes(i)];
      const properties = { long: property, part: megabytes(i).slice(5, 60), nested: [megabytes(i)] };
      expect(rows.add({ ...METRIC, id: `${i} ${short}`, value, locations: [list, 'x'], properties }).accepted).toBe(true);
      expect(rows.add({ ...METRIC, id: short, pattern: short }).accepted).toBe(true);
    }
    // Of 120 that were handed in, 20 by each way. What the collector has not yet seen to be garbage goes with a later round.
    await expect.poll(() => heapMb() - before, { interval: 50, timeout: 10_000 }).toBeLessThan(15);
    expect(rows.all.size).toBe(40);
  });

  it('read no further in a list than they keep of it', () => {
    const rows = new PerfRows({ scope: 'A' });
    const readAt: number[] = [];
    const locations = new Proxy(
      Array.from({ length: 100_000 }, () => 'file.ts'),
      {
        get(list, key, self) {
          if (/^\d+$/.test(String(key))) readAt.push(Number(key));
          return Reflect.get(list, key, self) as unknown;
        },
      },
    );
    expect(rows.add({ ...METRIC, locations })).toEqual({ accepted: true });
    expect(Math.max(...readAt)).toBeLessThan(1024);
    expect(rows.records()[0]?.locations).toHaveLength(1024);
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
