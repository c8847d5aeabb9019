import { z } from 'zod';
import type { ScopeStageConfig } from '../../pipeline/scope/stage.ts';
import { DEFAULT_SCOPE_STAGE } from '../../pipeline/scope/stage.ts';

const fields = z.strictObject({
  keys: z
    .array(z.string().min(1))
    .min(1)
    .default([...DEFAULT_SCOPE_STAGE.keys])
    .meta({ description: 'Attribute keys that are read as a claim; the first one is the one that is injected.' }),
  on_missing: z
    .enum(['inject', 'reject'])
    .default(DEFAULT_SCOPE_STAGE.on_missing)
    .meta({ description: 'What becomes of a resource without a claim: it gets the scope of its sender, or is rejected.' }),
});

export const config = fields.nullish().transform((given): ScopeStageConfig => given ?? fields.parse({}));
