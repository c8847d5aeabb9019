import type { Binding } from './binding.ts';
import { normaliseDomain } from './domains.ts';
import { GLOBAL_SCOPE, SCOPE_MATRIX, scopeNames, type ScopeMatrix } from './matrix.ts';

export interface DetectedScope {
  readonly scope: string;
  readonly from: 'environment' | 'host' | 'fallback';
  /** For the start-up print: `DASHBOARD_SCOPE`, `HOST=api.example.com`, `nothing matched`. */
  readonly because: string;
}
export type Environment = Readonly<Record<string, string | undefined>>;

const domainsOf = new WeakMap<ScopeMatrix, ReadonlyMap<string, string>>();

/** Built once per matrix, so that detection costs one look-up however many scopes there are. */
function scopeByDomain(matrix: ScopeMatrix): ReadonlyMap<string, string> {
  let domains = domainsOf.get(matrix);
  if (domains === undefined) {
    const built = new Map<string, string>();
    for (const { domain, scope } of matrix) {
      const name = normaliseDomain(domain);
      // The first owner keeps a domain: a scope that is added cannot take one away.
      if (name !== '' && !built.has(name)) built.set(name, scope);
    }
    domains = built;
    domainsOf.set(matrix, domains);
  }
  return domains;
}

/**
 * The scope this process runs as, and why: DASHBOARD_SCOPE, else the scope whose domain is this machine's configured one
 * (HOST), else `global`. Never from a request. DASHBOARD_SCOPE is taken as it is written: the caller checks that it is known.
 */
export function detectProcessScope(environment: Environment, matrix: ScopeMatrix = SCOPE_MATRIX): DetectedScope {
  const chosen = environment['DASHBOARD_SCOPE']?.trim();
  if (chosen !== undefined && chosen !== '') return { scope: chosen, from: 'environment', because: 'DASHBOARD_SCOPE' };
  const host = environment['HOST'] ?? '';
  const scope = host === '' ? undefined : scopeByDomain(matrix).get(normaliseDomain(host));
  if (scope !== undefined) return { scope, from: 'host', because: `HOST=${host}` };
  const because = host === '' ? 'neither DASHBOARD_SCOPE nor HOST is set' : `no scope has the domain of HOST=${host}`;
  return { scope: GLOBAL_SCOPE, from: 'fallback', because };
}

/**
 * The name of the scope an app runs as: DASHBOARD_SCOPE, else the scope that has `host` as its domain, else `global`. `host` is
 * the machine's configured name and never a request's Host header: a sender must not choose. Constant time, never throws. For
 * apps, so it reads the process's environment unless it is given another.
 */
export function detectScope(
  host: string | undefined = undefined,
  environment: Environment = process.env,
  matrix: ScopeMatrix = SCOPE_MATRIX,
): string {
  const { DASHBOARD_SCOPE: chosen, HOST } = environment;
  return detectProcessScope({ DASHBOARD_SCOPE: chosen, HOST: host ?? HOST }, matrix).scope;
}

/**
 * What a detected scope allows a sender to claim on a listener without `scope:` of its own. DASHBOARD_SCOPE fixes it;
 * otherwise a claim may name any scope of the matrix, and what has no claim is the detected scope. Receivers narrow this
 * on listeners that are not local.
 */
export function bindingOf(detected: DetectedScope, matrix: ScopeMatrix): Binding {
  const allowed = detected.from === 'environment' ? [detected.scope] : scopeNames(matrix);
  return { allowed, fallback: detected.scope, from: detected.from };
}
