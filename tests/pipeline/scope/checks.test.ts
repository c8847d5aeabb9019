import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECK_GROUPS, checkMatrix, placeOf } from '../../../pipeline/scope/checks.ts';
import { COLUMNS, isMissing } from '../../../pipeline/scope/columns.ts';
import { checkGuardrails } from '../../../pipeline/scope/guardrails.ts';
import { overrideMatrix, SCOPE_MATRIX, type Platform, type ScopeMatrix, type ScopeRow } from '../../../pipeline/scope/matrix.ts';

const failing = (matrix: ScopeMatrix): string[] =>
  checkMatrix(matrix).flatMap(({ ok, group, name }) => (ok ? [] : [`${group}: ${name}`]));

/** The matrix with changes to the row of a scope and platform, or to all rows of a scope. */
function mutate(changes: Partial<ScopeRow>, scope: string, platform?: Platform): ScopeMatrix {
  const hit = (row: ScopeRow): boolean => row.scope === scope && (platform === undefined || row.platform === platform);
  return SCOPE_MATRIX.map((row) => (hit(row) ? { ...row, ...changes } : row));
}
const rowOf = (scope: string, platform: Platform): ScopeRow =>
  SCOPE_MATRIX.find((row) => row.scope === scope && row.platform === platform)!;
const tenant = (changes: Partial<ScopeRow>): ScopeRow => ({
  ...rowOf('global', 'any'),
  scope: 'GLOBEX',
  storagePrefix: 'globex',
  ...changes,
});
const ROWS = SCOPE_MATRIX.map(({ scope, platform }) => ({ scope, platform, place: placeOf({ scope, platform }) }));

/** For each check a matrix that is wrong in one place. */
const MUTATIONS: Readonly<Record<string, ScopeMatrix>> = {
  'domain detection: ENTERPRISE': mutate({ domain: 'api.duoplus.io' }, 'DEVELOPMENT').toSorted((a, b) => order(a) - order(b)),
  'domain detection: DEVELOPMENT': mutate({ domain: 'dev2.duoplus.io' }, 'DEVELOPMENT', 'macOS'),
  'domain detection: LOCAL-SANDBOX': mutate({ domain: 'api.duoplus.io' }, 'LOCAL-SANDBOX'),
  'domain detection: global': mutate({ domain: 'www.duoplus.io' }, 'global'),
  ...Object.fromEntries(
    ROWS.map(({ scope, platform, place }, at) => {
      const column = (['tier', 'secretsBackend', 'connectionsMax', 'retentionDays', 'colour', 'icon'] as const)[at % 6]!;
      return [`completeness: ${place}`, mutate({ [column]: at % 2 === 0 ? undefined : '' }, scope, platform)];
    }),
  ),
  'feature mapping: ENTERPRISE': mutate({ features: ['AUDIT-LOGGING'] }, 'ENTERPRISE', 'Linux'),
  'feature mapping: DEVELOPMENT': mutate({ features: ['DEBUG', 'R2_STORAGE', 'DEBUG'] }, 'DEVELOPMENT'),
  'feature mapping: LOCAL-SANDBOX': mutate({ features: ['API_DUOPLUS_IO_TENANT'] }, 'LOCAL-SANDBOX', 'Other'),
  'feature mapping: global': mutate({ features: ['debug'] }, 'global'),
  'name normalisation: domains are in normal form': mutate({ domain: 'https://API.duoplus.io:443/' }, 'ENTERPRISE'),
  'name normalisation: scope names stay apart': [...SCOPE_MATRIX, tenant({ scope: 'enterprise' })],
  'name normalisation: one flag per domain': [...SCOPE_MATRIX, tenant({ domain: 'api-duoplus.io' })],
  ...Object.fromEntries(
    ROWS.map(({ scope, platform, place }, at) => {
      const storagePrefix = ['../up', 'a/b', 'a b', 'con', 'ending.'][at % 5]!;
      return [`storage path: ${place}`, mutate({ storagePrefix }, scope, platform)];
    }),
  ),
  'coverage: Windows': [...SCOPE_MATRIX, rowOf('ENTERPRISE', 'Windows')],
  'coverage: macOS': [...SCOPE_MATRIX, rowOf('DEVELOPMENT', 'macOS')],
  'coverage: Linux': [...SCOPE_MATRIX, tenant({ platform: 'Windows' }), tenant({ platform: 'macOS' })],
  'coverage: Other': [...SCOPE_MATRIX, rowOf('LOCAL-SANDBOX', 'Other')],
};
/** DEVELOPMENT before ENTERPRISE: of two owners of a domain the first keeps it. */
function order({ scope }: ScopeRow): number {
  return ['DEVELOPMENT', 'ENTERPRISE'].indexOf(scope) >>> 0;
}

describe('the checks of the scope matrix', () => {
  it('are 37, each with a name of its own, in six groups: 4, 11, 4, 3, 11, 4', () => {
    const verdicts = checkMatrix(SCOPE_MATRIX);
    expect(new Set(verdicts.map(({ group, name }) => `${group}: ${name}`)).size).toBe(37);
    const sizes = Object.keys(CHECK_GROUPS).map((group) => verdicts.filter((verdict) => verdict.group === group).length);
    expect(sizes).toEqual([4, 11, 4, 3, 11, 4]);
  });

  it('all hold for the built-in matrix, and say what they found', () => {
    expect(failing(SCOPE_MATRIX)).toEqual([]);
    for (const { detail } of checkMatrix(SCOPE_MATRIX)) expect(detail).not.toBe('');
  });

  it('each have a mutation below', () => {
    expect(Object.keys(MUTATIONS).toSorted()).toEqual(
      checkMatrix(SCOPE_MATRIX)
        .map(({ group, name }) => `${group}: ${name}`)
        .toSorted(),
    );
  });

  it.each(Object.keys(MUTATIONS))('%s: fails, and it alone, when its part of the matrix is wrong', (name) => {
    expect(failing(MUTATIONS[name]!)).toEqual([name]);
  });

  it.each(Object.keys(MUTATIONS))('%s: says what is wrong as "cannot …"', (name) => {
    for (const { ok, detail } of checkMatrix(MUTATIONS[name]!)) if (!ok) expect(detail).toMatch(/^cannot .+: .+/);
  });

  it('grow with the scopes a user adds: two for the scope, two for the row', () => {
    const names = checkMatrix(overrideMatrix(SCOPE_MATRIX, { ACME: { domain: 'acme.example.com' } })).map(
      ({ group, name, ok }) => `${group}: ${name} ${ok}`,
    );
    expect(names).toHaveLength(41);
    expect(names).toContain('domain detection: ACME true');
    expect(names).toContain('completeness: ACME on any platform true');
    expect(names).toContain('feature mapping: ACME true');
    expect(names).toContain('storage path: ACME on any platform true');
  });

  it('miss a row of the built-in matrix that is gone', () => {
    const without = SCOPE_MATRIX.filter(({ scope, platform }) => scope !== 'ENTERPRISE' || platform !== 'macOS');
    expect(failing(without)).toEqual([
      'completeness: ENTERPRISE on macOS',
      'storage path: ENTERPRISE on macOS',
      'coverage: macOS',
    ]);
  });

  it('and guardrails stand any value in any cell, and one of them says so unless it fits the column', () => {
    const cell = fc.tuple(fc.nat(SCOPE_MATRIX.length - 1), fc.constantFrom(...COLUMNS), fc.anything());
    fc.assert(
      fc.property(cell, ([at, column, value]) => {
        const matrix = SCOPE_MATRIX.map((row, index) => (index === at ? { ...row, [column.key]: value } : row));
        const failed = [...checkMatrix(matrix), ...checkGuardrails(matrix)].filter(({ ok }) => !ok);
        if (isMissing(column, value) || !column.fits(value)) expect(failed.length).toBeGreaterThan(0);
      }),
      { endOnFailure: true },
    );
  });

  it('miss a whole scope, and the fallback', () => {
    expect(failing(SCOPE_MATRIX.filter(({ scope }) => scope !== 'DEVELOPMENT'))).toContain('domain detection: DEVELOPMENT');
    const headless = failing(SCOPE_MATRIX.filter(({ scope }) => scope !== 'global'));
    expect(headless).toEqual(expect.arrayContaining(['domain detection: global', 'coverage: Other']));
  });
});
