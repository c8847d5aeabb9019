import { z } from 'zod';
import { byteSize, duration } from '../../pipeline/config-types.ts';
import { deliveryFieldsWith } from '../../pipeline/delivery.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { perfRuleSchema } from '../../pipeline/perf/rule.ts';

const MEBIBYTE = 1024 * 1024;

export const config = z
  .strictObject({
    // A batch is answered when its rows are loaded, which they are together a few times a second: many wait at a time.
    ...deliveryFieldsWith({ onFull: 'drop', timeout: '30s', consumers: 200 }),
    max_age: duration({ min: 1000 })
      .default(() => 3_600_000)
      .meta({ description: 'What came in longer ago is dropped.' }),
    max_rows: z
      .int()
      .min(1)
      .default(5_000_000)
      .meta({ description: 'Data points, spans and log records of one scope; the oldest of more are dropped.' }),
    max_bytes: byteSize({ min: MEBIBYTE })
      .default(512 * MEBIBYTE)
      .meta({ description: 'The same in bytes, as they are in memory.' }),
    memory: byteSize({ min: 64 * MEBIBYTE })
      .default(1024 * MEBIBYTE)
      .meta({
        description:
          'Of the analytics process, for the windows of all scopes (60 % of it, shared fairly) and their queries together.',
      }),
    on_disk: z.boolean().default(false).meta({
      description:
        'Keeps the windows in files under `storage.directory`: they are there again after a restart. Loading takes longer.',
    }),
    max_scopes: z
      .int()
      .min(1)
      .max(LIMITS.scopes)
      .default(LIMITS.windowScopes)
      .meta({ description: 'Scopes that have windows at a time; what comes for one more is refused.' }),
    master_perf: z
      .array(perfRuleSchema)
      .max(LIMITS.perfRules)
      .default([])
      .meta({ description: 'Metrics that are rows of MASTER_PERF though their points have no `perf.category`.' }),
  })
  .prefault({});

export type Config = z.output<typeof config>;
