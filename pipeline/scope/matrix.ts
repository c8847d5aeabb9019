/**
 * The scope matrix: which scopes exist and what belongs to each on each platform. The single source for `detectScope`,
 * for the names a claim in the data may use, for `periscope scopes` and for docs/reference/scopes.md.
 */
export type Tier = 'premium' | 'standard' | 'basic';
export type Platform = 'Windows' | 'macOS' | 'Linux' | 'Other' | 'any';

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

/** What a user may set for a scope of their own, or change of one that is there; absent = as it was. */
export interface ScopeOverride {
  readonly tier?: Tier | undefined;
  readonly domain?: string | undefined;
  readonly storagePrefix?: string | undefined;
  readonly secretsBackend?: string | undefined;
  readonly features?: readonly string[] | undefined;
  readonly connectionsMax?: number | undefined;
  readonly messagesPerMinuteMax?: number | undefined;
  readonly retentionDays?: number | undefined;
  readonly colour?: string | undefined;
  readonly icon?: string | undefined;
}

/** The fallback when nothing matches; always in the matrix. */
export const GLOBAL_SCOPE = 'global';

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

/** Eleven rows: three scopes on three platforms, a sandbox on any other platform, and the fallback. */
export const SCOPE_MATRIX: ScopeMatrix = [
  ...[ENTERPRISE, DEVELOPMENT, LOCAL_SANDBOX].flatMap((traits) => [
    row(traits, 'Windows'),
    row(traits, 'macOS'),
    row(traits, 'Linux'),
  ]),
  row(LOCAL_SANDBOX, 'Other'),
  row(GLOBAL, 'any'),
];

/** The matrix with a user's scopes: a known name has its rows changed, a new one gets a row for every platform. */
export function overrideMatrix(matrix: ScopeMatrix, overrides: Readonly<Record<string, ScopeOverride>>): ScopeMatrix {
  let rows = [...matrix];
  for (const [scope, override] of Object.entries(overrides)) {
    const given = Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined));
    if (rows.some((each) => each.scope === scope)) {
      rows = rows.map((each) => (each.scope === scope ? { ...each, ...given } : each));
    } else {
      rows.push({ ...row({ ...GLOBAL, scope, storagePrefix: scope }, 'any'), ...given });
    }
  }
  return rows;
}

/** Every scope once, in the order of the matrix. */
export function scopeNames(matrix: ScopeMatrix): string[] {
  return [...new Set(matrix.map((each) => each.scope))];
}
