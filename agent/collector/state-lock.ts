import { randomUUID } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, ownMark, type ProcessMark } from '../../pipeline/process-mark.ts';

const LOCK = 'lock';
const ATTEMPTS = 3;

export interface StateLock {
  /** The process that has the folder instead of this one. */
  readonly holder: number | undefined;
  /** False when another process has taken it meanwhile. Rejects when the lock cannot be read. */
  isOurs(): Promise<boolean>;
  /** Safe twice. */
  release(): Promise<void>;
}

interface Mark extends ProcessMark {
  /** Tells two holders within one process apart. */
  readonly id: string;
}

/** Locks that this process holds, by id. */
const own = new Set<string>();

/**
 * One writer per folder. A lock that a killed process left behind counts for nothing. Of two processes that do not see
 * each other's ids (two containers with one volume) the later one takes it, and the earlier one finds out by `isOurs`.
 * Rejects with the system's error.
 */
export async function takeLock(folder: string): Promise<StateLock> {
  const path = join(folder, LOCK);
  const mark: Mark = { ...ownMark(), id: randomUUID() };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(JSON.stringify(mark)).finally(() => file.close());
      own.add(mark.id);
      return held(path, mark);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = await markIn(path);
      if (holder !== undefined && isHeld(holder)) return foreign(holder.pid);
      await rm(path, { force: true });
    }
  }
  throw new Error('others keep taking its lock');
}

/** Where no start time tells (not Linux), an id of ours that we do not know is that of a process before us. */
function isHeld({ id, pid, started }: Mark): boolean {
  return pid === process.pid ? own.has(id) : isRunning({ pid, started });
}

function held(path: string, { id }: Mark): StateLock {
  const isOurs = async (): Promise<boolean> => (await markIn(path))?.id === id;
  return {
    holder: undefined,
    isOurs,
    async release() {
      if (own.delete(id) && (await isOurs().catch(() => false))) await rm(path, { force: true });
    },
  };
}

function foreign(holder: number): StateLock {
  return { holder, isOurs: () => Promise.resolve(false), release: () => Promise.resolve() };
}

/** Undefined when there is none, or none that can be understood. */
async function markIn(path: string): Promise<Mark | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  try {
    const { pid, started, id } = JSON.parse(text) as Partial<Mark>;
    return typeof pid === 'number' && typeof started === 'string' && typeof id === 'string' ? { pid, started, id } : undefined;
  } catch {
    return undefined;
  }
}
