import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { cpuMs, family, residentBytes } from '../../../bench/ingest/process-figures.ts';

test.skipIf(process.platform !== 'linux')('figures of a process include those of its children', async () => {
  const busy =
    'const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end); console.log(); setInterval(() => {}, 1e3)';
  const parent = spawn('sh', ['-c', `"${process.execPath}" -e '${busy}'; true`], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(parent.stdout, 'data');
    const members = family(parent.pid!);
    expect(members.length).toBeGreaterThan(1);
    expect(cpuMs(parent.pid!)).toBeGreaterThanOrEqual(290);
    expect(residentBytes(parent.pid!, 'VmHWM')).toBeGreaterThan(20e6);
  } finally {
    for (const member of family(parent.pid!)) process.kill(member, 'SIGKILL');
  }
});
