import { describe, expect, it } from 'vitest';
import { getScopedFeatureFlags, platformOf, rowFor, scopedFeatures } from '../../../pipeline/scope/lookup.ts';
import { overrideMatrix, PLATFORMS, SCOPE_MATRIX, scopeNames } from '../../../pipeline/scope/matrix.ts';

describe('the row that applies', () => {
  it("is the platform's own", () => {
    for (const row of SCOPE_MATRIX) expect(rowFor(row.scope, row.platform)).toBe(row);
  });

  it('is there for every scope on every platform: any for all, Linux for what nobody named', () => {
    for (const scope of scopeNames(SCOPE_MATRIX))
      for (const platform of PLATFORMS) if (platform !== 'any') expect(rowFor(scope, platform)?.scope).toBe(scope);
    expect(rowFor('global', 'macOS')?.platform).toBe('any');
    expect(rowFor('ENTERPRISE', 'Other')?.platform).toBe('Linux');
    expect(rowFor('LOCAL-SANDBOX', 'Other')?.platform).toBe('Other');
  });

  it('is none for a scope nobody knows', () => {
    expect(rowFor('ACME', 'Linux')).toBeUndefined();
    expect(rowFor('__proto__', 'Linux')).toBeUndefined();
  });

  it("is a user's too", () => {
    const matrix = overrideMatrix(SCOPE_MATRIX, { ACME: { platforms: { Linux: { connectionsMax: 3 } } } });
    expect(rowFor('ACME', 'Linux', matrix)?.connectionsMax).toBe(3);
    expect(rowFor('ACME', 'macOS', matrix)?.connectionsMax).toBe(10);
  });

  it.each([
    ['win32', 'Windows'],
    ['darwin', 'macOS'],
    ['linux', 'Linux'],
    ['freebsd', 'Other'],
  ])('%s is %s', (name, platform) => {
    expect(platformOf(name)).toBe(platform);
  });
});

describe('the features of a scope', () => {
  it('are those of its row, none for an unknown scope', () => {
    expect(scopedFeatures('ENTERPRISE')).toContain('AUDIT_LOGGING');
    expect(scopedFeatures('global')).toEqual([]);
    expect(scopedFeatures('ACME')).toEqual([]);
  });

  it("with a tenant's own flag", () => {
    const matrix = overrideMatrix(SCOPE_MATRIX, { APPLE: { domain: 'apple.factory-wager.com' } });
    expect(scopedFeatures('APPLE', matrix)).toEqual(['APPLE_FACTORY_WAGER_COM_TENANT']);
    expect(getScopedFeatureFlags('APPLE', matrix)).toMatchObject({ APPLE_FACTORY_WAGER_COM_TENANT: true, DEBUG: false });
  });

  it('as flags: every one there is, on or off', () => {
    expect(getScopedFeatureFlags('DEVELOPMENT')).toMatchObject({ DEBUG: true, MOCK_API: false, ENTERPRISE: false });
  });
});
