import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { processMemory } from '../../pipeline/process-memory.ts';
import { ROOT } from '../support/tree.ts';

const BUILT = join(ROOT, 'dist/pipeline/process-memory.js');

it('is what Node says', () => {
  const { rss, heapTotal, heapUsed, external } = processMemory();
  expect(rss).toBeGreaterThan(heapTotal);
  expect(heapTotal).toBeGreaterThanOrEqual(heapUsed);
  expect(external).toBeGreaterThan(0);
});

it.skipIf(process.platform !== 'linux' || !existsSync(BUILT))(
  'is told, and much the same, where not one more file can be opened',
  () => {
    const program = `
      import { openSync } from 'node:fs';
      import { processMemory } from '${pathToFileURL(BUILT).href}';
      const before = processMemory();
      try { for (;;) openSync('/dev/null'); } catch {}
      let thrown = 'nothing';
      try { process.memoryUsage(); } catch (error) { thrown = error.code; }
      const after = processMemory();
      process.stdout.write(JSON.stringify({ before, after, thrown }), () => process.exit(0));
    `;
    const limited = `ulimit -n 100; exec '${process.execPath}' --input-type=module -`;
    const { stdout, stderr } = spawnSync('sh', ['-c', limited], { input: program, encoding: 'utf8' });
    expect(stdout, stderr).not.toBe('');
    const { before, after, thrown } = JSON.parse(stdout) as Record<'before' | 'after', NodeJS.MemoryUsage> & { thrown: string };
    expect(thrown).toBe('EMFILE');
    for (const key of ['rss', 'heapTotal', 'heapUsed', 'external'] as const) {
      expect(after[key], key).toBeGreaterThan(before[key] / 2);
      expect(after[key], key).toBeLessThan(before[key] * 2);
    }
  },
);
