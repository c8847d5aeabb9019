/**
 * The package's `./scope` entry, and what the in-process agent uses: the scope matrix and the helpers around it, under the names
 * users of the earlier system know. Light: no npm package is loaded.
 */
export { assignScope, validateMetricScope, type ClaimingMetric, type ScopeVerdict } from './claim.ts';
export { detectScope } from './detect.ts';
export { domainToFeature, normaliseDomain } from './domains.ts';
export { FEATURES, type Feature } from './features.ts';
export { getScopedFeatureFlags, platformOf, rowFor, scopedFeatures } from './lookup.ts';
export { GLOBAL_SCOPE, SCOPE_MATRIX, scopeNames, type Platform, type ScopeMatrix, type ScopeRow, type Tier } from './matrix.ts';
export { judgeProperties, sanitizeProperties, type JudgedProperties, type PropertyRules } from './properties.ts';
