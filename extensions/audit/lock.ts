import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import { isRunning, ownMark, type ProcessMark } from '../../pipeline/process-mark.ts';
import { LOCK } from './segment.ts';

/**
 * One writer per folder: two would write one chain over each other. A lock that a killed process left behind counts for
 * nothing. Processes that do not see each other's ids (two containers with one volume) are not kept apart. Returns the way
 * to give it back. Rejects with a StartError while another process holds it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(JSON.stringify(ownMark()));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = await holderIn(folder);
      if (holder !== undefined && holder.pid !== process.pid)
        throw new StartError(`cannot open the audit log in ${folder}: process ${holder.pid} writes it`);
      await rm(path, { force: true });
    }
  }
  throw new StartError(`cannot open the audit log in ${folder}: others keep taking its lock`);
}

/** Does a process that still runs write the log? */
export async function isWritten(folder: string): Promise<boolean> {
  return (await holderIn(folder)) !== undefined;
}

async function holderIn(folder: string): Promise<ProcessMark | undefined> {
  try {
    const holder = JSON.parse(await readFile(join(folder, LOCK), 'utf8')) as ProcessMark;
    return isRunning(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}
