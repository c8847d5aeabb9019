import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Audit } from '../../pipeline/audit.ts';
import type { Context, Extension } from '../../pipeline/component.ts';
import { StartError } from '../../pipeline/errors.ts';
import { makePrivateFolder } from '../../pipeline/private-folder.ts';
import { loadSigner } from './checkpoint.ts';
import type { Config } from './config.ts';
import { realDisk } from './disk.ts';
import { lockFolder } from './lock.ts';
import { AuditLog } from './log.ts';
import { checkpointsIn } from './recovery.ts';
import { settleKey } from './rotate-key.ts';
import { segmentsIn } from './segment.ts';

/** The folder of a configured log. */
export function auditFolder(config: Pick<Config, 'directory'>, storageDirectory: string): string {
  return config.directory === undefined ? join(storageDirectory, 'audit') : resolve(config.directory);
}

interface OpenLog {
  readonly log: AuditLog;
  readonly unlock: () => Promise<void>;
  users: number;
}

/** Logs that this process writes: while a configuration is reloaded the old and the new extension share one. */
const openLogs = new Map<string, Promise<OpenLog>>();
const closing = new Map<string, Promise<void>>();

export function create(config: Config, context: Context): Extension {
  let held: { readonly folder: string; readonly log: AuditLog; readonly leave: () => void } | undefined;
  return {
    async start() {
      const folder = await prepare(config, context);
      const { log } = await acquire(folder, config, context);
      log.settings = config;
      // Of its own, so that the old extension's end does not take away the new one's.
      const keeper: Audit = { active: true, record: (event) => log.record(event), refusal: () => log.refusal() };
      held = { folder, log, leave: context.host.audit.keep(keeper) };
    },
    async stop(deadlineMs) {
      const mine = held;
      held = undefined;
      if (mine === undefined) return;
      mine.leave();
      await release(mine.folder, deadlineMs);
    },
    status: () => held?.log.status() ?? { state: 'ok' },
    stats: () => held?.log.stats() ?? {},
  };
}

async function prepare(config: Config, { host }: Context): Promise<string> {
  const folder = auditFolder(config, host.storage.directory);
  try {
    await makePrivateFolder(host.storage.directory);
    await makePrivateFolder(folder);
    return await realpath(folder);
  } catch (error) {
    throw cannotOpen(folder, error);
  }
}

async function acquire(folder: string, config: Config, context: Context): Promise<OpenLog> {
  await closing.get(folder);
  const known = await openLogs.get(folder);
  if (known !== undefined) {
    known.users += 1;
    return known;
  }
  const opening = openLog(folder, config, context);
  openLogs.set(folder, opening);
  opening.catch(() => openLogs.delete(folder));
  return opening;
}

async function openLog(folder: string, config: Config, { host, clock, log }: Context): Promise<OpenLog> {
  let unlock: (() => Promise<void>) | undefined;
  try {
    unlock = await lockFolder(folder);
    await settleKey(folder, host.storage.directory);
    const isNew = (await segmentsIn(folder)).length === 0 && (await checkpointsIn(folder)).length === 0;
    const signer = await loadSigner(host.storage.directory, isNew);
    return { log: await AuditLog.open(folder, config, { clock, log, signer, disk: realDisk }), unlock, users: 1 };
  } catch (error) {
    await unlock?.();
    throw cannotOpen(folder, error);
  }
}

async function release(folder: string, deadlineMs: number): Promise<void> {
  const open = await openLogs.get(folder);
  if (open === undefined) return;
  open.users -= 1;
  if (open.users > 0) return;
  openLogs.delete(folder);
  const closed = open.log.close(deadlineMs).then(open.unlock);
  closing.set(folder, closed);
  await closed.finally(() => closing.delete(folder));
}

function cannotOpen(folder: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  return new StartError(`cannot open the audit log in ${folder}: ${error instanceof Error ? error.message : String(error)}`);
}
