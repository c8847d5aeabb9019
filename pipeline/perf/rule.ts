import { z } from 'zod';

/** Makes rows of MASTER_PERF of a metric whose points say nothing of it themselves. `{key}` in a text stands for an attribute. */
const text = (description: string) => z.string().max(256).optional().meta({ description });

export const perfRuleSchema = z.strictObject({
  match: z.strictObject({
    metric: z.string().min(1).max(256).meta({ description: 'Name of the metric.' }),
  }),
  category: z.string().min(1).max(256).meta({ description: '`R2`, `Isolation`, or a word of your own.' }),
  type: z.string().min(1).max(256).default('performance').meta({ description: '`performance`, `configuration`, …' }),
  topic: text('Default: the name of the metric. `{key}` in it, as in all of these, stands for the value of that attribute.'),
  sub_cat: text('`Latency`, `Throughput`, …'),
  id: text('What tells the rows of one topic apart, such as `{operation}`. Default: the name of the metric.'),
  pattern: text('`time_measurement`, …'),
  locations: text('Where it is measured.'),
  impact: text('What it is good for to know it.'),
});

export interface PerfRule {
  readonly match: { readonly metric: string };
  readonly category: string;
  readonly type: string;
  readonly topic: string;
  readonly subCat: string;
  readonly id: string;
  readonly pattern: string;
  readonly locations: string;
  readonly impact: string;
}

/** With every text that was not written. */
export function perfRuleOf(written: z.output<typeof perfRuleSchema>): PerfRule {
  const { match, category, type, topic = match.metric, id = match.metric, sub_cat: subCat = '' } = written;
  const { pattern = '', locations = '', impact = '' } = written;
  return { match, category, type, topic, subCat, id, pattern, locations, impact };
}
