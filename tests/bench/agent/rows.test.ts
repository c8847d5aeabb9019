import { describe, expect, test } from 'vitest';
import type { AgentRecord } from '../../../bench/agent/record.ts';
import { figuresOf, judged, latestFigures, ROWS, timesFaster, verdictOf } from '../../../bench/agent/rows.ts';
import { spread } from '../../../bench/statistics.ts';

const row = (id: string): (typeof ROWS)[number] => ROWS.find((each) => each.id === id)!;

describe('a row of the budget', () => {
  test('that tells what is added takes the bare figure of the same round away', () => {
    const figures = { bare: [10, 20], ours: [12, 21], 'sdk-http': [30, 40] };
    expect(figuresOf(row('http'), figures)).toEqual([2, 1]);
    expect(figuresOf(row('http'), figures, 'sdk-http')).toEqual([20, 20]);
    // A round that ended in the middle has no difference.
    expect(figuresOf(row('http'), { bare: [10], ours: [12, 21] })).toEqual([2]);
  });

  test('that is not about what is added takes figures as they are, beside those of the bare app', () => {
    expect(figuresOf(row('stall'), { bare: [0.5], ours: [0.6] })).toEqual([0.6]);
  });

  test('is judged by the median, and to reach a bound is enough', () => {
    expect([8, 5, 15, 16].map((ms) => judged(spread([ms, 0, 100]), { must: 15, stretch: 8 }))).toEqual([
      'stretch',
      'stretch',
      'must',
      'missed',
    ]);
    expect([15, 8, 7].map((times) => judged(spread([times]), { must: 8, stretch: 15 }, true))).toEqual([
      'stretch',
      'must',
      'missed',
    ]);
    expect(judged(spread([1]), { must: 15 })).toBe('must');
  });

  test('with two bounds is missed when one of them is', () => {
    const counter = row('counter');
    expect(timesFaster({ ours: [100, 50], 'sdk-metrics': [1000, 1000] })).toEqual([10, 20]);
    expect(verdictOf(counter, 'node20', { ours: [100], 'sdk-metrics': [1000] })).toBe('must');
    expect(verdictOf(counter, 'node20', { ours: [100], 'sdk-metrics': [1500] })).toBe('stretch');
    expect(verdictOf(counter, 'node20', { ours: [100], 'sdk-metrics': [700] })).toBe('missed');
    expect(verdictOf(counter, 'node20', { ours: [111], 'sdk-metrics': [5000] })).toBe('missed');
  });

  test('has bounds of its own where a runtime has', () => {
    const start = { bare: [10], ours: [30] };
    expect(['node20' as const, 'bun' as const].map((runtime) => verdictOf(row('start-wall'), runtime, start))).toEqual([
      'missed',
      'must',
    ]);
    expect(verdictOf(row('start-cpu'), 'node20', start)).toBeUndefined();
    expect(verdictOf(row('http'), 'node20', {})).toBeUndefined();
  });

  test('that loses one measurement is missed', () => {
    expect(verdictOf(row('cap-lost'), 'node20', { ours: [0] })).toBe('must');
    expect(verdictOf(row('cap-lost'), 'node20', { ours: [1] })).toBe('missed');
  });
});

describe('the latest figures', () => {
  const RECORD: AgentRecord = {
    bench: 'agent',
    session: '2026-01-01T00:00:00.000Z',
    runtime: 'node20',
    runtimeVersion: 'v20.20.2',
    version: 'abc',
    machine: '2 x CPU',
    pinned: true,
    figures: { counter: { ours: [100] }, http: { ours: [3] } },
  };

  test('of a row are those of the last session that has it on that runtime', () => {
    const later = { ...RECORD, session: '2026-02-01T00:00:00.000Z', figures: { counter: { ours: [90] } } };
    const bun = { ...later, runtime: 'bun' as const, figures: { http: { ours: [1] } } };
    const records = [RECORD, later, bun];
    expect(latestFigures(records, 'node20', 'counter')?.figures).toEqual({ ours: [90] });
    expect(latestFigures(records, 'node20', 'http')?.record).toBe(RECORD);
    expect(latestFigures(records, 'node24', 'http')).toBeUndefined();
  });
});
