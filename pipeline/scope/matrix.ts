import { domainToFeature, normaliseDomain } from './domains.ts';
import { requiredFeatures } from './features.ts';

/**
 * The scope matrix: which scopes exist and what belongs to each on each platform. The single source for `detectScope`,
 * for the names a claim in the data may use, for `periscope scopes` and for docs/reference/scope-matrix.md. Its rules are
 * in checks.ts and guardrails.ts, its columns in columns.ts, and why it is so in docs/decisions/0008.
 */
export const TIERS = ['premium', 'standard', 'basic'] as const;
export type Tier = (typeof TIERS)[number];
/** `Other`: any platform the matrix does not name. `any`: the row stands for all of them. */
export const PLATFORMS = ['Windows', 'macOS', 'Linux', 'Other', 'any'] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface ScopeRow {
  readonly scope: string;
  readonly platform: Platform;
  readonly tier: Tier;
  /** A machine configured with this domain (HOST) runs as this scope; '' = never by domain. */
  readonly domain: string;
  /** First path segment of everything stored for the scope. */
  readonly storagePrefix: string;
  readonly secretsBackend: string;
  readonly features: readonly string[];
  /** Live connections at once. */
  readonly connectionsMax: number;
  /** Messages a client may send in a minute. */
  readonly messagesPerMinuteMax: number;
  readonly retentionDays: number;
  /** Of the scope in tables and charts: a CSS colour. */
  readonly colour: string;
  readonly icon: string;
}
export type ScopeMatrix = readonly ScopeRow[];

/** What a user may change on one platform only. What must be the same everywhere (domain, prefix, …) is not among it. */
export interface PlatformOverride {
  readonly secretsBackend?: string | undefined;
  readonly features?: readonly string[] | undefined;
  readonly connectionsMax?: number | undefined;
  readonly messagesPerMinuteMax?: number | undefined;
  readonly retentionDays?: number | undefined;
}

/** What a user may set for a scope of their own, or change of one that is there; absent = as it was. */
export interface ScopeOverride extends PlatformOverride {
  readonly tier?: Tier | undefined;
  readonly domain?: string | undefined;
  readonly storagePrefix?: string | undefined;
  readonly colour?: string | undefined;
  readonly icon?: string | undefined;
  /** By platform; one that the scope has no row for gets one. */
  readonly platforms?: Readonly<Partial<Record<Platform, PlatformOverride | undefined>>> | undefined;
}

/** The fallback when nothing matches; always in the matrix. */
export const GLOBAL_SCOPE = 'global';

/** Where a machine of the platform keeps secrets of its own. */
const SECRETS_BACKENDS: Readonly<Record<Platform, string>> = {
  Windows: 'windows-credential-manager',
  macOS: 'keychain',
  Linux: 'secret-service',
  Other: 'environment',
  any: 'environment',
};

type Traits = Omit<ScopeRow, 'platform' | 'secretsBackend'>;
const row = (traits: Traits, platform: Platform): ScopeRow => ({
  ...traits,
  platform,
  secretsBackend: SECRETS_BACKENDS[platform],
});

const ENTERPRISE: Traits = {
  scope: 'ENTERPRISE',
  tier: 'premium',
  domain: 'api.duoplus.io',
  storagePrefix: 'enterprise',
  features: ['ENTERPRISE', 'AUDIT_LOGGING', 'RATE_LIMITING', 'WEBHOOK_SIGNING', 'R2_STORAGE', 'PERF_TRACKING'],
  connectionsMax: 10,
  messagesPerMinuteMax: 100,
  retentionDays: 365,
  colour: '#7c3aed',
  icon: '◆',
};
const DEVELOPMENT: Traits = {
  scope: 'DEVELOPMENT',
  tier: 'basic',
  domain: 'dev.duoplus.io',
  storagePrefix: 'development',
  features: ['DEBUG', 'DEBUG_PERF', 'PERF_TRACKING', 'R2_STORAGE'],
  connectionsMax: 10,
  messagesPerMinuteMax: 100,
  retentionDays: 30,
  colour: '#0284c7',
  icon: '●',
};
const LOCAL_SANDBOX: Traits = {
  scope: 'LOCAL-SANDBOX',
  tier: 'basic',
  domain: 'localhost',
  storagePrefix: 'local-sandbox',
  features: ['LOCAL_SANDBOX', 'DEBUG', 'DEBUG_PERF', 'MOCK_API', 'PERF_TRACKING'],
  connectionsMax: 10,
  messagesPerMinuteMax: 100,
  retentionDays: 7,
  colour: '#16a34a',
  icon: '▲',
};
const GLOBAL: Traits = {
  scope: GLOBAL_SCOPE,
  tier: 'basic',
  domain: '',
  storagePrefix: 'global',
  features: [],
  connectionsMax: 10,
  messagesPerMinuteMax: 100,
  retentionDays: 7,
  colour: '#64748b',
  icon: '○',
};

/** Eleven rows: three scopes on three platforms, a sandbox on any other platform, and the fallback. Frozen: apps import it. */
export const SCOPE_MATRIX: ScopeMatrix = Object.freeze(
  [
    ...[ENTERPRISE, DEVELOPMENT, LOCAL_SANDBOX].flatMap((traits) => [
      row(traits, 'Windows'),
      row(traits, 'macOS'),
      row(traits, 'Linux'),
    ]),
    row(LOCAL_SANDBOX, 'Other'),
    row(GLOBAL, 'any'),
  ].map((each) => Object.freeze({ ...each, features: Object.freeze([...each.features]) })),
);

/** What a scope of a user is kept for unless they say so. */
const RETENTION_DAYS: Readonly<Record<Tier, number>> = { premium: 365, standard: 90, basic: 30 };

/**
 * The matrix with a user's scopes. A known name has its rows changed; a new one gets one row for every platform, stores
 * under its own name, and is by default what the guardrails ask of its tier.
 */
export function overrideMatrix(matrix: ScopeMatrix, overrides: Readonly<Record<string, ScopeOverride>>): ScopeMatrix {
  const rowsOf = rowsByScope(matrix);
  for (const [scope, { platforms, ...override }] of Object.entries(overrides)) {
    const given = whatIsGiven(override);
    const own = rowsOf.get(scope)?.map((each) => ({ ...each, ...given })) ?? [newRow(scope, given)];
    for (const platform of PLATFORMS) {
      const changes = platforms?.[platform];
      if (changes === undefined) continue;
      const at = own.findIndex((each) => each.platform === platform);
      const base = own[at] ?? { ...row(own[0]!, platform), ...given };
      own[at < 0 ? own.length : at] = { ...base, ...whatIsGiven(changes) };
    }
    rowsOf.set(scope, own);
  }
  return [...rowsOf.values()].flat();
}

/** The rows of each scope, scopes in the order of the matrix. */
export function rowsByScope(matrix: ScopeMatrix): Map<string, ScopeRow[]> {
  const rowsOf = new Map<string, ScopeRow[]>();
  for (const each of matrix) {
    const rows = rowsOf.get(each.scope);
    if (rows === undefined) rowsOf.set(each.scope, [each]);
    else rows.push(each);
  }
  return rowsOf;
}

function newRow(scope: string, given: Partial<ScopeRow>): ScopeRow {
  const { tier = GLOBAL.tier, domain = '' } = given;
  return {
    ...row({ ...GLOBAL, scope, storagePrefix: scope }, 'any'),
    secretsBackend: 'os-keystore',
    features: [...requiredFeatures(tier), ...(domain === '' ? [] : [domainToFeature(domain)])],
    retentionDays: RETENTION_DAYS[tier],
    ...given,
  };
}

/** The options that were written, domains in the form in which they are compared. */
function whatIsGiven(override: Omit<ScopeOverride, 'platforms'>): Partial<ScopeRow> {
  const given = Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined)) as Partial<ScopeRow>;
  return given.domain === undefined ? given : { ...given, domain: normaliseDomain(given.domain) };
}

/** Every scope once, in the order of the matrix. */
export function scopeNames(matrix: ScopeMatrix): string[] {
  return [...new Set(matrix.map((each) => each.scope))];
}
