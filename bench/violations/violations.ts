import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../ingest/contenders.ts';

export interface ViolationsFigures {
  /** Each of them in the ledger and in the audit log. */
  readonly violations: number;
  readonly requests: number;
  /** That tell of them. */
  readonly records: number;
  readonly seconds: number;
  /** Of the collector. */
  readonly cpuSeconds: number;
}

const MINUTE_S = 60;

/** The system test of items that claim another scope, with so many. True when it passes at that many a minute. */
export function violations(items: number): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-violations-'));
  try {
    const report = join(folder, 'report.json');
    const args = [join(REPOSITORY, 'node_modules/vitest/vitest.mjs'), 'run', 'tests/system/violations.test.ts'];
    const env = { ...process.env, VIOLATIONS: String(items), VIOLATIONS_REPORT: report };
    const passed = spawnSync(process.execPath, args, { cwd: REPOSITORY, env, stdio: 'inherit' }).status === 0;
    if (!passed || !existsSync(report)) return false;
    const {
      violations: count,
      requests,
      records,
      seconds,
      cpuSeconds,
    } = JSON.parse(readFileSync(report, 'utf8')) as ViolationsFigures;
    console.log(
      `${count.toLocaleString('en')} violations in ${requests.toLocaleString('en')} requests in ${seconds.toFixed(1)} s: as many in the ledger, as many in the audit log, in ${records} records; ${((cpuSeconds * 1e6) / requests).toFixed(0)} µs of CPU a request`,
    );
    return seconds <= MINUTE_S * Math.max(1, count / 1_000_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
