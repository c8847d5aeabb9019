import { FLAG_NAMES, type FlagName } from './registry.ts';

export const VARIANT_NAMES = [
  'minimal',
  'production',
  'development',
  'debug',
  'enterprise',
  'local-sandbox',
  'embedded',
  'full',
] as const;
export type VariantName = (typeof VARIANT_NAMES)[number];

export interface Variant {
  readonly about: string;
  readonly flags: readonly FlagName[];
  /** What cannot be taken out of it. */
  readonly held: readonly FlagName[];
}

const TENANTS = FLAG_NAMES.filter((name) => name.endsWith('_TENANT'));
/** What an app in production has. */
const PRODUCTION: readonly FlagName[] = [
  'METRICS',
  'TRACK',
  'TRACES',
  'CONFIG_FILE',
  'PERF_TRACKING',
  'R2_STORAGE',
  'HTTP_SERVER',
  'HTTP_CLIENT',
  'FETCH',
  'BUN_SERVE',
  'FASTIFY',
  'EXPRESS',
  'HONO',
  'RUNTIME_METRICS',
  'PROCESS_METRICS',
  ...TENANTS,
];
/** What the guardrails of the scope matrix ask of the premium tier, and what makes an enterprise one. */
const ENTERPRISE: readonly FlagName[] = ['ENTERPRISE', 'AUDIT_LOGGING', 'RATE_LIMITING', 'WEBHOOK_SIGNING'];

const variant = (about: string, flags: readonly FlagName[], held: readonly FlagName[] = []): Variant => ({ about, flags, held });

/** The prebuilt bundles, `@periscope-otel/agent/<name>`; the package's main entry is `production`. */
export const VARIANTS: Readonly<Record<VariantName, Variant>> = {
  minimal: variant('nothing but the names: every call goes straight through; for libraries and for measuring the rest', []),
  production: variant('what an app in production needs', PRODUCTION),
  development: variant('production, and what helps while writing an app', [
    ...PRODUCTION,
    'TABLE',
    'DEBUG',
    'MOCK_API',
    'SDK_ENGINE',
  ]),
  debug: variant('development, and what the agent itself costs', [...PRODUCTION, 'TABLE', 'DEBUG', 'MOCK_API', 'DEBUG_PERF']),
  enterprise: variant(
    'production, held to what the scope matrix asks of the premium tier',
    [...PRODUCTION, ...ENTERPRISE],
    ENTERPRISE,
  ),
  'local-sandbox': variant("a person's own machine", [
    ...PRODUCTION,
    'LOCAL_SANDBOX',
    'TABLE',
    'DEBUG',
    'DEBUG_PERF',
    'MOCK_API',
  ]),
  embedded: variant(
    'beside a collector in the same process, which tells of the process itself',
    PRODUCTION.filter((name) => name !== 'PROCESS_METRICS' && name !== 'RUNTIME_METRICS'),
  ),
  full: variant('everything', FLAG_NAMES),
};

export interface FlagChanges {
  readonly add?: readonly FlagName[];
  readonly remove?: readonly FlagName[];
}

/** The flags of a variant that somebody builds otherwise, in the order of the registry. Throws when one is taken out that
 *  the variant stands for. */
export function flagsOf(name: VariantName, { add = [], remove = [] }: FlagChanges = {}): readonly FlagName[] {
  const { flags, held } = VARIANTS[name];
  const missed = remove.find((flag) => held.includes(flag));
  if (missed !== undefined) {
    throw new Error(
      `cannot build ${name} without ${missed}: it holds ${held.join(', ')}; build production with --feature instead`,
    );
  }
  return FLAG_NAMES.filter((flag) => (flags.includes(flag) || add.includes(flag)) && !remove.includes(flag));
}
