import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import { canonical } from './record.ts';

/** Says, signed, that the chain had this end at that time: who has a copy elsewhere can prove a cut or rewritten log. */
export interface Checkpoint {
  readonly stream: string;
  readonly segment: number;
  readonly seq: number;
  readonly hash: string;
  readonly time: string;
  /** Fingerprint of the public key. */
  readonly key: string;
  /** Ed25519 over `periscope.audit.checkpoint.v1\n` and the checkpoint without its signature as RFC 8785 writes it; base64. */
  readonly signature: string;
}

const DOMAIN = 'periscope.audit.checkpoint.v1\n';
export const PRIVATE_KEY = 'audit-key.pem';
/** A key that is being handed over to. */
export const NEXT_KEY = 'audit-key.next.pem';
export const PUBLIC_KEY = 'audit-public-key.pem';

export interface Signer {
  readonly key: string;
  sign(content: Omit<Checkpoint, 'key' | 'signature'>): Checkpoint;
}

const messageOf = (content: Omit<Checkpoint, 'signature'>): Buffer => Buffer.from(DOMAIN + canonical(content));

export function fingerprintOf(key: KeyObject): string {
  const der = (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}

export function signerOf(privateKey: KeyObject): Signer {
  const key = fingerprintOf(privateKey);
  return {
    key,
    sign(content) {
      const unsigned = { ...content, key };
      return { ...unsigned, signature: sign(null, messageOf(unsigned), privateKey).toString('base64') };
    },
  };
}

export function isSignedBy({ signature, ...content }: Checkpoint, publicKey: KeyObject): boolean {
  return verify(null, messageOf(content), publicKey, Buffer.from(signature, 'base64'));
}

/** Undefined when the line is no checkpoint. Its signature is not looked at. */
export function readCheckpoint(line: string): Checkpoint | undefined {
  try {
    const value = JSON.parse(line) as Partial<Checkpoint> | null;
    const texts = [value?.stream, value?.hash, value?.time, value?.key, value?.signature];
    const numbers = [value?.segment, value?.seq];
    const whole = texts.every((text) => typeof text === 'string') && numbers.every((number) => Number.isSafeInteger(number));
    if (!whole) return undefined;
    const { stream, segment, seq, hash, time, key, signature } = value as Checkpoint;
    return { stream, segment, seq, hash, time, key, signature };
  } catch {
    return undefined;
  }
}

export const checkpointLine = (checkpoint: Checkpoint): string => `${canonical(checkpoint)}\n`;

/** The public key that stands beside the private one in the storage directory, or in any PEM file. */
export async function readPublicKey(path: string): Promise<KeyObject> {
  const file = await open(path, constants.O_RDONLY);
  try {
    return createPublicKey(await file.readFile());
  } finally {
    await file.close();
  }
}

/**
 * The key of a storage directory (PEM, PKCS #8, 0600), made when there is none and `mayMake`. The public half is written
 * beside it for whoever verifies. Rejects with a StartError when others may read the key, it is a link, or it is gone.
 */
export async function loadSigner(storage: string, mayMake: boolean): Promise<Signer> {
  const path = join(storage, PRIVATE_KEY);
  try {
    return signerOf(await readPrivateKey(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw startError(path, error);
    if (!mayMake) {
      throw new StartError(
        `cannot open the audit log: its key ${path} is gone; restore it, or move the log's folder away to begin a new log`,
      );
    }
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  try {
    await writeNew(join(storage, PUBLIC_KEY), publicKey.export({ type: 'spki', format: 'pem' }), 0o644);
    await writeNew(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  } catch (error) {
    throw startError(path, error);
  }
  return signerOf(privateKey);
}

function startError(path: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  return new StartError(`cannot use the audit key ${path}: ${error instanceof Error ? error.message : String(error)}`);
}

/** Rejects with a StartError when it is no key to be trusted, with the system's error when it cannot be read. */
export async function readPrivateKey(path: string): Promise<KeyObject> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' ? new StartError(`cannot use the audit key ${path}: it is a symbolic link`) : error;
  });
  try {
    const { mode } = await file.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new StartError(`cannot use the audit key ${path}: others may read it; chmod 600 it`);
    const key = createPrivateKey(await file.readFile());
    if (key.asymmetricKeyType !== 'ed25519') throw new StartError(`cannot use the audit key ${path}: it is no Ed25519 key`);
    return key;
  } finally {
    await file.close();
  }
}

/** The public key may be left from before; the private one never replaces another. */
export async function writeNew(path: string, text: string | Buffer, mode: number): Promise<void> {
  const secret = mode === 0o600;
  const file = await open(path, secret ? 'wx' : 'w', mode);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}
