import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fingerprintOf, signerOf } from '../../extensions/audit/checkpoint.ts';
import { config } from '../../extensions/audit/config.ts';
import { realDisk, type Disk } from '../../extensions/audit/disk.ts';
import { AuditLog, type LogSettings } from '../../extensions/audit/log.ts';
import type { AuditRecord } from '../../extensions/audit/record.ts';
import { segmentPath, segmentsIn } from '../../extensions/audit/segment.ts';
import { verifyLog, type VerifyReport } from '../../extensions/audit/verify.ts';
import type { AuditEvent } from '../../pipeline/audit.ts';
import { systemClock, type Clock } from '../../pipeline/clock.ts';
import { quietContext, type LogLine } from './contexts.ts';

/** One key for all tests of a file. */
export const KEYS = generateKeyPairSync('ed25519');
export const FINGERPRINT = fingerprintOf(KEYS.privateKey);
export const SIGNER = signerOf(KEYS.privateKey);

export interface OpenedLog {
  readonly log: AuditLog;
  readonly lines: readonly LogLine[];
}

export async function openLog(
  folder: string,
  settings: Partial<LogSettings> = {},
  clock: Clock = systemClock,
  disk: Disk = realDisk,
): Promise<OpenedLog> {
  const { log, lines } = quietContext(clock);
  return {
    log: await AuditLog.open(folder, { ...config.parse(undefined), ...settings }, { clock, log, disk, signer: SIGNER }),
    lines,
  };
}

/** Writes a log of these events, stops it as a stop does, and leaves it. */
export async function writeLog(
  folder: string,
  events: readonly AuditEvent[],
  settings: Partial<LogSettings> = {},
): Promise<void> {
  const { log } = await openLog(folder, settings);
  for (const event of events) log.record(event);
  await log.close(10_000);
}

/** Every record of a folder, as an independent reader of JSON lines sees them. */
export async function recordsIn(folder: string): Promise<(AuditRecord & { readonly hash: string })[]> {
  const texts = await Promise.all((await segmentsIn(folder)).map((segment) => readFile(segmentPath(folder, segment), 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '' && line.endsWith('}'))
    .map((line) => JSON.parse(line) as AuditRecord & { readonly hash: string });
}

export const verified = (folder: string): Promise<VerifyReport> =>
  verifyLog(folder, { publicKey: KEYS.publicKey, fingerprint: FINGERPRINT });

/** Never folded, so that each is a record. */
export const change = (n: number, more: Partial<AuditEvent> = {}): AuditEvent => ({
  type: 'CONFIG_CHANGE',
  severity: 'INFO',
  action: 'reloaded',
  result: 'SUCCESS',
  details: { n },
  ...more,
});

export const violation = (client: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  type: 'SCOPE_VIOLATION',
  severity: 'CRITICAL',
  action: 'scope_mismatch',
  result: 'FAILURE',
  scope: 'ACME',
  client,
  component: 'otlp',
  items: 3,
  ...more,
});

/** Waits for something that the disk decides. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 1));
}
