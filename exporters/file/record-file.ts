import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Outcome, Refusal } from '../../pipeline/component.ts';
import { makeFolder } from './make-folder.ts';
import { prune, setAside, type Rotation } from './rotation.ts';
import { endsWhole } from './tail.ts';

export interface RecordFileOptions {
  readonly lines: boolean;
  readonly append: boolean;
  readonly rotation: Rotation | undefined;
  readonly syncEachWrite: boolean;
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/**
 * One file that whole records are appended to, one write at a time. A write that fails half way is cut off again, so
 * that the next attempt does not stand behind a torn record. Opens itself when needed.
 */
export class RecordFile {
  readonly path: string;
  readonly #options: RecordFileOptions;
  #file: FileHandle | undefined;
  /** Where the last whole record ends. */
  #byteLength = 0;
  #unsynced = false;
  #everOpened = false;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(path: string, options: RecordFileOptions) {
    this.path = path;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  append(record: readonly Uint8Array[], signal: AbortSignal): Promise<Outcome> {
    return this.#inTurn(async () => {
      if (signal.aborted)
        return {
          ok: false,
          code: 'DEADLINE_EXCEEDED',
          retryable: true,
          message: `cannot write ${this.path}: the disk is too slow`,
        };
      try {
        await this.#append(record);
        return { ok: true };
      } catch (error) {
        return storageRefusal(this.path, error);
      }
    });
  }

  /** Forces what was written to the disk. */
  sync(): Promise<void> {
    return this.#inTurn(() => this.#sync());
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#sync();
      await this.#close();
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#last.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #append(record: readonly Uint8Array[]): Promise<void> {
    let byteLength = 0;
    for (const part of record) byteLength += part.length;
    let file = this.#file ?? (await this.#open());
    const { rotation } = this.#options;
    if (rotation !== undefined && this.#byteLength > 0 && this.#byteLength + byteLength > rotation.max_megabytes * 1024 * 1024) {
      file = await this.#rotate(rotation);
    }
    try {
      await writeAll(file, record);
      if (this.#options.syncEachWrite) await file.datasync();
    } catch (error) {
      await this.#cutBack(file);
      throw error;
    }
    this.#byteLength += byteLength;
    this.#unsynced = !this.#options.syncEachWrite;
  }

  async #open(): Promise<FileHandle> {
    await makeFolder(dirname(this.path));
    if (!this.#options.append && !this.#everOpened) await (await open(this.path, 'w')).close();
    let file = await open(this.path, 'a+');
    let { size } = await file.stat();
    if (!(await endsWhole(file, size, this.#options.lines))) {
      await file.close();
      const aside = await setAside(this.path, this.#options.now(), this.#options.rotation?.localtime ?? false);
      this.#options.warn(`${this.path} ended in a torn record and was kept as ${aside}`);
      file = await open(this.path, 'a+');
      size = 0;
    }
    this.#file = file;
    this.#byteLength = size;
    this.#everOpened = true;
    return file;
  }

  async #rotate(rotation: Rotation): Promise<FileHandle> {
    await this.#sync();
    await this.#close();
    await setAside(this.path, this.#options.now(), rotation.localtime);
    const file = await this.#open();
    await prune(this.path, rotation, this.#options.now()).catch((error: unknown) => {
      this.#options.warn(`cannot delete rotated files of ${this.path}: ${causeOf(error)}`);
    });
    return file;
  }

  /** Where even that fails the file is closed, and the next `#open` finds the torn end and sets it aside. */
  async #cutBack(file: FileHandle): Promise<void> {
    try {
      await file.truncate(this.#byteLength);
    } catch {
      await this.#close();
    }
  }

  async #sync(): Promise<void> {
    if (this.#file === undefined || !this.#unsynced) return;
    this.#unsynced = false;
    await this.#file
      .datasync()
      .catch((error: unknown) => this.#options.warn(`cannot force ${this.path} to the disk: ${causeOf(error)}`));
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch((error: unknown) => this.#options.warn(`cannot close ${this.path}: ${causeOf(error)}`));
  }
}

/** A write may take only a part: a disk that is nearly full, a signal. */
async function writeAll(file: FileHandle, record: readonly Uint8Array[]): Promise<void> {
  // One system call takes 1,024 parts; thousands of small ones are cheaper joined.
  let parts = record.length > 512 ? [Buffer.concat(record)] : record;
  for (;;) {
    let { bytesWritten } = await file.writev(parts as Uint8Array[]);
    if (bytesWritten === 0) throw new Error('nothing could be written');
    const rest: Uint8Array[] = [];
    for (const part of parts) {
      if (bytesWritten < part.length) rest.push(part.subarray(bytesWritten));
      bytesWritten = Math.max(0, bytesWritten - part.length);
    }
    if (rest.length === 0) return;
    parts = rest;
  }
}

function storageRefusal(path: string, error: unknown): Refusal {
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
  return {
    ok: false,
    code: full ? 'STORAGE_FULL' : 'STORAGE_FAILED',
    retryable: true,
    message: `cannot write ${path}: ${causeOf(error)}`,
  };
}

export function causeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
      return 'the disk is full';
    case 'EDQUOT':
      return 'the quota is used up';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of the path is a file';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return message;
  }
}
