import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from '../ingest/contenders.ts';

/** The system test of the gateway for three tenants with so many adversarial items. True when it passes. */
export function tenants(items: number): boolean {
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', 'tests/system/tenants-gateway.test.ts', '--disable-console-intercept'];
  const env = { ...process.env, TENANTS_ITEMS: String(items) };
  return spawnSync(process.execPath, args, { cwd: REPOSITORY, env, stdio: 'inherit' }).status === 0;
}
