import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isRunning, ownMark } from '../../pipeline/process-mark.ts';

describe('the mark of a process', () => {
  it('tells that this one runs', () => {
    expect(ownMark().pid).toBe(process.pid);
    expect(isRunning(ownMark())).toBe(true);
  });

  it.runIf(process.platform === 'linux')('is not that of another process that was given the same id', () => {
    expect(isRunning({ ...ownMark(), started: 'another boot 1' })).toBe(false);
  });

  it('tells that one which has ended does not run', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(isRunning({ pid: child.pid ?? 0, started: '' })).toBe(false);
  });

  it.each([0, -1, 1.5, Number.NaN])('no process has the id %s', (pid) => {
    expect(isRunning({ pid, started: '' })).toBe(false);
  });
});
