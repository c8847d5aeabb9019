import { z } from 'zod';
import { actionsSchema } from '../../pipeline/attributes/action-config.ts';

export const config = z.strictObject({
  attributes: actionsSchema
    .min(1, 'needs at least one action')
    .meta({ description: 'What to do with the attributes of every resource, in this order.' }),
});

export type Config = z.output<typeof config>;
