import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { MAIN } from '../support/collector.ts';
import { ROOT } from '../support/tree.ts';

/** The built program, as CI would run it. */
function check(...args: string[]): { code: number | null; out: string; err: string } {
  const { DASHBOARD_SCOPE: _scope, HOST: _host, FORCE_COLOR: _colour, ...env } = process.env;
  const run = spawnSync(process.execPath, [MAIN, 'scopes', 'check', ...args], { cwd: ROOT, env, encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

it('periscope scopes check passes for what we ship and fails, with exit code 1, when a row is broken on purpose', () => {
  expect(check()).toMatchObject({ code: 0, err: '37 of 37 checks hold, 7 of 7 guardrails are kept\n' });
  const broken = check(
    '--config',
    'config/default.yaml',
    '--config',
    'yaml:scopes: { ENTERPRISE: { storage_prefix: development } }',
  );
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(/^failed\tstorage path\tDEVELOPMENT on Linux\tcannot tell scope "DEVELOPMENT" from "ENTERPRISE"/m);
});

it("the package's entry ./scope is importable by its name", () => {
  const code = `import { detectScope, domainToFeature } from '@periscope-otel/collector/scope';
    console.log(detectScope('api.duoplus.io', {}), domainToFeature('apple.factory-wager.com'));`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, encoding: 'utf8' });
  expect(run.stderr + run.stdout).toBe('ENTERPRISE APPLE_FACTORY_WAGER_COM_TENANT\n');
});
