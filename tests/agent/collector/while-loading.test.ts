import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { beginLoading, endLoading } from '../../../agent/collector/while-loading.ts';
import { ROOT } from '../../support/tree.ts';

/** In a process of its own, with `beginLoading` and `endLoading` at hand; what the script prints. */
const inProcess = (script: string): string =>
  execFileSync(
    process.execPath,
    [
      '--allow-natives-syntax',
      '--input-type=module',
      '-e',
      `const { ${beginLoading.name}, ${endLoading.name} } = await import(${JSON.stringify(join(ROOT, 'dist/agent/collector/while-loading.js'))});${script}`,
    ],
    { encoding: 'utf8' },
  ).trim();

/** Allocates 200 MB of short-lived objects that survive a scavenge, prints the heap's size. */
const youngBytes = (before: string): number =>
  Number(
    inProcess(`
    ${before}
    let kept = [];
    for (let i = 0; i < 2e6; i++) { kept.push({ i, text: 'x' + i }); if (kept.length > 5e4) kept = []; }
    const { default: v8 } = await import('node:v8');
    console.log(v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);`),
  );

it('keeps the young generation small until it may grow', () => {
  const [small, grown] = [youngBytes('beginLoading();'), youngBytes('beginLoading(); endLoading();')];
  expect(small).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(grown).toBeGreaterThan(small);
});

it('lets functions be optimised again, those too that were busy before', () => {
  const optimised = inProcess(`
    const OPTIMISED = 1 << 4;
    function busy(values) { let sum = 0; for (let i = 0; i < values.length; i++) sum = (sum * 31 + values[i]) | 0; return sum; }
    const values = new Int32Array(1000);
    const run = () => { for (let i = 0; i < 20000 && !(%GetOptimizationStatus(busy) & OPTIMISED); i++) busy(values); };
    beginLoading();
    run();
    endLoading();
    run();
    console.log((%GetOptimizationStatus(busy) & OPTIMISED) !== 0);`);
  expect(optimised).toBe('true');
});
