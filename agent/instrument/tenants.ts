import { feature } from 'bun:bundle';
import { domainToFeature, normaliseDomain } from '../../pipeline/scope/domains.ts';
import type { Tier } from '../../pipeline/scope/matrix.ts';
import type { Settings } from './settings.ts';

/** A tenant that a bundle knows: the flag of its domain (`domainToFeature`), and its tier where the matrix has one. */
export interface Tenant {
  readonly flag: string;
  readonly tier?: Tier;
}

/** The settings of an app on a machine of one of these tenants (HOST): tagged with tenant, domain and tier, but for what
 *  AGENT_SCOPE says. A machine of another domain is nobody's. */
export function tenantSettings(settings: Settings, tenants: readonly Tenant[], host: string | undefined): Settings {
  const domain = normaliseDomain(host ?? '');
  const flag = domainToFeature(domain);
  const found = flag === '' ? undefined : tenants.find((tenant) => tenant.flag === flag);
  if (found === undefined) return settings;
  const { scope } = settings;
  return {
    ...settings,
    scope: { ...scope, tenant: scope.tenant ?? domain, domain: scope.domain ?? domain, tier: scope.tier ?? found.tier },
  };
}

/** The tenants that this bundle was built for, each behind its flag. Tiers are those of the scope matrix. */
export function knownTenants(): readonly Tenant[] {
  const tenants: Tenant[] = [];
  if (feature('API_DUOPLUS_IO_TENANT')) tenants.push({ flag: 'API_DUOPLUS_IO_TENANT', tier: 'premium' });
  if (feature('DEV_DUOPLUS_IO_TENANT')) tenants.push({ flag: 'DEV_DUOPLUS_IO_TENANT', tier: 'basic' });
  if (feature('LOCALHOST_TENANT')) tenants.push({ flag: 'LOCALHOST_TENANT', tier: 'basic' });
  if (feature('APPLE_FACTORY_WAGER_COM_TENANT')) tenants.push({ flag: 'APPLE_FACTORY_WAGER_COM_TENANT' });
  return tenants;
}
