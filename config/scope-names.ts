import type { Declared } from './components.ts';
import type { Fault } from './fault.ts';
import type { AllDeclared } from './pipelines.ts';
import { unknownScope } from './scopes.ts';
import { lookUp } from './tree.ts';

/** Every scope that a component's `scope:` or `scopes:` option names must be in the matrix. */
export function scopeFaults(declared: AllDeclared, known: readonly string[]): Fault[] {
  return [...declared.receivers.values(), ...declared.exporters.values(), ...declared.extensions.values()].flatMap((entry) =>
    named(entry.instance?.config, []).flatMap(({ name, path }) => faultFor(entry, name, path, known)),
  );
}

function faultFor({ section, id, tree }: Declared, name: string, path: readonly string[], known: readonly string[]): Fault[] {
  const fault = unknownScope(name, known);
  if (fault === undefined) return [];
  return [{ severity: 'error', ...fault, path: [section, id, ...path].join('::'), position: lookUp(tree, path).at }];
}

function named(config: unknown, path: readonly string[]): { name: string; path: readonly string[] }[] {
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    const here = [...path, key];
    if (key === 'scope' && typeof value === 'string') return [{ name: value, path: here }];
    if (key === 'scopes' && Array.isArray(value))
      return value.map((name, index) => ({ name: String(name), path: [...here, String(index)] }));
    return named(value, here);
  });
}
