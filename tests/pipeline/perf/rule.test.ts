import { expect, it } from 'vitest';
import { perfRuleOf, perfRuleSchema } from '../../../pipeline/perf/rule.ts';

it('a rule takes the name of its metric for what it leaves out', () => {
  expect(perfRuleOf(perfRuleSchema.parse({ match: { metric: 'r2.latency' }, category: 'R2' }))).toEqual({
    match: { metric: 'r2.latency' },
    category: 'R2',
    type: 'performance',
    topic: 'r2.latency',
    subCat: '',
    id: 'r2.latency',
    pattern: '',
    locations: '',
    impact: '',
  });
});

it('a rule keeps what is written, under the names of the table', () => {
  const written = { match: { metric: 'm' }, category: 'C', type: 't', topic: '{op}', sub_cat: 's', id: 'i', impact: 'x' };
  expect(perfRuleOf(perfRuleSchema.parse(written))).toMatchObject({
    topic: '{op}',
    subCat: 's',
    id: 'i',
    impact: 'x',
    type: 't',
  });
});

it.each([{}, { match: {}, category: 'R2' }, { match: { metric: 'm' } }, { match: { metric: 'm' }, category: 'R2', subCat: 'x' }])(
  '%j is no rule',
  (written) => {
    expect(perfRuleSchema.safeParse(written).success).toBe(false);
  },
);
