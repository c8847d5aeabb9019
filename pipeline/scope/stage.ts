export interface ScopeStageConfig {
  /** Attribute keys read as a claim; the first one is the one that is injected. */
  readonly keys: readonly string[];
  readonly on_missing: 'inject' | 'reject';
}

/** The scope stage of a receiver whose pipelines list no `scope` entry: it always runs. The first key is injected. */
export const DEFAULT_SCOPE_STAGE: ScopeStageConfig = { keys: ['periscope.scope', 'dashboard.scope'], on_missing: 'inject' };
