import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendHistory } from '../history.ts';
import { PERISCOPE_GATEWAY, REPOSITORY, version } from '../ingest/contenders.ts';
import { machine } from '../ingest/machine.ts';
import type { TenantsFigures } from './record.ts';

/** The system test of the gateway for three tenants with so many adversarial items. True when it passes. */
export function tenants(items: number): boolean {
  const session = new Date().toISOString();
  const folder = mkdtempSync(join(tmpdir(), 'periscope-tenants-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', 'tests/system/tenants-gateway.test.ts', '--disable-console-intercept'];
    const env = { ...process.env, TENANTS_ITEMS: String(items), TENANTS_REPORT: report };
    const passed = spawnSync(process.execPath, args, { cwd: REPOSITORY, env, stdio: 'inherit' }).status === 0;
    if (!passed || !existsSync(report)) return false;
    const figures = JSON.parse(readFileSync(report, 'utf8')) as TenantsFigures;
    appendHistory({ bench: 'tenants', session, version: version(PERISCOPE_GATEWAY), machine: machine(), ...figures });
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
