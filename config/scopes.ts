import { z } from 'zod';
import { bindingOf, detectScope, normaliseDomain, type DetectedScope } from '../pipeline/scope/detect.ts';
import { overrideMatrix, SCOPE_MATRIX, scopeNames, type ScopeMatrix, type ScopeOverride } from '../pipeline/scope/matrix.ts';
import type { Plan } from '../pipeline/plan.ts';
import { checkValue } from './check.ts';
import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';
import { lookUp, type Tree } from './tree.ts';

/** Safe as a folder name, a header value and a label everywhere. */
const SCOPE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const scopeSchema = z.strictObject({
  domain: z.string().optional().meta({ description: 'A machine whose HOST is this domain runs as the scope.' }),
  tier: z.enum(['premium', 'standard', 'basic']).optional().meta({ description: 'Shown in tables.' }),
  storage_prefix: z
    .string()
    .regex(SCOPE_NAME)
    .optional()
    .meta({ description: 'First path segment of what is stored; default: the name.' }),
  secrets_backend: z.string().optional().meta({ description: 'Where its secrets live; shown in tables.' }),
  features: z.array(z.string()).optional().meta({ description: 'Feature flags of the scope.' }),
  connections_max: z.int().positive().optional().meta({ description: 'Live connections at once.' }),
  messages_per_minute_max: z.int().positive().optional().meta({ description: 'Messages a client may send in a minute.' }),
  retention_days: z.int().positive().optional().meta({ description: 'How long its data is kept.' }),
  colour: z.string().optional().meta({ description: 'CSS colour in tables and charts.' }),
  icon: z.string().optional().meta({ description: 'One character for tables.' }),
});

/** The `scopes:` section: new scopes, and changes to those of the matrix. An empty entry takes all defaults. */
export const scopesSchema = z
  .record(
    z.string(),
    scopeSchema.nullable().transform((value): ScopeOverride => ({
      domain: value?.domain,
      tier: value?.tier,
      storagePrefix: value?.storage_prefix,
      secretsBackend: value?.secrets_backend,
      features: value?.features,
      connectionsMax: value?.connections_max,
      messagesPerMinuteMax: value?.messages_per_minute_max,
      retentionDays: value?.retention_days,
      colour: value?.colour,
      icon: value?.icon,
    })),
  )
  .default({});

export interface ReadScopes {
  readonly matrix: ScopeMatrix;
  readonly detected: DetectedScope;
  readonly plan: Plan['scope'];
  readonly faults: Fault[];
}

/** The matrix with the user's scopes, and the scope this process runs as. */
export function readScopes(tree: Tree | undefined, environment: Readonly<Record<string, string | undefined>>): ReadScopes {
  const checked = checkValue(scopesSchema, tree, ['scopes']);
  const overrides = (checked.value ?? {}) as Record<string, ScopeOverride>;
  const matrix = overrideMatrix(SCOPE_MATRIX, overrides);
  const detected = detectScope(environment, matrix);
  const known = scopeNames(matrix);
  const faults = [...checked.faults, ...nameFaults(overrides, tree), ...clashes(matrix, tree)];
  if (!known.includes(detected.scope)) {
    faults.push({
      severity: 'error',
      message: `cannot run as scope "${detected.scope}" (${detected.because}): it is not in the scope matrix (${known.join(', ')}); add it under scopes:`,
      path: 'scopes',
      suggestion: nearest(detected.scope, known),
    });
  }
  return { matrix, detected, plan: { binding: bindingOf(detected, matrix), known }, faults };
}

function nameFaults(overrides: Readonly<Record<string, ScopeOverride>>, tree: Tree | undefined): Fault[] {
  return Object.keys(overrides)
    .filter((name) => !SCOPE_NAME.test(name))
    .map((name) => at(tree, name, `"${name}" is no scope name: letters, digits, . _ -, a letter or digit first, at most 64`));
}

/** Two scopes that a person, a file system or a domain would take for one. */
function clashes(matrix: ScopeMatrix, tree: Tree | undefined): Fault[] {
  const faults: Fault[] = [];
  const owners = new Map<string, string>();
  for (const { scope, domain, storagePrefix } of matrix) {
    const marks = [
      [`name ${scope.toLowerCase()}`, 'their names differ in upper and lower case only'],
      [`prefix ${storagePrefix.toLowerCase()}`, `both store under "${storagePrefix}"`],
      ...(domain === '' ? [] : [[`domain ${normaliseDomain(domain)}`, `both have the domain "${domain}"`]]),
    ] as [string, string][];
    for (const [mark, why] of marks) {
      const owner = owners.get(mark);
      if (owner === undefined) owners.set(mark, scope);
      else if (owner !== scope) faults.push(at(tree, scope, `cannot tell scope "${scope}" from "${owner}": ${why}`));
    }
  }
  return faults;
}

function at(tree: Tree | undefined, name: string, message: string): Fault {
  const position = tree === undefined ? undefined : lookUp(tree, [name]).at;
  return { severity: 'error', message, path: `scopes::${name}`, position };
}

/** A scope that a component's option names must be one of the matrix: a typing error would make a new tenant. */
export function unknownScope(name: string, known: readonly string[]): Pick<Fault, 'message' | 'suggestion'> | undefined {
  if (known.includes(name)) return undefined;
  return {
    message: `unknown scope "${name}" (known: ${known.join(', ')}); add it under scopes:`,
    suggestion: nearest(name, known),
  };
}
