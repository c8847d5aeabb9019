import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keepYoungGenerationSmall, letYoungGenerationGrow } from '../../../agent/collector/young-generation.ts';
import { ROOT } from '../../support/tree.ts';

/** In a process of its own: allocates 200 MB of short-lived objects that survive a scavenge, prints the heap's size. */
const measure = (flag: string): number => {
  const script = `
    const { ${flag} } = await import(${JSON.stringify(join(ROOT, 'dist/agent/collector/young-generation.js'))});
    ${flag}();
    let kept = [];
    for (let i = 0; i < 2e6; i++) { kept.push({ i, text: 'x' + i }); if (kept.length > 5e4) kept = []; }
    const { default: v8 } = await import('node:v8');
    console.log(v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
};

it('stays small while it is kept small, and grows when it may', () => {
  const [small, grown] = [measure(keepYoungGenerationSmall.name), measure(letYoungGenerationGrow.name)];
  expect(small).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(grown).toBeGreaterThan(small);
});
