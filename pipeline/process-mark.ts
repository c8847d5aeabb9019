import { readFileSync } from 'node:fs';

/** One process of this machine: an id is given again, so the time of its start belongs to it (Linux; elsewhere ''). */
export interface ProcessMark {
  readonly pid: number;
  readonly started: string;
}

export const ownMark = (): ProcessMark => ({ pid: process.pid, started: startOf(process.pid) });

/** Does it run still? One of somebody else counts as running: nobody may ask it. */
export function isRunning({ pid, started }: ProcessMark): boolean {
  // 0 and below mean groups of processes.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return startOf(pid) === started;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string {
  if (process.platform !== 'linux') return '';
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; the start time is field 22.
    return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return '';
  }
}
