import { detectProcessScope } from '../../pipeline/scope/detect.ts';
import type { Environment, EnvironmentReader } from './environment.ts';

/** What this process says about whose it is. */
export interface ScopeTags {
  /** The scope that a collector is to bind its data to; undefined when nothing says so, and the collector decides. */
  readonly claim: string | undefined;
  readonly tenant: string | undefined;
  readonly tier: string | undefined;
  readonly domain: string | undefined;
}

const TAGS = ['scope', 'tenant', 'tier', 'domain'];
/** Values that semantic conventions have for `service.criticality`. */
const CRITICALITIES = ['critical', 'high', 'medium', 'low'];

/** `AGENT_SCOPE=tenant=acme,tier=high,domain=billing`, or a scope's bare name. DASHBOARD_SCOPE and HOST (the machine's
 *  configured domain) count where AGENT_SCOPE names no scope. */
export function readScopeTags(read: EnvironmentReader, environment: Environment): ScopeTags {
  const bare = environment['AGENT_SCOPE']?.includes('=') === false ? read.text('AGENT_SCOPE') : undefined;
  const tags = bare === undefined ? read.pairs(['AGENT_SCOPE'], (key) => TAGS.includes(key)) : { scope: bare };
  const detected = detectProcessScope(environment);
  if (detected.from === 'environment') read.used.add('DASHBOARD_SCOPE');
  if (detected.from === 'host') read.used.add('HOST');
  const { scope, tenant, tier, domain } = tags as Partial<Record<string, string>>;
  return { claim: scope ?? (detected.from === 'fallback' ? undefined : detected.scope), tenant, tier, domain };
}

/** As attributes of the resource: free per measurement, and what the collector's scope stage binds by. */
export function scopeAttributes({ claim, tenant, tier, domain }: ScopeTags): Readonly<Record<string, string | undefined>> {
  return {
    'periscope.scope': claim,
    'tenant.scope': tenant,
    'tenant.tier': tier,
    'tenant.domain': domain,
    'service.criticality': tier !== undefined && CRITICALITIES.includes(tier) ? tier : undefined,
    'service.namespace': domain,
  };
}
