import { mkdtempSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from 'mitata';
import { type KernelCase, kernelCases } from './cases.ts';

export interface KernelOptions {
  /** Only cases whose name contains this. */
  readonly only?: string;
  /** Writes a CPU profile per case. */
  readonly cpuProfile: boolean;
}

const SAMPLING_US = 200;

/** Times each kernel by itself and prints what it does per second. */
export async function kernels(options: KernelOptions): Promise<boolean> {
  const folder = options.cpuProfile ? mkdtempSync(join(tmpdir(), 'periscope-profiles-')) : undefined;
  console.log(
    `${'kernel'.padEnd(44)} ${'us'.padStart(9)} ${'± us'.padStart(8)} ${'MB/s'.padStart(8)} ${'M items/s'.padStart(10)}`,
  );
  for (const kernel of kernelCases()) {
    if (options.only !== undefined && !kernel.name.includes(options.only)) continue;
    if (folder === undefined) await time(kernel);
    else await profiled(kernel, folder);
  }
  if (folder !== undefined) console.log(`profiles in ${folder}`);
  return true;
}

async function time(kernel: KernelCase): Promise<void> {
  let next = 0;
  const stats = await measure(
    () => {
      next = next + 1 < kernel.inputs ? next + 1 : 0;
      return kernel.run(next);
    },
    { min_cpu_time: 400e6 },
  );
  const line = [
    kernel.name.padEnd(44),
    (stats.p50 / 1e3).toFixed(1).padStart(9),
    ((stats.p75 - stats.p25) / 2e3).toFixed(1).padStart(8),
    ((kernel.bytes * 1e3) / stats.p50).toFixed(0).padStart(8),
    ((kernel.items * 1e3) / stats.p50).toFixed(2).padStart(10),
  ];
  console.log(line.join(' '));
}

async function profiled(kernel: KernelCase, folder: string): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_US });
  await session.post('Profiler.start');
  await time(kernel);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  writeFileSync(join(folder, `${kernel.name.replace(/\W+/g, '-')}.cpuprofile`), JSON.stringify(profile));
}
