import { describe, expect, it } from 'vitest';
import { FLAG_NAMES } from '../../../agent/instrument/flags/registry.ts';
import { readSettings, type Settings } from '../../../agent/instrument/settings.ts';
import { knownTenants, tenantSettings } from '../../../agent/instrument/tenants.ts';
import { domainToFeature } from '../../../pipeline/scope/domains.ts';
import { SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';

const settings = (environment: Record<string, string> = {}): Settings =>
  readSettings(environment, (line) => expect.unreachable(line));

describe('tenants of a bundle', () => {
  it('every domain of the matrix has its flag, and its tier is that of the matrix', () => {
    const domains = SCOPE_MATRIX.filter(({ domain }) => domain !== '');
    for (const { domain, tier } of domains) {
      expect(FLAG_NAMES).toContain(domainToFeature(domain));
      expect(knownTenants()).toContainEqual({ flag: domainToFeature(domain), tier });
    }
    expect(FLAG_NAMES).toContain(domainToFeature('apple.factory-wager.com'));
  });

  it('an app on a machine of one is tagged with it', () => {
    const { scope } = tenantSettings(settings(), knownTenants(), 'https://API.duoplus.io:443/');
    expect(scope).toMatchObject({ tenant: 'api.duoplus.io', domain: 'api.duoplus.io', tier: 'premium' });
    expect(tenantSettings(settings(), knownTenants(), 'apple.factory-wager.com').scope).toMatchObject({
      tenant: 'apple.factory-wager.com',
      tier: undefined,
    });
  });

  it('what AGENT_SCOPE says stands', () => {
    const given = settings({ AGENT_SCOPE: 'tenant=acme,tier=low' });
    expect(tenantSettings(given, knownTenants(), 'localhost').scope).toMatchObject({
      tenant: 'acme',
      tier: 'low',
      domain: 'localhost',
    });
  });

  it.each(['', 'example.com', undefined])('a machine of domain %j is nobody’s', (host) => {
    const given = settings();
    expect(tenantSettings(given, knownTenants(), host)).toBe(given);
  });
});
