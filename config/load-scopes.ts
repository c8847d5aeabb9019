import { readFileSync } from 'node:fs';
import { checkMatrix, type Verdict } from '../pipeline/scope/checks.ts';
import type { DetectedScope } from '../pipeline/scope/detect.ts';
import { checkGuardrails } from '../pipeline/scope/guardrails.ts';
import type { Platform, ScopeMatrix } from '../pipeline/scope/matrix.ts';
import { Expander } from './expand.ts';
import type { Fault } from './fault.ts';
import { readScopes } from './scopes.ts';
import { readSources, type ConfigSource } from './sources.ts';

export interface LoadedScopes {
  readonly matrix: ScopeMatrix;
  readonly detected: DetectedScope;
  readonly checks: readonly Verdict[];
  readonly guardrails: readonly Verdict[];
}
export interface LoadScopesOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: Platform;
}

/**
 * The scope matrix of a configuration and how it is judged, whatever the rest of the configuration is like. A matrix that
 * breaks its rules comes back with the verdicts; faults are only what cannot be read as one.
 */
export function loadScopes(
  sources: readonly ConfigSource[],
  { environment, platform }: LoadScopesOptions,
): LoadedScopes | { faults: Fault[] } {
  const { tree, faults } = readSources(sources);
  const expander = new Expander({ environment, readFile: (path) => readFileSync(path, 'utf8') });
  const written = tree?.kind === 'map' ? tree.entries.get('scopes')?.value : undefined;
  const section = written === undefined ? undefined : expander.expand(written);
  const isEmpty = section?.kind === 'scalar' && section.value === null;
  const { matrix, detected, unreadable } = readScopes(isEmpty ? undefined : section, environment);
  const all = [...faults.filter(({ severity }) => severity === 'error'), ...expander.faults, ...unreadable];
  if (all.length > 0) return { faults: all };
  return { matrix, detected, checks: checkMatrix(matrix), guardrails: checkGuardrails(matrix, detected, platform) };
}
