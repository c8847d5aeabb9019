import { z } from 'zod';
import { duration } from '../../pipeline/config-types.ts';

/** What of itself the process can tell. */
export const OWN_SOURCES = ['isolation', 'security', 'zstd'] as const;

export const config = z.preprocess(
  (value) => value ?? {},
  z.strictObject({
    scope: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Every row that is posted is of this scope; a claim to another one is rejected.' }),
    mode: z.enum(['clean', 'reject']).default('clean').meta({
      description: 'Properties that break a rule of `sanitize`: mend what can be mended, or reject the row.',
    }),
    service_name: z.string().min(1).default('master_perf').meta({ description: 'The `service.name` of the records.' }),
    collection_interval: duration()
      .default(10_000)
      .meta({ description: 'How often the rows of this process itself are made; 0: never.' }),
    sources: z
      .array(z.enum(OWN_SOURCES, { error: `must be one of ${OWN_SOURCES.join(', ')}` }))
      .default([...OWN_SOURCES])
      .meta({
        description:
          'Rows of this process: `isolation` (memory, event loop), `security` (what is switched on), `zstd` (ratios of what it has compressed).',
      }),
  }),
);

export type MasterPerfConfig = z.output<typeof config>;
