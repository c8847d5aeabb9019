import { z } from 'zod';
import { duration } from '../../pipeline/config-types.ts';
import { LIMITS } from '../../pipeline/limits.ts';

const fields = z
  .strictObject({
    send_batch_size: z
      .int()
      .min(0)
      .default(8192)
      .meta({ description: 'Items (data points, spans, log records) at which a batch is sent at once; 0 = nothing waits.' }),
    send_batch_max_size: z
      .int()
      .min(0)
      .default(0)
      .meta({ description: 'Items of the largest batch; larger ones are cut. 0 = no limit; else at least `send_batch_size`.' }),
    timeout: duration().default(200).meta({ description: 'A batch is sent after this time whatever its size; 0 = at once.' }),
    metadata_keys: z
      .array(z.string().min(1))
      .default([])
      .refine((keys) => new Set(keys.map((key) => key.toLowerCase())).size === keys.length, { message: 'names a key twice' })
      .meta({ description: 'Request headers whose values keep batches apart; the receiver must have `include_metadata`.' }),
    metadata_cardinality_limit: z.int().min(0).default(LIMITS.batchMetadataCardinality).meta({
      description:
        'Most combinations of metadata values and scope held at once; 0 = no limit. Requests beyond it are passed on without waiting.',
    }),
  })
  .refine((value) => value.send_batch_max_size === 0 || value.send_batch_max_size >= value.send_batch_size, {
    message: 'send_batch_max_size must be at least send_batch_size',
    path: ['send_batch_max_size'],
  });

export const config = fields.nullish().transform((given) => given ?? fields.parse({}));
export type BatchConfig = z.output<typeof config>;
