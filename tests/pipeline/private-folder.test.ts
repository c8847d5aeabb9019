import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePrivateFolder } from '../../pipeline/private-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-private-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('makes a folder and those above it for their owner only, and is content with what is there', async () => {
  const path = join(folder, 'a', 'b');
  await makePrivateFolder(path);
  await makePrivateFolder(path);
  if (process.platform !== 'win32')
    for (const each of [path, join(folder, 'a')]) expect((await stat(each)).mode & 0o777).toBe(0o700);
});

test('rejects where a file stands in the way', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(makePrivateFolder(join(folder, 'file'))).rejects.toThrow(/EEXIST/);
  await expect(makePrivateFolder(join(folder, 'file', 'below'))).rejects.toThrow(/ENOTDIR/);
});

test.skipIf(process.platform !== 'linux')('rejects where the system can make no folder, instead of trying for ever', async () => {
  await expect(makePrivateFolder('/proc/periscope/below')).rejects.toThrow(/ENOENT/);
});
