import { readlink } from 'node:fs/promises';
import { constants, getPriority, setPriority } from 'node:os';

/** Of asking for one thread: each has its turn where they wait for work in the order in which they began to, as they do. */
const ASKED_AT_MOST = 4;

/**
 * Makes libuv's pool nicer than the main thread, by `niceness`: DuckDB's calls run there, and the threads that one of them
 * starts are as nice as it is. So what answers questions leaves the core to what loads, and to the collector. To be called
 * before a scope's instance is opened. Returns how many threads it found and told so: only Linux has a niceness for each
 * thread, and names the one that asks. Elsewhere, or where it may not, nothing changes. Never rejects.
 */
export async function yieldPoolThreads(poolThreads: number, niceness: number): Promise<number> {
  const told = new Set<number>();
  try {
    const wanted = Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness);
    // One after the other, so that each is free when the last in the row is asked.
    for (let asked = 0; told.size < poolThreads && asked < poolThreads * ASKED_AT_MOST; asked++) {
      const thread = await askThread();
      if (thread === undefined) break;
      if (told.has(thread)) continue;
      setPriority(thread, wanted);
      told.add(thread);
    }
  } catch {
    // Not Linux, or not allowed.
  }
  return told.size;
}

/** The id of the thread of the pool that reads this. Undefined where /proc is that of another namespace. */
async function askThread(): Promise<number | undefined> {
  const [pid, , thread] = (await readlink('/proc/thread-self')).split('/');
  return Number(pid) === process.pid ? Number(thread) : undefined;
}
