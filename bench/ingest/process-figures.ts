import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: what /proc counts CPU time in, 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100;

/** User and system CPU time, in milliseconds, of a process, its descendants (unless `alone`: the living) and those it has
 *  waited for. */
export function cpuMs(pid: number, alone?: 'alone'): number {
  let ticks = 0;
  for (const member of alone === undefined ? family(pid) : [pid]) {
    const fields = statFields(member);
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted from the one after the command name.
    for (let i = 11; i < 15; i++) ticks += Number(fields[i] ?? 0);
  }
  return (ticks * 1000) / TICKS_PER_S;
}

/** Resident memory of a process, and of its descendants unless `alone`, in bytes: now, now without what is a part of a file
 *  (which processes share), or the sum of each one's peak. */
export function residentBytes(pid: number, which: 'VmRSS' | 'RssAnon' | 'VmHWM', alone?: 'alone'): number {
  let kilobytes = 0;
  for (const member of alone === undefined ? family(pid) : [pid]) {
    const status = readProc(`${member}/status`);
    kilobytes += Number(new RegExp(`^${which}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  }
  return kilobytes * 1024;
}

/** The process and everything below it. */
export function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statFields(Number(entry))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const members: number[] = [];
  for (const next = [pid]; next.length > 0;) {
    const member = next.pop()!;
    members.push(member);
    next.push(...(children.get(member) ?? []));
  }
  return members;
}

/** Fields of /proc/PID/stat after the command name, which may itself hold spaces; empty when the process is gone. */
function statFields(pid: number): string[] {
  const stat = readProc(`${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}
