import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';

export interface Rotation {
  readonly max_megabytes: number;
  readonly max_days: number;
  readonly max_backups: number;
  readonly localtime: boolean;
}

const DAY_MS = 86_400_000;

/** Moves `path` aside as `name@2026-11-21T10-00-00.000.ext`, at the next free millisecond. Gives the new path. */
export async function setAside(path: string, nowMs: number, localtime: boolean): Promise<string> {
  for (let timeMs = nowMs; ; timeMs += 1) {
    const target = backupPath(path, timeMs, localtime);
    if (await exists(target)) continue;
    await rename(path, target);
    return target;
  }
}

export function backupPath(path: string, timeMs: number, localtime: boolean): string {
  const { dir, name, ext } = parse(path);
  const shownMs = localtime ? timeMs - new Date(timeMs).getTimezoneOffset() * 60_000 : timeMs;
  return join(dir, `${name}@${new Date(shownMs).toISOString().slice(0, 23).replaceAll(':', '-')}${ext}`);
}

/** Deletes the rotated files of `path` that are too many or too old, by the times in their names. */
export async function prune(path: string, rotation: Rotation, nowMs: number): Promise<void> {
  const oldestMs = rotation.max_days > 0 ? nowMs - rotation.max_days * DAY_MS : Number.NEGATIVE_INFINITY;
  const backups = await backupsOf(path, rotation.localtime);
  const keep = rotation.max_backups > 0 ? rotation.max_backups : backups.length;
  for (const [i, backup] of backups.entries()) {
    if (i >= keep || backup.timeMs < oldestMs) await rm(backup.path, { force: true });
  }
}

/** Newest first. */
async function backupsOf(path: string, localtime: boolean): Promise<{ path: string; timeMs: number }[]> {
  const { name, ext } = parse(basename(path));
  const found: { path: string; timeMs: number }[] = [];
  for (const file of await readdir(dirname(path))) {
    if (!file.startsWith(`${name}@`) || !file.endsWith(ext)) continue;
    const stamp = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(file.slice(name.length + 1, file.length - ext.length));
    if (stamp === null) continue;
    const timeMs = Date.parse(`${stamp[1]}T${stamp[2]}:${stamp[3]}:${stamp[4]}${localtime ? '' : 'Z'}`);
    found.push({ path: join(dirname(path), file), timeMs });
  }
  return found.sort((a, b) => b.timeMs - a.timeMs);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
