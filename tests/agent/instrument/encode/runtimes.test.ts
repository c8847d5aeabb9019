import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measuredBodies } from '../../../support/metric-program.ts';
import { pointsOf } from '../../../support/metric-points.ts';
import { ROOT } from '../../../support/tree.ts';

const BUN = join(ROOT, 'node_modules/.bin/bun');
const absent = !existsSync(BUN) && process.env['CI'] !== 'true';

describe('the own engine in another runtime', () => {
  it.skipIf(absent)('gives the same requests under Bun, from the sources', () => {
    const program = join(ROOT, 'tests/support/metric-program.ts');
    const run = spawnSync(BUN, [program, 'print'], { cwd: ROOT, encoding: 'utf8', timeout: 50_000, maxBuffer: 1 << 26 });
    expect(run.stderr).toBe('');
    const printed = JSON.parse(run.stdout) as string[][];
    for (const [i, temporality] of (['cumulative', 'delta'] as const).entries()) {
      const bodies = measuredBodies(temporality);
      expect(new Set(pointsOf(bodies).map(({ type }) => type)).size).toBe(4);
      expect(printed[i]?.map((hex) => withoutDrawn(Buffer.from(hex, 'hex')))).toEqual(bodies.map(withoutDrawn));
    }
  });
});

/** Exemplars of an exponential histogram are drawn; all else is to be the same. */
function withoutDrawn(body: Uint8Array): unknown {
  return pointsOf([body]).map((point) =>
    point.type === 'exponentialHistogram' ? { ...point, tree: { ...point.tree, exemplars: [] } } : point,
  );
}
