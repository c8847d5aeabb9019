import type { Tier } from './matrix.ts';

export interface Feature {
  readonly about: string;
  /** Tiers whose scopes must have it: the guardrail "feature coverage". */
  readonly requiredBy: readonly Tier[];
  /** For people who write code: never in a tier that serves customers (the guardrail "production readiness"). */
  readonly development: boolean;
}

function feature(about: string, more: Partial<Feature> = {}): Feature {
  return { about, requiredBy: [], development: false, ...more };
}

/** The feature flags by name. A scope may have others of its own, and the flag of its domain (`domainToFeature`). */
export const FEATURES: Readonly<Record<string, Feature>> =
  /* @__PURE__ so that a bundle without a use for it leaves it out */ table();

function table(): Readonly<Record<string, Feature>> {
  return {
    ENTERPRISE: feature('the customer-facing deployment'),
    AUDIT_LOGGING: feature('who did what is recorded and provable', { requiredBy: ['premium'] }),
    RATE_LIMITING: feature('senders and clients are held to their limits', { requiredBy: ['premium'] }),
    WEBHOOK_SIGNING: feature('outgoing calls are signed', { requiredBy: ['premium'] }),
    R2_STORAGE: feature('an S3-compatible archive'),
    PERF_TRACKING: feature('the performance matrix is kept'),
    LOCAL_SANDBOX: feature("a person's own machine"),
    DEBUG: feature('more is logged', { development: true }),
    DEBUG_PERF: feature('the performance matrix says what each record cost', { development: true }),
    MOCK_API: feature('destinations are stand-ins', { development: true }),
  };
}

/** The flags a scope of this tier cannot do without. */
export function requiredFeatures(tier: Tier): string[] {
  return Object.entries(FEATURES).flatMap(([name, { requiredBy }]) => (requiredBy.includes(tier) ? [name] : []));
}
