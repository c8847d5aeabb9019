import { describe, expect, it } from 'vitest';
import { overrideMatrix, SCOPE_MATRIX, scopeNames } from '../../../pipeline/scope/matrix.ts';

describe('the scope matrix', () => {
  it('has eleven rows of twelve columns, no two for one scope and platform', () => {
    expect(SCOPE_MATRIX).toHaveLength(11);
    for (const row of SCOPE_MATRIX) expect(Object.keys(row)).toHaveLength(12);
    expect(new Set(SCOPE_MATRIX.map(({ scope, platform }) => `${scope} ${platform}`)).size).toBe(11);
  });

  it('lists every scope once, the fallback last', () => {
    expect(scopeNames(SCOPE_MATRIX)).toEqual(['ENTERPRISE', 'DEVELOPMENT', 'LOCAL-SANDBOX', 'global']);
  });

  it('an override changes every row of its scope and no other', () => {
    const changed = overrideMatrix(SCOPE_MATRIX, { ENTERPRISE: { domain: 'api.example.com', tier: undefined } });
    expect(changed.filter(({ domain }) => domain === 'api.example.com').map(({ platform }) => platform)).toEqual([
      'Windows',
      'macOS',
      'Linux',
    ]);
    expect(changed.find(({ scope }) => scope === 'ENTERPRISE')?.tier).toBe('premium');
    expect(changed.filter(({ scope }) => scope !== 'ENTERPRISE')).toEqual(
      SCOPE_MATRIX.filter(({ scope }) => scope !== 'ENTERPRISE'),
    );
  });

  it('a new scope gets one row that stores under its own name', () => {
    const row = overrideMatrix(SCOPE_MATRIX, { ACME: { tier: 'premium' } }).at(-1);
    expect(row).toMatchObject({ scope: 'ACME', platform: 'any', tier: 'premium', storagePrefix: 'ACME', domain: '' });
  });

  it('a new scope is by default what its tier asks for, with the flag of its domain', () => {
    const row = overrideMatrix(SCOPE_MATRIX, { ACME: { tier: 'premium', domain: 'Apple.Factory-Wager.com' } }).at(-1);
    expect(row).toMatchObject({
      domain: 'apple.factory-wager.com',
      features: ['AUDIT_LOGGING', 'RATE_LIMITING', 'WEBHOOK_SIGNING', 'APPLE_FACTORY_WAGER_COM_TENANT'],
      retentionDays: 365,
      secretsBackend: 'os-keystore',
    });
  });

  it('a platform can differ, and one without a row gets one', () => {
    const matrix = overrideMatrix(SCOPE_MATRIX, {
      ENTERPRISE: {
        secretsBackend: 'vault',
        platforms: { macOS: { secretsBackend: 'keychain', retentionDays: 400 }, Other: { connectionsMax: 3 } },
      },
    });
    const rows = matrix.filter(({ scope }) => scope === 'ENTERPRISE');
    expect(rows.map((row) => [row.platform, row.secretsBackend, row.retentionDays, row.connectionsMax])).toEqual([
      ['Windows', 'vault', 365, 10],
      ['macOS', 'keychain', 400, 10],
      ['Linux', 'vault', 365, 10],
      ['Other', 'vault', 365, 3],
    ]);
    expect(matrix.slice(4).map(({ scope }) => scope)).toEqual(SCOPE_MATRIX.slice(3).map(({ scope }) => scope));
  });
});
