import { describe, expect, it } from 'vitest';
import { checkMatrix } from '../../../pipeline/scope/checks.ts';
import { detectProcessScope } from '../../../pipeline/scope/detect.ts';
import { checkGuardrails, GUARDRAILS } from '../../../pipeline/scope/guardrails.ts';
import { overrideMatrix, SCOPE_MATRIX, TIERS, type ScopeMatrix, type ScopeRow } from '../../../pipeline/scope/matrix.ts';

const broken = (matrix: ScopeMatrix): string[] => checkGuardrails(matrix).flatMap(({ ok, name }) => (ok ? [] : [name]));
const mutate = (changes: Partial<ScopeRow>, scope: string): ScopeMatrix =>
  SCOPE_MATRIX.map((row) => (row.scope === scope ? { ...row, ...changes } : row));
const globex: ScopeRow = { ...SCOPE_MATRIX.at(-1)!, scope: 'GLOBEX', storagePrefix: 'globex' };

/** For each guardrail, matrices that break it. */
const MUTATIONS: readonly (readonly [string, string, ScopeMatrix])[] = [
  ['scope isolation', 'two scopes with one prefix', mutate({ storagePrefix: 'Enterprise' }, 'DEVELOPMENT')],
  ['scope isolation', 'two scopes with one domain', mutate({ domain: 'API.duoplus.io.' }, 'DEVELOPMENT')],
  [
    'scope isolation',
    'two scopes with one tenant flag',
    [...mutate({ features: ['X_TENANT'] }, 'DEVELOPMENT'), { ...globex, features: ['X_TENANT'] }],
  ],
  ['feature coverage', 'premium without WEBHOOK_SIGNING', mutate({ features: ['AUDIT_LOGGING', 'RATE_LIMITING'] }, 'ENTERPRISE')],
  ['secrets backend', 'premium in the environment', mutate({ secretsBackend: 'environment' }, 'ENTERPRISE')],
  ['secrets backend', 'standard in a file', [...SCOPE_MATRIX, { ...globex, tier: 'standard', secretsBackend: 'file' }]],
  ['secrets backend', 'a keychain on Windows and Linux', mutate({ secretsBackend: 'keychain' }, 'DEVELOPMENT')],
  ['type safety', 'no connections', mutate({ connectionsMax: 0 }, 'global')],
  ['type safety', 'a number in text', mutate({ retentionDays: '30' as unknown as number }, 'DEVELOPMENT')],
  ['type safety', 'half a message', mutate({ messagesPerMinuteMax: 0.5 }, 'DEVELOPMENT')],
  ['type safety', 'a colour by name', mutate({ colour: 'red' }, 'DEVELOPMENT')],
  ['type safety', 'two icons', mutate({ icon: '◆◆' }, 'DEVELOPMENT')],
  ['type safety', 'a tier nobody knows', mutate({ tier: 'gold' as 'basic' }, 'DEVELOPMENT')],
  ['matrix completeness', 'an empty cell', mutate({ icon: '' }, 'global')],
  ['matrix completeness', 'a column too many', mutate({ owner: 'me' } as object, 'global')],
  ['matrix completeness', 'a scope that is gone', SCOPE_MATRIX.filter(({ scope }) => scope !== 'DEVELOPMENT')],
  ['scope context', 'a name that cleaning changes', [...SCOPE_MATRIX, { ...globex, scope: 'GLO\tBEX' }]],
  ['scope context', 'a name that is refused', [...SCOPE_MATRIX, { ...globex, scope: 'GLO/BEX' }]],
  ['production readiness', 'premium that debugs', mutate({ features: [...SCOPE_MATRIX[0]!.features, 'DEBUG'] }, 'ENTERPRISE')],
  ['production readiness', 'premium on localhost', mutate({ domain: 'enterprise.localhost' }, 'ENTERPRISE')],
  ['production readiness', 'premium kept for a month', mutate({ retentionDays: 30 }, 'ENTERPRISE')],
];

describe('the guardrails of the scope matrix', () => {
  it('are seven, and the built-in matrix keeps them all', () => {
    expect(Object.keys(GUARDRAILS)).toHaveLength(7);
    expect(broken(SCOPE_MATRIX)).toEqual([]);
    expect(new Set(MUTATIONS.map(([name]) => name))).toEqual(new Set(Object.keys(GUARDRAILS)));
  });

  it.each(MUTATIONS)('%s: %s breaks it, and no other', (name, _, matrix) => {
    expect(broken(matrix)).toEqual([name]);
    const verdict = checkGuardrails(matrix).find(({ ok }) => !ok)!;
    for (const { what, scopes } of verdict.breaches) {
      expect(what).toMatch(/^cannot .+: .+/);
      expect(scopes.length).toBeGreaterThan(0);
    }
  });

  it('scope context: a DASHBOARD_SCOPE that the matrix does not have', () => {
    const find = (environment: Record<string, string>) =>
      checkGuardrails(SCOPE_MATRIX, detectProcessScope(environment), 'Linux').find(({ name }) => name === 'scope context');
    expect(find({ DASHBOARD_SCOPE: 'ENTERPRISE' })?.ok).toBe(true);
    expect(find({ DASHBOARD_SCOPE: 'ENTERPRIZE' })?.detail).toBe(
      'cannot run as "ENTERPRIZE" (DASHBOARD_SCOPE) on Linux: the matrix has no row for it',
    );
  });

  it.each(TIERS)('a scope that a user adds with nothing but the tier %s passes all of them, and all checks', (tier) => {
    const matrix = overrideMatrix(SCOPE_MATRIX, { ACME: { tier, domain: 'acme.example.com' }, INTERNAL: { tier } });
    expect(broken(matrix)).toEqual([]);
    expect(checkMatrix(matrix).filter(({ ok }) => !ok)).toEqual([]);
  });
});
