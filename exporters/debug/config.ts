import { z } from 'zod';
import { deliveryFieldsWith } from '../../pipeline/delivery.ts';

export const config = z
  .strictObject({
    ...deliveryFieldsWith({ onFull: 'drop' }),
    verbosity: z
      .enum(['basic', 'normal', 'detailed'])
      .default('basic')
      .meta({ description: 'basic = counts per batch; normal = also a line per item; detailed = also every field.' }),
    sampling_initial: z
      .int()
      .min(0)
      .default(2)
      .meta({ description: 'Batches per second, scope and signal that are always shown.' }),
    sampling_thereafter: z
      .int()
      .min(0)
      .default(1)
      .meta({ description: 'Of the others in that second, every so-manieth is shown; 1 = all, 0 = none.' }),
    use_internal_logger: z.boolean().default(true).meta({
      description:
        'Counts go to our own log (stderr); false = to output_paths. Items always go to output_paths: our log never holds data.',
    }),
    output_paths: z
      .array(z.string().min(1))
      .min(1)
      .default(['stdout'])
      .meta({ description: '`stdout`, `stderr` or paths of files, which are appended to.' }),
  })
  .prefault({});

export type Config = z.output<typeof config>;
