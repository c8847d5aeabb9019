import { expect, it } from 'vitest';
import { OwnEngine } from '../../../support/metric-engine.ts';
import type { View } from '../../../../agent/instrument/metrics/contract.ts';

const EXPONENTIAL = { instrumentName: 'op.duration', aggregation: { type: 'base2_exponential_bucket_histogram' } } as const;

function leavesAs(views: readonly View[]): readonly string[] {
  const engine = new OwnEngine({ views, advice: [EXPONENTIAL] });
  engine.provider.getMeter('test').createHistogram('op.duration').record(1);
  return engine.collect().map(({ metric, type }) => `${metric} ${type}`);
}

it('advice holds where views say nothing, and adds no metric to theirs', () => {
  expect(leavesAs([])).toEqual(['op.duration exponentialHistogram']);
  expect(leavesAs([{ instrumentName: 'other', aggregation: { type: 'drop' } }])).toEqual(['op.duration exponentialHistogram']);
  expect(leavesAs([{ instrumentName: '*', attributeKeys: [] }])).toEqual(['op.duration exponentialHistogram']);
  expect(leavesAs([{ instrumentName: 'op.duration', name: 'renamed' }])).toEqual(['renamed exponentialHistogram']);
  expect(leavesAs([{ instrumentName: '*', aggregation: { type: 'explicit_bucket_histogram' } }])).toEqual([
    'op.duration histogram',
  ]);
  expect(leavesAs([{ aggregation: { type: 'drop' } }])).toEqual([]);
});
