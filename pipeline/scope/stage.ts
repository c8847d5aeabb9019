import type { ScopeStageConfig } from '../plan.ts';

/** The scope stage of a receiver whose pipelines list no `scope` entry: it always runs. The first key is injected. */
export const DEFAULT_SCOPE_STAGE: ScopeStageConfig = { keys: ['periscope.scope', 'dashboard.scope'], on_missing: 'inject' };
