import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import { fingerprintOf, NEXT_KEY, PRIVATE_KEY, PUBLIC_KEY, readPrivateKey, signerOf, writeNew } from './checkpoint.ts';
import { realDisk } from './disk.ts';
import { lockFolder } from './lock.ts';
import type { Draft } from './record.ts';
import { checkpointText } from './recovery.ts';
import type { Retention } from './retention.ts';
import { keysOf, rotationsOf } from './rotation.ts';
import { SegmentWriter } from './segment-writer.ts';

export interface RotatedKey {
  readonly before: string;
  readonly after: string;
  /** The last record that the key before signs for. */
  readonly seq: number;
}

/**
 * Hands the signing of checkpoints over to a new key, while no process writes the log. The new key is on the disk before
 * the old one endorses it, and the old one is replaced after that: an end in between is put right by the next start.
 * Rejects with a StartError, or the system's error.
 */
export async function rotateKey(
  folder: string,
  storage: string,
  limits: Retention & { readonly max_segment_size: number },
  nowMs: number,
): Promise<RotatedKey> {
  const unlock = await lockFolder(folder);
  try {
    await settleKey(folder, storage);
    const old = (await keyIn(storage, PRIVATE_KEY))?.key;
    if (old === undefined)
      throw new StartError(`cannot change the key of the audit log: ${join(storage, PRIVATE_KEY)} is not there`);
    const signer = signerOf(old);
    const { writer, findings } = await SegmentWriter.open(folder, { signer, disk: realDisk }, () => {
      throw new StartError(`cannot change the key of the audit log in ${folder}: it has no records yet`);
    });
    const { privateKey: next } = generateKeyPairSync('ed25519');
    const after = fingerprintOf(next);
    await rm(join(storage, NEXT_KEY), { force: true });
    await writeNew(join(storage, NEXT_KEY), next.export({ type: 'pkcs8', format: 'pem' }), 0o600);
    await realDisk.syncFolder(storage);
    const drafts: Draft[] = findings.map((finding) => ({ ...finding, atMs: nowMs }));
    const own = { type: 'LOG', severity: 'INFO', result: 'SUCCESS', atMs: nowMs } as const;
    drafts.push({ ...own, action: 'key_rotated', details: { key: signer.key, next_key: after } }, { ...own, action: 'stopped' });
    for (let at = 0; at < drafts.length;) at += await writer.append(drafts.slice(at), nowMs, limits);
    await writer.handOver(old, next, nowMs);
    await writer.close();
    await install(storage, next);
    return { before: signer.key, after, seq: writer.lastSeq };
  } finally {
    await unlock();
  }
}

/** Ends a rotation that a killed process began. Rejects with a StartError when the key that was endorsed is not there. */
export async function settleKey(folder: string, storage: string): Promise<void> {
  const last = rotationsOf(await checkpointText(folder)).findLast((rotation) => keysOf(rotation) !== undefined);
  if (last === undefined) return;
  const { next_key } = last.rotation;
  if ((await keyIn(storage, PRIVATE_KEY))?.fingerprint === next_key) return;
  const next = await keyIn(storage, NEXT_KEY);
  if (next?.fingerprint !== next_key)
    throw new StartError(
      `cannot open the audit log: its key was handed over to ${next_key}, which ${join(storage, PRIVATE_KEY)} is not; restore it, or move the log's folder away to begin a new log`,
    );
  await install(storage, next.key);
}

async function install(storage: string, next: KeyObject): Promise<void> {
  await rename(join(storage, NEXT_KEY), join(storage, PRIVATE_KEY));
  await writeNew(join(storage, PUBLIC_KEY), createPublicKey(next).export({ type: 'spki', format: 'pem' }), 0o644);
  await realDisk.syncFolder(storage);
}

async function keyIn(storage: string, name: string): Promise<{ key: KeyObject; fingerprint: string } | undefined> {
  try {
    const key = await readPrivateKey(join(storage, name));
    return { key, fingerprint: fingerprintOf(key) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
