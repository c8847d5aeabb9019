import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeLock } from '../../../agent/collector/state-lock.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folderOf = temporaryFolders();

describe('the lock of a folder', () => {
  it('is one at a time, also within a process, until it is given back', async () => {
    const folder = folderOf();
    const first = await takeLock(folder);
    expect([first.holder, await first.isOurs()]).toEqual([undefined, true]);
    expect((await takeLock(folder)).holder).toBe(process.pid);
    await first.release();
    expect(existsSync(join(folder, 'lock'))).toBe(false);
    const second = await takeLock(folder);
    await first.release();
    expect(await second.isOurs()).toBe(true);
    await second.release();
  });

  it('that an ended process left behind, or that nobody understands, counts for nothing', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    for (const left of [JSON.stringify({ pid: child.pid, started: '', id: 'x' }), '', '{"pid":', 'null']) {
      const folder = folderOf();
      writeFileSync(join(folder, 'lock'), left);
      const lock = await takeLock(folder);
      expect(lock.holder, left).toBeUndefined();
      await lock.release();
    }
  });

  it('that another has taken over is no longer ours, and is left to it', async () => {
    const folder = folderOf();
    const lock = await takeLock(folder);
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, started: '', id: 'theirs' }));
    expect(await lock.isOurs()).toBe(false);
    await lock.release();
    expect(existsSync(join(folder, 'lock'))).toBe(true);
  });
});
