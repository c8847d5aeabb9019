import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../pipeline/limits.ts';
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
    ['  ACME: { domain: "not a domain" }\n', 'scopes::ACME::domain: cannot use the domain "not a domain" of scope "ACME"'],
    ['  ACME: { storage_prefix: con }\n', 'scopes::ACME::storage_prefix: cannot store under "con"'],
    ['  ACME: { storage_prefix: ../up }\n', 'scopes::ACME::storage_prefix: must be letters'],
    ['  ACME: { features: [debug] }\n', 'scopes::ACME::features: cannot switch on "debug"'],
    ['  ACME: { features: [API_DUOPLUS_IO_TENANT] }\n', 'it is not the flag of its domain'],
    ['  ACME: { secrets_backend: valt }\n', 'did you mean "vault"?'],
    ['  ACME: { colour: red }\n', 'must be a colour such as "#0284c7"'],
    ['  ACME: { icon: ab }\n', 'must be one character'],
    ['  ACME: { platforms: { linux: } }\n', 'did you mean "Linux"?'],
    ['  ACME: { platforms: { Linux: { domain: x } } }\n', 'unknown option'],
    ['  A: { domain: api-duoplus.io }\n', 'both have the flag API_DUOPLUS_IO_TENANT'],
  ])('%j is a fault', async (scopes, message) => {
    expect((await faultsOf(withScopes(scopes))).join('\n')).toContain(message);
  });

  it("a built-in scope that takes what is another's is named where it is written, and once", async () => {
    expect(await faultsOf(withScopes('  ENTERPRISE:\n    storage_prefix: Development\n'))).toEqual([
      'a.yaml:14:5: scopes::ENTERPRISE::storage_prefix: cannot tell scope "DEVELOPMENT" from "ENTERPRISE": both store under "development"',
    ]);
  });

  it('are all told at once what is wrong with them', async () => {
    const faults = await faultsOf(
      withScopes('  "a/b":\n  "..":\n  A: { domain: "x y", features: [a, b] }\n  B: { domain: "-" }\n'),
    );
    for (const part of ['"a/b"', '".."', '"x y"', '"a" for', '"b" for', '"-"']) expect(faults.join('\n')).toContain(part);
  });

  it('what breaks a guardrail is a warning, where it is written', async () => {
    expect(await faultsOf(withScopes('  ACME: { tier: premium, secrets_backend: environment }\n'))).toEqual([
      'warning: a.yaml:13:26: scopes::ACME::secrets_backend: cannot keep the secrets of ACME on any platform in environment: others on the machine can read it, and the scope is premium',
    ]);
  });

  it('what breaks one for every platform of a scope is said once', async () => {
    expect(await faultsOf(withScopes('  ENTERPRISE: { secrets_backend: file, retention_days: 9 }\n'))).toEqual([
      expect.stringContaining('scopes::ENTERPRISE::secrets_backend: cannot keep the secrets of ENTERPRISE on Windows in file'),
      expect.stringContaining('scopes::ENTERPRISE::retention_days: cannot serve customers from ENTERPRISE on Windows'),
    ]);
  });

  it('are at most as many as are counted apart', async () => {
    const many = Array.from({ length: LIMITS.scopes }, (_, n) => `  T${n}:\n`).join('');
    expect((await faultsOf(withScopes(many))).join('\n')).toContain('cannot run 1004 scopes: at most 1000 are counted apart');
  });

  it('differ by platform where they may', async () => {
    const { matrix } = await planOf(
      withScopes('  ENTERPRISE:\n    platforms:\n      Linux: { secrets_backend: vault }\n      macOS:\n'),
    );
    const backends = matrix.filter(({ scope }) => scope === 'ENTERPRISE').map((row) => [row.platform, row.secretsBackend]);
    expect(backends).toEqual([
      ['Windows', 'windows-credential-manager'],
      ['macOS', 'keychain'],
      ['Linux', 'vault'],
    ]);
  });

  it('the scope Internal is a few lines of YAML, as its decision record says', async () => {
    const record = readFileSync('docs/decisions/0008-scope-matrix.md', 'utf8');
    const yaml = /```yaml\n([\s\S]+?)```/.exec(record)?.[1] ?? '';
    const { plan, warnings } = await planOf(MINIMAL + yaml, { environment: { HOST: 'internal.duoplus.io' } });
    expect(plan.scope.binding.fallback).toBe('INTERNAL');
    expect(warnings).toEqual([]);
  });
});
