import { realDisk, type Disk, type DiskFile } from '../../extensions/audit/disk.ts';

/** A real disk that can be told to be full or to hang: what no test may do to the machine's own. */
export class FaultyDisk implements Disk {
  fault: 'none' | 'full' | 'half' | 'hangs' = 'none';
  writes = 0;
  syncs = 0;
  readonly #hanging: (() => void)[] = [];

  readonly replace = realDisk.replace;
  readonly remove = realDisk.remove;
  readonly syncFolder = realDisk.syncFolder;
  readonly stat = realDisk.stat;

  async append(path: string, bytes: Uint8Array): Promise<void> {
    await this.#check();
    await realDisk.append(path, bytes);
  }

  async open(path: string): Promise<DiskFile> {
    const file = await realDisk.open(path);
    return {
      close: () => file.close(),
      datasync: async () => {
        this.syncs += 1;
        await this.#check();
        await file.datasync();
      },
      write: (async (bytes: Uint8Array, offset: number, length: number, position: number) => {
        this.writes += 1;
        // As a disk that fills up does: some of it is taken.
        if (this.fault === 'half') await file.write(bytes, offset, Math.floor(length / 2), position);
        await this.#check();
        return file.write(bytes, offset, length, position);
      }) as DiskFile['write'],
    };
  }

  /** What hangs goes on. */
  letGo(): void {
    this.fault = 'none';
    for (const resolve of this.#hanging.splice(0)) resolve();
  }

  async #check(): Promise<void> {
    if (this.fault === 'hangs') await new Promise<void>((resolve) => this.#hanging.push(resolve));
    if (this.fault === 'full' || this.fault === 'half')
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }
}
