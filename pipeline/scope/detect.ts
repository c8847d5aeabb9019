import type { Binding } from './binding.ts';
import { GLOBAL_SCOPE, SCOPE_MATRIX, scopeNames, type ScopeMatrix } from './matrix.ts';

export interface DetectedScope {
  readonly scope: string;
  readonly from: 'environment' | 'host' | 'fallback';
  /** For the start-up print: `DASHBOARD_SCOPE`, `HOST=api.example.com`, `nothing matched`. */
  readonly because: string;
}
type Environment = Readonly<Record<string, string | undefined>>;

const domainsOf = new WeakMap<ScopeMatrix, ReadonlyMap<string, string>>();

function scopeByDomain(matrix: ScopeMatrix): ReadonlyMap<string, string> {
  let domains = domainsOf.get(matrix);
  if (domains === undefined) {
    domains = new Map(matrix.filter((row) => row.domain !== '').map((row) => [normaliseDomain(row.domain), row.scope]));
    domainsOf.set(matrix, domains);
  }
  return domains;
}

/** `https://API.example.com.:8443/x` → `api.example.com`. */
export function normaliseDomain(text: string): string {
  const authority = text
    .trim()
    .toLowerCase()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/[/?#].*$/s, '');
  return authority.replace(/:\d+$/, '').replace(/\.$/, '');
}

/**
 * The scope this process runs as: DASHBOARD_SCOPE, else the scope whose domain is this machine's configured one (HOST),
 * else `global`. Never from a request. DASHBOARD_SCOPE is taken as it is written: the caller checks that it is known.
 */
export function detectScope(environment: Environment, matrix: ScopeMatrix = SCOPE_MATRIX): DetectedScope {
  const chosen = environment['DASHBOARD_SCOPE']?.trim();
  if (chosen !== undefined && chosen !== '') return { scope: chosen, from: 'environment', because: 'DASHBOARD_SCOPE' };
  const host = environment['HOST'] ?? '';
  const scope = scopeByDomain(matrix).get(normaliseDomain(host));
  if (scope !== undefined) return { scope, from: 'host', because: `HOST=${host}` };
  const because = host === '' ? 'neither DASHBOARD_SCOPE nor HOST is set' : `no scope has the domain of HOST=${host}`;
  return { scope: GLOBAL_SCOPE, from: 'fallback', because };
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
