import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  rmSync,
  writeSync,
  linkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';

/**
 * Files that nobody but this user may read: the token file, the key that tokens are signed with. Written whole or not at
 * all, never through a link that somebody laid, never readable by others for a moment.
 */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS_WRITE = 0o002;
const NOT_MINE = 0o077;
const POSIX = process.platform !== 'win32';

/** Replaces `path`. A link at `path` is replaced, what it leads to is not touched. Throws a StartError. */
export function writePrivateFile(path: string, text: string): void {
  withNewFile(path, text, (temporary) => renameSync(temporary, path));
}

/** Makes `path` unless it is there: of several processes one wins. True when it was made here. Throws a StartError. */
export function makePrivateFile(path: string, text: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch {
    // Not there.
  }
  let made = true;
  withNewFile(path, text, (temporary) => {
    try {
      linkSync(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      made = false;
    } finally {
      rmSync(temporary, { force: true });
    }
  });
  return made;
}

function withNewFile(path: string, text: string, place: (temporary: string) => void): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${randomBytes(9).toString('base64url')}.tmp`);
  try {
    mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
    const { mode } = statSync(folder);
    if (POSIX && (mode & OTHERS_WRITE) !== 0) {
      throw new StartError(`cannot write ${path}: everybody may write to its folder; chmod o-w ${folder}`);
    }
    const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, PRIVATE_FILE);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
    place(temporary);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof StartError) throw error;
    throw new StartError(`cannot write ${path}: ${causeOf(error)}`);
  }
}

/** Reads a file that `writePrivateFile` or `makePrivateFile` made, and nothing else: no link, nobody else's, nothing that
 *  others may read. Throws a StartError that says what is wrong. */
export function readPrivateFile(path: string): string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (POSIX ? constants.O_NOFOLLOW : 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`cannot read ${path}: ${code === 'ELOOP' ? 'it is a symbolic link' : causeOf(error)}`);
  }
  try {
    const { mode, uid, size } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new StartError(`cannot read ${path}: it is not a plain file`);
    if (POSIX && uid !== process.getuid?.()) throw new StartError(`cannot read ${path}: it belongs to another user`);
    if (POSIX && (mode & NOT_MINE) !== 0)
      throw new StartError(`cannot read ${path}: others may read it, so it is no secret any more; delete it, or chmod 600 it`);
    if (size > LIMITS.keyFileBytes) throw new StartError(`cannot read ${path}: it is too large for what it should hold`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * A file that the configuration names (a link is fine: orchestrators mount secrets as links). `option` is what messages
 * say instead of the path, for the path may be a secret that was written into the wrong option. Throws a StartError.
 */
export function readConfiguredFile(path: string, option: string): string {
  try {
    const file = openSync(path, constants.O_RDONLY);
    try {
      const { mode, size } = fstatSync(file);
      if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new StartError(`cannot read ${option}: it is not a plain file`);
      if (size > LIMITS.keyFileBytes)
        throw new StartError(`cannot read ${option}: the file is larger than ${LIMITS.keyFileBytes} bytes`);
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`cannot read ${option}: ${causeOf(error)}`);
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no folder',
};

/** Without the path, which Node's own message holds. */
function causeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return CAUSES[code ?? ''] ?? code ?? 'unknown fault';
}
