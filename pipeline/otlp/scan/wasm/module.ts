import { allocate } from './memory.ts';
import { open, run } from './request.ts';
import { bodyFor } from './state.ts';

/** What the module gives to scan-machine.ts. */
export { allocate, bodyFor, open, run };
