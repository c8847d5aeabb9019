import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchConfig } from '../../../agent/collector/config-watch.ts';
import { until } from '../../support/http-bench.ts';

let folder: string;
let stop = (): void => {};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-'));
});
afterEach(async () => {
  stop();
  await rm(folder, { recursive: true });
});

function watch(path: string): { changes: number } {
  const seen = { changes: 0 };
  stop = watchConfig(
    [
      { kind: 'file', path },
      { kind: 'set', assignment: 'a=b' },
    ],
    10,
    () => (seen.changes += 1),
  );
  return seen;
}

it('sees a file that is written, one that is replaced, and a link that points elsewhere', async () => {
  const path = join(folder, 'a.yaml');
  await writeFile(path, 'a: 1');
  const seen = watch(path);
  await writeFile(path, 'a: 22');
  await until(() => seen.changes === 1);
  await writeFile(join(folder, 'b.yaml'), 'a: 33');
  await rename(join(folder, 'b.yaml'), path);
  await until(() => seen.changes === 2);
  await writeFile(join(folder, 'c.yaml'), 'a: 4444');
  await symlink(join(folder, 'c.yaml'), join(folder, 'link'));
  await rename(join(folder, 'link'), path);
  await until(() => seen.changes === 3);
});

it('a file that is gone is no change, the same file back neither; another one in its place is', async () => {
  const path = join(folder, 'a.yaml');
  await writeFile(path, 'a: 1');
  const seen = watch(path);
  await rename(path, join(folder, 'away'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await rename(join(folder, 'away'), path);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen.changes).toBe(0);
  await rm(path);
  await writeFile(path, 'a: 55555');
  await until(() => seen.changes === 1);
});
