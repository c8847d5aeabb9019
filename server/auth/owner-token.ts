import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

/** Under `storage.directory`: what the CLI on the same machine shows to the API. */
export const OWNER_TOKEN_FILE = 'token';
const TOKEN_BYTES = 32;
/** So that a person, a log's redaction and a scanner know what they see. */
const PREFIX = 'psk_';

export interface OwnerToken {
  readonly token: string;
  readonly path: string;
  /** Takes the file away, unless another process has written its own there meanwhile. */
  remove(): void;
}

/** A new token for this run of the process, in a file that only this user reads. Throws a StartError. */
export function writeOwnerToken(storageDirectory: string): OwnerToken {
  const path = join(storageDirectory, OWNER_TOKEN_FILE);
  const token = `${PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  writePrivateFile(path, `${token}\n`);
  return {
    token,
    path,
    remove() {
      try {
        if (readOwnerToken(storageDirectory) === token) rmSync(path, { force: true });
      } catch {
        // Gone already, or no longer ours.
      }
    },
  };
}

/** Tokens that this process has written, by path, and how many hold each. */
const shared = new Map<string, { readonly owner: OwnerToken; holders: number }>();

/** As writeOwnerToken, but the one that is there where this process holds one already: while a configuration is reloaded
 *  two APIs are open, and whichever of them ends must not take the token from the other. */
export function holdOwnerToken(storageDirectory: string): OwnerToken {
  const path = join(storageDirectory, OWNER_TOKEN_FILE);
  const entry = shared.get(path) ?? { owner: writeOwnerToken(storageDirectory), holders: 0 };
  shared.set(path, entry);
  entry.holders += 1;
  let held = true;
  return {
    token: entry.owner.token,
    path,
    remove() {
      if (!held) return;
      held = false;
      entry.holders -= 1;
      if (entry.holders > 0) return;
      shared.delete(path);
      entry.owner.remove();
    },
  };
}

/** Throws a StartError: there is none, or it is not safe to trust. */
export function readOwnerToken(storageDirectory: string): string {
  return readPrivateFile(join(storageDirectory, OWNER_TOKEN_FILE)).trimEnd();
}
