import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { MAIN } from '../support/collector.ts';
import { read, ROOT } from '../support/tree.ts';

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

it("the package's entry ./scope is importable by its name, and its page says what it does", () => {
  const [, snippet = ''] = /```js\n([\s\S]+?)```/.exec(read('docs/reference/scope-matrix.md')) ?? [];
  const { DASHBOARD_SCOPE: _scope, ...env } = process.env;
  const options = { cwd: ROOT, env: { ...env, NO_COLOR: '1' }, encoding: 'utf8' } as const;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', snippet], options);
  const promised = [...snippet.matchAll(/\/\/ (.+)$/gm)].map(([, text]) => text);
  expect(promised).toHaveLength(7);
  expect(`${run.stderr}${run.stdout}`.trimEnd().split('\n')).toEqual(promised);
});
