import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system in memory that gets full soon; `close` it in the test. */
export class SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'periscope-disk-'));

  constructor(mebibytes: number) {
    mount(['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.path]);
  }

  resize(mebibytes: number): void {
    mount(['-o', `remount,size=${mebibytes}m`, this.path]);
  }

  close(): void {
    execFileSync('umount', [this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}

function mount(args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}

/** Whether this user may mount one: root, outside of most containers. */
export const CAN_MOUNT = ((): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    new SmallDisk(1).close();
    return true;
  } catch {
    return false;
  }
})();
