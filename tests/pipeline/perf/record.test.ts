import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgePerfMetric, PERF_FIELDS, perfKey, type PerfRow } from '../../../pipeline/perf/record.ts';
import { judgeProperties } from '../../../pipeline/scope/properties.ts';

const NOW = 1_763_722_800_123_456_789n;
const METRIC = { category: 'R2', type: 'performance', topic: 'GetObject', id: 'r2.get' };

function rowOf(metric: unknown): PerfRow {
  const judged = judgePerfMetric(metric, NOW);
  return judged.ok ? judged.row : expect.unreachable(judged.message);
}
const faultOf = (metric: unknown, mode: 'clean' | 'reject' = 'clean'): string => {
  const judged = judgePerfMetric(metric, NOW, (properties) => judgeProperties(properties, { mode }));
  return judged.ok ? expect.unreachable('it was accepted') : judged.message;
};

describe('a metric of MASTER_PERF', () => {
  it('becomes a row of ten texts, properties as text, and its time in nanoseconds', () => {
    const metric = {
      ...METRIC,
      subCat: 'Latency',
      value: 12.34,
      pattern: 'time_measurement',
      locations: ['a', 'b'],
      impact: 'pages wait',
      properties: { scope: 'ENTERPRISE', attempts: 3, cached: false, nested: { a: 1 } },
      time: '2026-11-21T11:00:00.123456789Z',
    };
    expect(rowOf(metric)).toEqual({
      category: 'R2',
      type: 'performance',
      topic: 'GetObject',
      subCat: 'Latency',
      id: 'r2.get',
      value: '12.34',
      pattern: 'time_measurement',
      locations: 'a, b',
      impact: 'pages wait',
      properties: { scope: 'ENTERPRISE', attempts: '3', cached: 'false', nested: '{"a":1}' },
      timeUnixNano: 1_795_258_800_123_456_789n,
    });
  });

  it('has empty texts for what it leaves out, and happens now', () => {
    expect(rowOf(METRIC)).toMatchObject({ subCat: '', value: '', impact: '', properties: {}, timeUnixNano: NOW });
  });

  it.each([
    [undefined, 'it is no object'],
    ['text', 'it is no object'],
    [[METRIC], 'it is no object'],
    [{ ...METRIC, category: '' }, 'category is missing'],
    [{ ...METRIC, topic: undefined }, 'topic is missing'],
    [{ ...METRIC, value: {} }, 'value is no text'],
    [{ ...METRIC, locations: [{}] }, 'locations is no text'],
    [{ ...METRIC, properties: [] }, 'properties is no object'],
    [{ ...METRIC, time: 'yesterday' }, 'its time is neither'],
    [{ ...METRIC, time: -1 }, 'its time is neither'],
    [{ ...METRIC, categroy: 'x' }, 'it has a field "categroy"'],
  ])('%j is refused: %s', (metric, cause) => {
    expect(faultOf(metric)).toContain(`cannot accept the metric: ${cause}`);
  });

  it('has its properties judged by the mode: mended, or refused', () => {
    const metric = { ...METRIC, properties: { 'a b': 'x\ny' } };
    expect(rowOf(metric).properties).toEqual({ a_b: 'x y' });
    expect(faultOf(metric, 'reject')).toContain('property "a b"');
  });

  it('is clean whatever it was: no control characters, no text over 1,024', () => {
    const text = fc.string({ unit: 'binary', maxLength: 2000 });
    const record = fc.record({
      category: text,
      type: text,
      topic: text,
      id: text,
      impact: text,
      locations: fc.array(text, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(record, (metric) => {
        const judged = judgePerfMetric(metric, NOW);
        if (!judged.ok) return;
        for (const field of PERF_FIELDS) {
          const value = judged.row[field];
          if (typeof value !== 'string') continue;
          expect([...value].length).toBeLessThanOrEqual(1024);
          // eslint-disable-next-line no-control-regex -- what must not be there
          expect(value).not.toMatch(/[\u0000-\u001f]/);
        }
      }),
      { endOnFailure: true },
    );
  });

  it('has the key of what it is a state of', () => {
    expect(perfKey(rowOf({ ...METRIC, value: 1 }))).toBe(perfKey(rowOf({ ...METRIC, value: 2, impact: 'x' })));
    expect(perfKey(rowOf({ ...METRIC, id: 'other' }))).not.toBe(perfKey(rowOf(METRIC)));
  });
});
