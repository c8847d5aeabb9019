import { z } from 'zod';
import { byteSize, duration } from '../../pipeline/config-types.ts';

const MIB = 1024 * 1024;

export const config = z
  .strictObject({
    directory: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Folder of the segments and checkpoints. Default: `audit` in `storage.directory`.' }),
    on_failure: z.enum(['continue', 'refuse']).default('continue').meta({
      description:
        'While the log cannot be written: continue takes data and counts what was not written in time; refuse answers all senders 503 until it can be written again.',
    }),
    batch_size: z
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .meta({ description: 'So many records are written at once; CRITICAL ones never wait for others.' }),
    flush_interval: duration({ min: 10, max: 60_000 })
      .default(1000)
      .meta({ description: 'No record waits longer than this to be written and forced to the disk.' }),
    max_segment_size: byteSize({ min: 64 * 1024, max: 256 * MIB })
      .default(16 * MIB)
      .meta({ description: 'A segment is closed, indexed and followed by the next one before it grows past this.' }),
    max_days: z
      .int()
      .min(0)
      .max(36_500)
      .default(400)
      .meta({ description: 'Segments whose last record is older are deleted, and a record says so; 0 = never.' }),
    max_total_size: byteSize()
      .default(20 * 1024 * MIB)
      .meta({ description: 'The oldest segments are deleted, and a record says so, when all are over this; 0 = no bound.' }),
    checkpoint_interval: duration({ min: 1000 }).default(60_000).meta({
      description: 'How often the end of the chain is signed while records come; also at each new segment and at a stop.',
    }),
  })
  .superRefine((value, context) => {
    if (value.max_total_size > 0 && value.max_total_size < 2 * value.max_segment_size) {
      const message = 'must hold at least two segments (max_segment_size)';
      context.addIssue({ code: 'custom', path: ['max_total_size'], message });
    }
  })
  .prefault({});

export type Config = z.output<typeof config>;
