import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { printScopes, printScopesCheck } from '../../../agent/collector/scopes.ts';
import { displayWidth } from '../../../agent/terminal/width.ts';
import { COLUMNS } from '../../../pipeline/scope/columns.ts';
import { SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';

const options = (yaml = 'scopes:', json = false) => ({ config: [`yaml:${yaml}`], set: [], json });

/** A stream that keeps what is written; with `columns` it is a terminal. */
function stream(columns?: number) {
  const kept = { text: '', isTTY: columns !== undefined, columns, write: (text: string) => void (kept.text += text) };
  return kept;
}

beforeEach(() => {
  for (const name of ['DASHBOARD_SCOPE', 'HOST', 'NO_COLOR', 'FORCE_COLOR', 'COLORTERM', 'WT_SESSION', 'LC_ALL', 'LC_CTYPE'])
    vi.stubEnv(name, undefined);
  vi.stubEnv('LANG', 'C.UTF-8');
  vi.stubEnv('TERM', 'xterm-256color');
});
afterEach(() => vi.unstubAllEnvs());

function scopesOn(columns: number | undefined, of = options()) {
  const [out, notes] = [stream(columns), stream()];
  expect(printScopes(of, out, notes)).toBe(0);
  return { out: out.text, notes: notes.text };
}

describe('periscope scopes', () => {
  it('on a terminal draws the matrix in colours, marks the row of this machine and says why', () => {
    vi.stubEnv('DASHBOARD_SCOPE', 'DEVELOPMENT');
    const { out } = scopesOn(200);
    expect(out).toMatch(/^┌─/);
    expect(out).toContain('\u001b[38;5;99m◆ ENTERPRISE\u001b[0m');
    if (process.platform === 'linux') expect(out).toMatch(/● DEVELOPMENT \*\S+ +│ Linux/);
    expect(out).toContain('* this machine runs as DEVELOPMENT (DASHBOARD_SCOPE) on ');
    expect(out.split(' *\u001b')).toHaveLength(2);
  });

  it('with NO_COLOR has no escapes, and every line is equally wide', () => {
    vi.stubEnv('NO_COLOR', '1');
    const { out } = scopesOn(170, options('scopes: { KK: { icon: 🏢 }, ACME: { icon: é } }'));
    expect(out).not.toContain('\u001b');
    const lines = out.split('\n').filter((line) => /^[┌│├└]/.test(line));
    expect(new Set(lines.map(displayWidth)).size).toBe(1);
    expect(displayWidth(lines[0]!)).toBeLessThanOrEqual(170);
    expect(out).toContain('🏢 KK');
  });

  it('on a narrow terminal keeps within it and names what found no room', () => {
    const { out } = scopesOn(80);
    const lines = stripVTControlCharacters(out)
      .split('\n')
      .filter((line) => line.startsWith('│'));
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(out).toContain('no room for SECRETS, FEATURES');
  });

  it('is ASCII on a dumb terminal', () => {
    vi.stubEnv('TERM', 'dumb');
    expect(scopesOn(200).out).toMatch(/^[\n -~]+$/);
  });

  it('for a program gives every column of every row, tab-separated, and nothing else on stdout', () => {
    const { out, notes } = scopesOn(undefined);
    const [head, ...rows] = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(head).toEqual(COLUMNS.map(({ name }) => name));
    expect(rows.map(([scope, platform]) => [scope, platform])).toEqual(SCOPE_MATRIX.map((row) => [row.scope, row.platform]));
    for (const row of rows) expect(row).toHaveLength(12);
    expect(notes).toBe('this machine runs as global (neither DASHBOARD_SCOPE nor HOST is set) on ' + notes.split(' on ')[1]);
  });

  it('--json gives the same as data, with the names of the configuration', () => {
    vi.stubEnv('HOST', 'acme.example.com');
    const { out } = scopesOn(undefined, options('scopes: { ACME: { domain: acme.example.com, tier: premium } }', true));
    const { detected, scopes } = JSON.parse(out) as { detected: object; scopes: Record<string, unknown>[] };
    expect(detected).toMatchObject({ scope: 'ACME', from: 'host', because: 'HOST=acme.example.com' });
    expect(scopes).toHaveLength(12);
    expect(scopes.at(-1)).toMatchObject({ scope: 'ACME', storage_prefix: 'ACME', retention_days: 365, connections_max: 10 });
  });

  it('text of a configuration cannot steer the terminal', () => {
    vi.stubEnv('DASHBOARD_SCOPE', 'x\u001b[2J');
    const { out } = scopesOn(200, options('scopes: { ACME: { features: ["\\e[31mX"] } }'));
    expect(out).not.toContain('\u001b[2J');
    expect(out).not.toContain('\u001b[31mX');
  });

  it('of an unsound matrix says so', () => {
    const { notes } = scopesOn(undefined, options('scopes: { ACME: { domain: localhost } }'));
    expect(notes).toContain('2 of its checks and guardrails fail: periscope scopes check says which');
  });

  it('refuses what is no scopes section, with its place', () => {
    expect(() => scopesOn(undefined, options('scopes: { ACME: { teir: premium } }'))).toThrow(
      /cannot use the configuration: 1 fault\n.*scopes::ACME::teir: unknown option .*did you mean "tier"/,
    );
    expect(() => scopesOn(undefined, options('scopes: { ACME: [ }'))).toThrow(/cannot read YAML/);
  });
});

function checkOn(columns: number | undefined, of = options()) {
  const [out, notes] = [stream(columns), stream()];
  const code = printScopesCheck(of, out, notes);
  return { out: out.text, notes: notes.text, code };
}

describe('periscope scopes check', () => {
  it('for a program gives 37 checks and 7 guardrails, a line each, and exit code 0', () => {
    const { out, notes, code } = checkOn(undefined);
    const [head, ...rows] = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(head).toEqual(['result', 'group', 'name', 'detail']);
    expect(rows.map(([result]) => result)).toEqual(Array.from({ length: 44 }, () => 'ok'));
    expect(rows.filter(([, group]) => group === 'guardrail')).toHaveLength(7);
    expect(notes).toBe('37 of 37 checks hold, 7 of 7 guardrails are kept\n');
    expect(code).toBe(0);
  });

  it.each([
    ['DEVELOPMENT: { domain: api.duoplus.io }', ['domain detection DEVELOPMENT', 'guardrail scope isolation']],
    [
      'ENTERPRISE: { platforms: { Windows: { features: [AUDIT LOGGING] } } }',
      ['feature mapping ENTERPRISE', 'guardrail feature coverage'],
    ],
    ['ENTERPRISE: { platforms: { macOS: { secrets_backend: environment } } }', ['guardrail secrets backend']],
    [
      'LOCAL-SANDBOX: { storage_prefix: aux }',
      ['Windows', 'macOS', 'Linux', 'Other'].map((each) => `storage path LOCAL-SANDBOX on ${each}`),
    ],
    ['ENTERPRISE: { retention_days: 1 }', ['guardrail production readiness']],
    ['global: { domain: example.com }', ['domain detection global']],
  ])('fails when a row is broken on purpose: %s', (yaml, failing) => {
    const of = options(`scopes: { ${yaml} }`);
    const { out, code } = checkOn(undefined, of);
    const failed = out
      .split('\n')
      .filter((line) => line.startsWith('failed\t'))
      .map((line) => line.split('\t').slice(1, 3).join(' '));
    expect(failed).toEqual(failing);
    expect(code).toBe(1);
  });

  it('judges the scope this machine runs as', () => {
    vi.stubEnv('DASHBOARD_SCOPE', 'ENTERPRIZE');
    const { out, code } = checkOn(undefined);
    expect(out).toMatch(/^failed\tguardrail\tscope context\tcannot run as "ENTERPRIZE"/m);
    expect(code).toBe(1);
  });

  it('on a terminal draws a table, and says at its end what failed', () => {
    const { out } = checkOn(100, options('scopes: { ENTERPRISE: { retention_days: 1 } }'));
    expect(out).toContain('✓');
    expect(out).toContain('✗');
    const last = out.trimEnd().split('\n').slice(-2);
    expect(last[0]).toContain('guardrail, production readiness: cannot serve customers from ENTERPRISE on Windows');
    expect(last[1]).toContain('37 of 37 checks hold, 6 of 7 guardrails are kept');
  });

  it('--json says the same as data', () => {
    const { out, code } = checkOn(undefined, options('scopes: { ACME: { domain: localhost } }', true));
    const { ok, checks, guardrails } = JSON.parse(out) as { ok: boolean; checks: { ok: boolean }[]; guardrails: object[] };
    expect([ok, checks.length, guardrails.length, code]).toEqual([false, 41, 7, 1]);
    expect(checks.filter((each) => !each.ok)).toEqual([
      {
        group: 'domain detection',
        name: 'ACME',
        ok: false,
        detail: 'cannot tell scope "ACME" from "LOCAL-SANDBOX": both have the domain "localhost"',
        scopes: ['ACME', 'LOCAL-SANDBOX'],
      },
    ]);
  });
});
