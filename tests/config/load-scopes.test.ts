import { describe, expect, it } from 'vitest';
import { loadScopes } from '../../config/load-scopes.ts';

const load = (text: string, environment: Record<string, string> = {}) =>
  loadScopes([{ kind: 'text', name: 'a.yaml', text }], { environment, platform: 'Linux' });

describe('the matrix of a configuration', () => {
  it('is read whatever the rest is like', () => {
    const loaded = load(
      'receivers: { nothing_we_know: }\nprocessors: { x: "${env:NOT_SET}" }\nscopes: { ACME: { tier: "${env:TIER}" } }\n',
      {
        TIER: 'premium',
      },
    );
    expect('matrix' in loaded && loaded.matrix.at(-1)).toMatchObject({ scope: 'ACME', tier: 'premium' });
  });

  it('without a scopes section, or an empty one, is the built-in one', () => {
    for (const text of ['service:', 'scopes:', 'scopes: {}']) {
      const loaded = load(text);
      expect('matrix' in loaded && loaded.matrix.length).toBe(11);
    }
  });

  it('comes with its verdicts when it is unsound', () => {
    const loaded = load('scopes: { ACME: { domain: localhost, tier: premium, secrets_backend: file } }');
    if ('faults' in loaded) throw new Error('refused');
    const failed = [...loaded.checks, ...loaded.guardrails].filter(({ ok }) => !ok).map(({ name }) => name);
    expect(failed).toEqual(['ACME', 'scope isolation', 'secrets backend', 'production readiness']);
  });

  it('that cannot be read is faults with their places', () => {
    const loaded = load('scopes: { ACME: { tier: gold }, B: "${env:NOT_SET}" }');
    expect('faults' in loaded && loaded.faults.map(({ path }) => path)).toEqual(expect.arrayContaining(['scopes::ACME::tier']));
  });
});
