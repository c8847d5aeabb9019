import { z } from 'zod';
import { actionsSchema } from '../../pipeline/attributes/action-config.ts';
import { matchSchema } from '../../pipeline/attributes/match-config.ts';

export const config = z.strictObject({
  actions: actionsSchema
    .min(1, 'needs at least one action')
    .meta({ description: 'What to do with the attributes of every span, log record and data point, in this order.' }),
  include: matchSchema.nullish().meta({ description: 'Only items that match all of this are worked on.' }),
  exclude: matchSchema.nullish().meta({ description: 'Items that match all of this are left alone; asked after include.' }),
});

export type Config = z.output<typeof config>;
