import { attributes } from './attributes/index.ts';
import { batch } from './batch/index.ts';
import { filter } from './filter/index.ts';
import { memoryLimiter } from './memory_limiter/index.ts';
import { resource } from './resource/index.ts';
import { sanitize } from './sanitize/index.ts';
import { scope } from './scope/index.ts';

/** Everything that may stand under `processors:`, in the order in which a pipeline usually has them. */
export const processors = [memoryLimiter, scope, sanitize, filter, resource, attributes, batch] as const;
