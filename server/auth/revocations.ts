import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { stampOf } from './file-stamp.ts';

export const REVOCATION_FILE = 'revoked-tokens';
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const LINE_BYTES_MAX = 600;
/** A name that one line of the file can hold. */
const NAME = /^[\x21-\x7e]{1,512}$/;

export const revocationFile = (configured: string | undefined, storageDirectory: string): string =>
  configured ?? join(storageDirectory, REVOCATION_FILE);

/** What a token is called in the file: its `jti`, else the digest of the whole. */
export const revocationName = (jti: unknown, digest: string): string =>
  typeof jti === 'string' && NAME.test(jti) && !jti.startsWith('#') ? jti : `sha256:${digest}`;

/** The list of void tokens: a text file that a person, or `periscope token revoke`, adds lines to. */
export class Revocations {
  readonly #path: string;
  #stamp = '';
  #names: ReadonlySet<string> = new Set();

  constructor(path: string) {
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Reads the file when it has changed; true when it had. Throws a StartError when it is there and cannot be read: then
   *  the old list stays. */
  refresh(): boolean {
    const stamp = stampOf(this.#path);
    if (stamp === this.#stamp) return false;
    this.#names = stamp === '' ? new Set() : this.#read();
    this.#stamp = stamp;
    return true;
  }

  #read(): ReadonlySet<string> {
    try {
      if (statSync(this.#path).size > LIMITS.revokedTokens * LINE_BYTES_MAX) throw new Error('it is too large');
      const lines = readFileSync(this.#path, 'utf8').split('\n');
      const names = lines.map((line) => line.replace(/\s.*$/, '')).filter((line) => line !== '' && !line.startsWith('#'));
      if (names.length > LIMITS.revokedTokens) throw new Error(`it lists more than ${LIMITS.revokedTokens} tokens`);
      return new Set(names);
    } catch (error) {
      throw new StartError(
        `cannot read the list of void tokens ${this.#path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

/** Adds a line. Throws a StartError. */
export function revoke(path: string, name: string, note: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
    appendFileSync(path, `${name} ${note.replaceAll(/\s+/g, ' ')}\n`, { mode: PRIVATE_FILE });
  } catch (error) {
    throw new StartError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
