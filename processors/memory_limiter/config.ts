import { z } from 'zod';
import { duration } from '../../pipeline/config-types.ts';

const mebibytes = (description: string) => z.int().min(0).default(0).meta({ description });
const percentage = (description: string) => z.int().min(0).max(100).default(0).meta({ description });

const fields = z
  .strictObject({
    check_interval: duration({ min: 10 })
      .default(1000)
      .meta({ description: 'How often memory is measured; in between, what comes in is counted.' }),
    limit_mib: mebibytes('Resident memory of the process that must not be passed, in MiB. 0 = `limit_percentage` decides.'),
    spike_limit_mib: mebibytes('Requests are refused from this far below the limit. 0 = 20 % of the limit.'),
    limit_percentage: percentage(
      'The limit as a part of the memory the process may have (of its container, or of the machine). 0 = 80, when limit_mib is not given.',
    ),
    spike_limit_percentage: percentage('The same for `spike_limit_mib`. 0 = 20 % of the limit.'),
  })
  .refine((value) => value.limit_mib === 0 || value.spike_limit_mib < value.limit_mib, {
    message: 'spike_limit_mib must be less than limit_mib',
    path: ['spike_limit_mib'],
  })
  .refine((value) => value.limit_percentage === 0 || value.spike_limit_percentage < value.limit_percentage, {
    message: 'spike_limit_percentage must be less than limit_percentage',
    path: ['spike_limit_percentage'],
  });

export const config = fields.nullish().transform((given) => given ?? fields.parse({}));
export type MemoryLimiterConfig = z.output<typeof config>;
