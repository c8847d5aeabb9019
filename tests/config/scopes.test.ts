import { describe, expect, it } from 'vitest';
import { faultsOf, MINIMAL, planOf } from '../support/config.ts';

const withScopes = (scopes: string): string => `${MINIMAL}scopes:\n${scopes}`;

describe('the scopes of a configuration', () => {
  it('are the matrix and the scopes that it adds', async () => {
    const { plan, matrix } = await planOf(
      withScopes('  ACME: { domain: acme.example.com, tier: premium, retention_days: 90 }\n  GLOBEX:\n'),
    );
    expect(plan.scope.known).toEqual(['ENTERPRISE', 'DEVELOPMENT', 'LOCAL-SANDBOX', 'global', 'ACME', 'GLOBEX']);
    expect(matrix.find(({ scope }) => scope === 'ACME')).toMatchObject({
      domain: 'acme.example.com',
      tier: 'premium',
      retentionDays: 90,
    });
  });

  it('decide what the process runs as', async () => {
    const text = withScopes('  ACME: { domain: acme.example.com }\n');
    expect((await planOf(text, { environment: { HOST: 'acme.example.com' } })).plan.scope.binding).toMatchObject({
      fallback: 'ACME',
      from: 'host',
    });
    expect((await planOf(text, { environment: { DASHBOARD_SCOPE: 'ACME' } })).plan.scope.binding).toEqual({
      allowed: ['ACME'],
      fallback: 'ACME',
      from: 'environment',
    });
  });

  it('a DASHBOARD_SCOPE that nobody knows is a fault, not a new tenant', async () => {
    expect(await faultsOf(MINIMAL, { environment: { DASHBOARD_SCOPE: 'ENTERPRIZE' } })).toEqual([
      expect.stringMatching(/cannot run as scope "ENTERPRIZE" \(DASHBOARD_SCOPE\).*did you mean "ENTERPRISE"\?/),
    ]);
  });

  it('so is a scope that a listener or an exporter names', async () => {
    const text = MINIMAL.replace('http:\n', 'http:\n        scope: ACMEE\n').replace(
      'debug:\n',
      'debug:\n    scopes: [ACME, GLOBEXX]\n',
    );
    expect(await faultsOf(`${text}scopes: { ACME: , GLOBEX: }\n`)).toEqual([
      expect.stringMatching(
        /^a\.yaml:5:9: receivers::otlp::protocols::http::scope: unknown scope "ACMEE" .*did you mean "ACME"\?$/,
      ),
      expect.stringMatching(/^a\.yaml:8:20: exporters::debug::scopes::1: unknown scope "GLOBEXX" .*did you mean "GLOBEX"\?$/),
    ]);
  });

  it.each([
    ['  enterprise:\n', 'their names differ in upper and lower case only'],
    ['  ACME: { domain: API.duoplus.io }\n', 'both have the domain'],
    ['  ACME: { storage_prefix: global }\n', 'both store under "global"'],
    ['  "a/b":\n', 'is no scope name'],
    ['  "..":\n', 'is no scope name'],
    ['  ACME: { tier: gold }\n', 'must be one of premium, standard, basic'],
    ['  ACME: { domian: x }\n', 'did you mean "domain"?'],
  ])('%j is a fault', async (scopes, message) => {
    expect((await faultsOf(withScopes(scopes))).join('\n')).toContain(message);
  });
});
