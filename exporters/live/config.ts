import { z } from 'zod';
import { deliveryFieldsWith } from '../../pipeline/delivery.ts';

export const config = z.strictObject(deliveryFieldsWith({ onFull: 'drop' })).prefault({});

export type Config = z.output<typeof config>;
