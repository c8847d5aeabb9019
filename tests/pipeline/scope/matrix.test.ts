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
});
