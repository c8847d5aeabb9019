import { audit } from './audit/index.ts';
import { dashboard } from './dashboard/index.ts';
import { healthCheck } from './health_check/index.ts';

/** Every extension of this build. */
export const extensions = [healthCheck, audit, dashboard] as const;
