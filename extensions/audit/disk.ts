import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';

/** What the log needs of a file it writes: every write says where, so that one that failed can be repeated. */
export type DiskFile = Pick<FileHandle, 'write' | 'datasync' | 'close'>;

/** The file system as the writer of a log uses it; tests put one under it that is full or hangs. */
export interface Disk {
  /** For reading and writing, made if need be, readable by the owner only. */
  open(path: string): Promise<DiskFile>;
  /** Replaces a file whole, or not at all. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  append(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** Forces the names in a folder to the disk. */
  syncFolder(path: string): Promise<void>;
  stat(path: string): Promise<{ readonly size: number; readonly mtimeMs: number }>;
}

const OWNER_ONLY = 0o600;

export const realDisk: Disk = {
  open: (path) =>
    open(path, 'r+', OWNER_ONLY).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(path, 'wx+', OWNER_ONLY);
    }),
  async replace(path, bytes) {
    const draft = `${path}.new`;
    await write(draft, 'w', bytes);
    await rename(draft, path);
  },
  append: (path, bytes) => write(path, 'a', bytes),
  remove: (path) => rm(path, { force: true }),
  async syncFolder(path) {
    // Windows opens no folders, and keeps names by itself.
    if (process.platform === 'win32') return;
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  stat,
};

async function write(path: string, flags: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, flags, OWNER_ONLY);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** A write may take fewer bytes than it was given. */
export async function writeAt(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
