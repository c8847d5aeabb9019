import { authSchema, type AuthConfig, type AuthMethod } from '../pipeline/auth.ts';
import { checkValue } from './check.ts';
import type { Declared } from './components.ts';
import type { Fault } from './fault.ts';
import { unknownScope } from './scopes.ts';
import { lookUp, type Tree } from './tree.ts';

/** The `auth:` section against itself, the scope matrix, and the listeners that ask for it. */
export function readAuth(
  tree: Tree | undefined,
  known: readonly string[],
  listeners: readonly Declared[],
): { auth: AuthConfig; faults: Fault[] } {
  const checked = checkValue(authSchema, tree, ['auth']);
  if (checked.value === undefined) return { auth: authSchema.parse(undefined), faults: checked.faults.map(withoutValue) };
  const auth = checked.value as AuthConfig;
  return { auth, faults: [...scopeFaults(auth, tree, known), ...listeners.flatMap((listener) => methodFaults(listener, auth))] };
}

/** What stands in the wrong option of this section may be a secret. */
function withoutValue(fault: Fault): Fault {
  return { ...fault, message: fault.message.replace(/^"[^]*" is /, 'what is written here is ') };
}

function scopeFaults(auth: AuthConfig, tree: Tree | undefined, known: readonly string[]): Fault[] {
  return (['certificates', 'basic'] as const).flatMap((kind) =>
    Object.entries(auth[kind]).flatMap(([name, { scopes }]) =>
      scopes.flatMap((scope, index): Fault[] => {
        const fault = unknownScope(scope, known);
        const path = [kind, name, 'scopes', index];
        const position = tree === undefined ? undefined : lookUp(tree, path).at;
        return fault === undefined ? [] : [{ severity: 'error', ...fault, path: ['auth', ...path].join('::'), position }];
      }),
    ),
  );
}

/** A listener that asks for what nobody has would refuse everybody. */
function methodFaults({ section, id, tree, instance }: Declared, auth: AuthConfig): Fault[] {
  return methodsIn(instance?.config, []).flatMap(({ methods, path }) =>
    (['certificate', 'basic'] as const)
      .filter((method) => methods.includes(method))
      .flatMap((method): Fault[] => {
        const kind = method === 'basic' ? 'basic' : 'certificates';
        if (Object.keys(auth[kind]).length > 0) return [];
        const message = `asks for ${method}, but auth::${kind} names nobody`;
        return [{ severity: 'error', message, path: [section, id, ...path].join('::'), position: lookUp(tree, path).at }];
      }),
  );
}

/** Does a listener of this component ask for tokens? */
export function asksForTokens({ instance }: Declared): boolean {
  return methodsIn(instance?.config, []).some(({ methods }) => methods.includes('token'));
}

/** Every `auth:` of a listener in a component's configuration, as `listenerAuth` leaves it. */
function methodsIn(config: unknown, path: readonly string[]): { methods: readonly AuthMethod[]; path: readonly string[] }[] {
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return [];
  return Object.entries(config).flatMap(([key, value]) =>
    key === 'auth' && Array.isArray(value)
      ? [{ methods: value as AuthMethod[], path: [...path, key] }]
      : methodsIn(value, [...path, key]),
  );
}
