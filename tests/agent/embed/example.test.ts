import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/tree.ts';

it('the example runs as it is written, and prints what the SDK measured', () => {
  const { DASHBOARD_SCOPE: _scope, HOST: _host, ...env } = process.env;
  const run = spawnSync(process.execPath, [join(ROOT, 'agent/embed/example/app.js')], { cwd: ROOT, encoding: 'utf8', env });
  expect([run.stdout, run.stderr, run.status]).toEqual(['store: 4\nweb: 3\n', '', 0]);
});
