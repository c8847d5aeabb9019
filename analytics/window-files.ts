import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The files of windows that are kept on a disk: one database per scope. A file that cannot be read stands aside as
 * `.broken`, and a new one is begun: what keeps a few minutes of telemetry must never keep the collector from going on.
 */
const DATABASE = '.duckdb';
/** Beside the database while it is opened: how often that was tried. Who finds one saw a process end in the middle of it. */
const OPENING = '.opening';
const BROKEN = '.broken';
export const OPENING_TRIES = 3;
const READABLE = 40;

/** Of DuckDB's words: those of a file that will never open. One that is locked, or a full disk, is none. */
const UNREADABLE =
  /not a valid DuckDB|corrupt|checksum|serializ|storage version|newer (version|DuckDB)|replaying WAL|INTERNAL Error|Invalid unicode/i;

/** No two scopes give one name, also where the file system does not tell `a` from `A`. */
export function windowFile(directory: string, scope: string): string {
  const readable = scope.replaceAll(/\W/g, '_').slice(0, READABLE);
  return join(directory, `${readable}_${createHash('sha256').update(scope).digest('hex').slice(0, 32)}${DATABASE}`);
}

export function isUnreadable(error: unknown): boolean {
  return error instanceof Error && UNREADABLE.test(error.message);
}

/** To be called before a file is opened. False for one that was tried too often. */
export function beginOpening(file: string): boolean {
  let tries = 0;
  try {
    tries = Number(readFileSync(file + OPENING, 'utf8'));
  } catch {
    // The first time.
  }
  if (!(tries < OPENING_TRIES)) return false;
  writeFileSync(file + OPENING, String(tries + 1), { mode: 0o600 });
  return true;
}

/** It is open, or will not be for a reason that is not the file's. */
export function endOpening(file: string): void {
  rmSync(file + OPENING, { force: true });
}

/** Makes place for a new file; the one of before is kept until it is too old, or another stands aside. */
export function setAside(file: string): void {
  rmSync(`${file}.wal`, { force: true });
  // A process may have ended before it had made one.
  if (existsSync(file)) renameSync(file, file + BROKEN);
  endOpening(file);
}

/** Removes what nobody has written to since `beforeMs`: windows of scopes that nobody asks for, and what stands aside. */
export function sweepWindowFiles(directory: string, inUse: ReadonlySet<string>, beforeMs: number): void {
  const newest = new Map<string, number>();
  for (const name of readdirSync(directory)) {
    if (!name.includes(DATABASE)) continue;
    const stem = name.endsWith(BROKEN) ? name : name.slice(0, name.indexOf(DATABASE) + DATABASE.length);
    newest.set(stem, Math.max(newest.get(stem) ?? 0, modifiedMs(join(directory, name))));
  }
  for (const [stem, atMs] of newest) {
    const file = join(directory, stem);
    if (atMs >= beforeMs || inUse.has(file)) continue;
    for (const each of stem.endsWith(BROKEN) ? [file] : [file, `${file}.wal`, file + OPENING]) rmSync(each, { force: true });
  }
}

function modifiedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
