import { z } from 'zod';
import { LIMITS } from '../pipeline/limits.ts';
import type { Plan } from '../pipeline/plan.ts';
import { checkMatrix, type Breach } from '../pipeline/scope/checks.ts';
import { COLOUR, COLUMNS, isIcon, SCOPE_NAME, SECRETS_BACKENDS } from '../pipeline/scope/columns.ts';
import { bindingOf, detectProcessScope, type DetectedScope } from '../pipeline/scope/detect.ts';
import { checkGuardrails } from '../pipeline/scope/guardrails.ts';
import {
  overrideMatrix,
  PLATFORMS,
  SCOPE_MATRIX,
  scopeNames,
  TIERS,
  type PlatformOverride,
  type ScopeMatrix,
  type ScopeOverride,
} from '../pipeline/scope/matrix.ts';
import { checkValue } from './check.ts';
import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';
import { scopeLimitsOf, scopeLimitsSchema } from './scope-limits.ts';
import { lookUp, type Tree } from './tree.ts';

const perPlatform = {
  secrets_backend: z
    .enum(Object.keys(SECRETS_BACKENDS))
    .optional()
    .meta({ description: 'Where its secrets live; shown in tables.' }),
  features: z.array(z.string()).optional().meta({
    description: 'Feature flags of the scope; default of a new one: what its tier requires, and the flag of its domain.',
  }),
  connections_max: z.int().positive().optional().meta({ description: 'Live connections at once.' }),
  messages_per_minute_max: z.int().positive().optional().meta({ description: 'Messages a client may send in a minute.' }),
  retention_days: z.int().positive().optional().meta({ description: 'How long its data is kept.' }),
};
const platformSchema = z.strictObject(perPlatform).nullable();

const scopeSchema = z.strictObject({
  domain: z.string().optional().meta({ description: 'A machine whose HOST is this domain runs as the scope.' }),
  tier: z.enum(TIERS).optional().meta({ description: 'What `periscope scopes check` asks of it; shown in tables.' }),
  storage_prefix: z
    .string()
    .regex(SCOPE_NAME, { message: 'must be letters, digits, . _ -, a letter or digit first, at most 64' })
    .optional()
    .meta({ description: 'First path segment of what is stored; default: the name.' }),
  ...perPlatform,
  colour: z
    .string()
    .regex(COLOUR, { message: 'must be a colour such as "#0284c7"' })
    .optional()
    .meta({ description: 'Colour in tables and charts, `#rrggbb`.' }),
  icon: z
    .string()
    .refine(isIcon, { message: 'must be one character' })
    .optional()
    .meta({ description: 'One character for tables.' }),
  limits: scopeLimitsSchema
    .optional()
    .meta({ description: 'What its senders may bring, over all listeners; over it they are answered 429 with Retry-After.' }),
  platforms: z
    .strictObject(Object.fromEntries(PLATFORMS.map((name) => [name, platformSchema.optional()])))
    .optional()
    .meta({
      description:
        'By platform (Windows, macOS, Linux, Other, any) what differs there: secrets_backend, features, connections_max, messages_per_minute_max, retention_days.',
    }),
});

/** The `scopes:` section: new scopes, and changes to those of the matrix. An empty entry takes all defaults. */
export const scopesSchema = z
  .record(
    z.string(),
    scopeSchema.nullable().transform((written) => ({
      override: overrideOf(written),
      limits: written?.limits === undefined ? undefined : scopeLimitsOf(written.limits),
    })),
  )
  .default({});
type WrittenScopes = z.output<typeof scopesSchema>;

type Written = NonNullable<z.output<typeof scopeSchema>>;

function overrideOf(value: Written | null): ScopeOverride {
  const platforms = Object.entries(value?.platforms ?? {}).map(([name, written]) => [
    name,
    platformOverrideOf(written ?? undefined),
  ]);
  return {
    domain: value?.domain,
    tier: value?.tier,
    storagePrefix: value?.storage_prefix,
    ...platformOverrideOf(value ?? undefined),
    colour: value?.colour,
    icon: value?.icon,
    platforms: Object.fromEntries(platforms) as ScopeOverride['platforms'],
  };
}

function platformOverrideOf(value: Pick<Written, keyof typeof perPlatform> | undefined): PlatformOverride {
  return {
    secretsBackend: value?.secrets_backend,
    features: value?.features,
    connectionsMax: value?.connections_max,
    messagesPerMinuteMax: value?.messages_per_minute_max,
    retentionDays: value?.retention_days,
  };
}

export interface ReadScopes {
  readonly matrix: ScopeMatrix;
  readonly detected: DetectedScope;
  readonly plan: Plan['scope'];
  readonly faults: Fault[];
  /** Those of the faults that are in the way of reading the section at all; the rest judge what it says. */
  readonly unreadable: Fault[];
}

/**
 * The matrix with the user's scopes, and the scope this process runs as. A user's scopes are held to the checks of the
 * built-in ones: a failed check is a fault, a broken guardrail a warning.
 */
export function readScopes(tree: Tree | undefined, environment: Readonly<Record<string, string | undefined>>): ReadScopes {
  const checked = checkValue(scopesSchema, tree, ['scopes']);
  const written = Object.entries((checked.value ?? {}) as WrittenScopes);
  const matrix = overrideMatrix(SCOPE_MATRIX, Object.fromEntries(written.map(([scope, { override }]) => [scope, override])));
  const limits = new Map(written.flatMap(([scope, own]) => (own.limits === undefined ? [] : [[scope, own.limits] as const])));
  const detected = detectProcessScope(environment, matrix);
  const known = scopeNames(matrix);
  const faults = [...checked.faults, ...matrixFaults(matrix, tree)];
  if (known.length > LIMITS.scopes) {
    const message = `cannot run ${known.length} scopes: at most ${LIMITS.scopes} are counted apart`;
    faults.push({ severity: 'error', message, path: 'scopes', position: tree?.at });
  }
  if (!known.includes(detected.scope)) {
    faults.push({
      severity: 'error',
      message: `cannot run as scope "${detected.scope}" (${detected.because}): it is not in the scope matrix (${known.join(', ')}); add it under scopes:`,
      path: 'scopes',
      suggestion: nearest(detected.scope, known),
    });
  }
  const plan = { binding: bindingOf(detected, matrix), known, limits };
  return { matrix, detected, plan, faults, unreadable: checked.faults };
}

/** Failed checks and broken guardrails, each at the scope and option that caused it. What several say alike is said once. */
function matrixFaults(matrix: ScopeMatrix, tree: Tree | undefined): Fault[] {
  // The built-in matrix is judged by our tests, not at every start.
  if (tree === undefined) return [];
  const errors = checkMatrix(matrix).flatMap(({ breaches }) => breaches);
  const faults = errors.map((breach) => faultAt(tree, 'error', breach.what, breach));
  const broken = new Set(errors.flatMap(({ scopes }) => scopes));
  // Of a scope that has a fault, what its guardrails would say follows from it; of its platforms the first speaks for all.
  const warnings = new Map<string, Fault>();
  for (const { name, breaches } of checkGuardrails(matrix)) {
    for (const breach of breaches) {
      if (breach.scopes.some((scope) => broken.has(scope))) continue;
      const fault = faultAt(tree, 'warning', breach.what, breach);
      const key = `${name} ${fault.path}`;
      if (!warnings.has(key)) warnings.set(key, fault);
    }
  }
  return [...new Map(faults.map((fault) => [fault.message, fault])).values(), ...warnings.values()];
}

function faultAt(
  tree: Tree | undefined,
  severity: Fault['severity'],
  message: string,
  { scopes, column }: Pick<Breach, 'scopes' | 'column'>,
): Fault {
  const written = tree?.kind === 'map' ? tree.entries : new Map<string, { readonly value: Tree }>();
  const scope = scopes.find((each) => written.has(each)) ?? scopes[0];
  if (scope === undefined || tree === undefined) return { severity, message, path: 'scopes' };
  const value = written.get(scope)?.value;
  const name = COLUMNS.find(({ key }) => key === column)?.name;
  const steps = value?.kind === 'map' && name !== undefined && value.entries.has(name) ? [scope, name] : [scope];
  return { severity, message, path: ['scopes', ...steps].join('::'), position: lookUp(tree, steps).at };
}

/** A scope that a component's option names must be one of the matrix: a typing error would make a new tenant. */
export function unknownScope(name: string, known: readonly string[]): Pick<Fault, 'message' | 'suggestion'> | undefined {
  if (known.includes(name)) return undefined;
  return {
    message: `unknown scope "${name}" (known: ${known.join(', ')}); add it under scopes:`,
    suggestion: nearest(name, known),
  };
}
