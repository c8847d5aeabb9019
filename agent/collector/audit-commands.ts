import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { auditFolder } from '../../extensions/audit/audit.ts';
import { fingerprintOf, PUBLIC_KEY, readPublicKey } from '../../extensions/audit/checkpoint.ts';
import { config as auditConfig, type Config } from '../../extensions/audit/config.ts';
import type { AuditRecord, RecordType } from '../../extensions/audit/record.ts';
import { checkpointsOf } from '../../extensions/audit/recovery.ts';
import { rotateKey } from '../../extensions/audit/rotate-key.ts';
import { rotationsOf } from '../../extensions/audit/rotation.ts';
import { CHECKPOINTS } from '../../extensions/audit/segment.ts';
import { searchLog, type Query, type SearchResult } from '../../extensions/audit/search.ts';
import { verifyLog, type VerifyReport } from '../../extensions/audit/verify.ts';
import type { AuditSeverity } from '../../pipeline/audit.ts';
import { parseDuration } from '../../pipeline/config-types.ts';
import { StartError } from '../../pipeline/errors.ts';
import { loadOrRefuse, type ConfigOptions } from './configs.ts';
import { formatCount } from './counts.ts';
import { table } from './tables.ts';

export interface AuditOptions extends ConfigOptions {
  readonly directory?: string;
}

export interface AuditSearchOptions extends AuditOptions {
  readonly scope?: string;
  readonly type?: RecordType;
  readonly severity?: AuditSeverity;
  readonly client?: string;
  readonly user?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
  readonly format: 'table' | 'json';
}

export interface AuditVerifyOptions extends AuditOptions {
  readonly publicKey?: string;
  readonly checkpoint?: readonly string[];
}

interface Place {
  readonly folder: string;
  readonly publicKey: string;
  readonly settings: Config;
}

/** What goes to stdout: the records, then (in a table) how many match. */
export async function auditSearch(options: AuditSearchOptions, now: () => number = Date.now): Promise<string> {
  const { scope, type, severity, client, user } = options;
  const limit = Number(options.limit);
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw new StartError(`cannot search: --limit ${options.limit} is no number of records`);
  const query: Query = {
    scope,
    type,
    severity,
    client,
    user,
    sinceMs: timeOf('--since', options.since, now()),
    untilMs: timeOf('--until', options.until, now()),
  };
  const { folder } = await placeOf(options);
  const result = await searchLog(folder, query, limit);
  if (options.format === 'json') return result.records.map((record) => JSON.stringify(record)).join('\n');
  return [...(result.records.length === 0 ? [] : [recordTable(result.records), '']), summaryOf(result)].join('\n');
}

export async function auditVerify(options: AuditVerifyOptions): Promise<{ ok: boolean; text: string }> {
  const { folder, publicKey: beside } = await placeOf(options);
  const path = options.publicKey ?? beside;
  const publicKey = await readPublicKey(path).catch((error: unknown) => {
    throw new StartError(`cannot read the public key ${path}: ${causeOf(error)}; name it with --public-key`);
  });
  const texts = await Promise.all((options.checkpoint ?? []).map(readCheckpoints));
  const fingerprint = fingerprintOf(publicKey);
  const kept = { checkpoints: texts.flatMap(checkpointsOf), rotations: texts.flatMap(rotationsOf) };
  const report = await verifyLog(folder, { publicKey, fingerprint, ...kept });
  return { ok: report.ok, text: reportText(folder, report) };
}

/** Hands the signing of checkpoints over to a new key. Rejects with a StartError while a process writes the log. */
export async function auditRotateKey(options: AuditOptions, now: () => number = Date.now): Promise<string> {
  const { folder, publicKey, settings } = await placeOf(options);
  const { before, after, seq } = await rotateKey(folder, dirname(publicKey), settings, now());
  return [
    `${folder}: from record ${seq + 1} on ${after} signs`,
    `  before: ${before}, which is gone; it has endorsed the new one`,
    `  keep copies of ${publicKey} and ${join(folder, CHECKPOINTS)} where the collector cannot write`,
  ].join('\n');
}

async function readCheckpoints(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new StartError(`cannot read the checkpoints ${path}: ${causeOf(error)}`);
  });
  if (checkpointsOf(text).length + rotationsOf(text).length === 0)
    throw new StartError(`cannot read the checkpoints ${path}: it holds none`);
  return text;
}

async function placeOf(options: AuditOptions): Promise<Place> {
  const place = options.directory === undefined ? await configured(options) : beside(resolve(options.directory));
  const found = await stat(place.folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new StartError(`cannot read the audit log: there is no folder ${place.folder}; name it with --directory`);
  return place;
}

const beside = (folder: string): Place => ({
  folder,
  publicKey: join(dirname(folder), PUBLIC_KEY),
  settings: auditConfig.parse(undefined),
});

async function configured(options: ConfigOptions): Promise<Place> {
  const { plan } = (await loadOrRefuse(options)).loaded;
  const extension = plan.extensions.find(({ component }) => component.type === 'audit');
  const settings = (extension?.config ?? auditConfig.parse(undefined)) as Config;
  const folder = auditFolder(settings, plan.storage.directory);
  return { folder, publicKey: join(plan.storage.directory, PUBLIC_KEY), settings };
}

const DAYS = /^(\d+(?:\.\d+)?)d$/;
const DAY_MS = 86_400_000;

/** A time, or how long ago. */
function timeOf(option: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const days = DAYS.exec(text.trim());
  const agoMs = days === null ? parseDuration(text) : Number(days[1]) * DAY_MS;
  if (agoMs !== undefined && Number.isFinite(agoMs)) return nowMs - agoMs;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs))
    throw new StartError(
      `cannot search: ${option} ${text} is neither a time (2026-01-31T12:00:00Z) nor how long ago (15m, 24h, 7d)`,
    );
  return atMs;
}

/** Whatever somebody wrote into a file, it cannot move a terminal's cursor. */
const plain = (text: string | undefined): string => (text ?? '-').replaceAll(/\p{Cc}+/gu, ' ');

function recordTable(records: readonly AuditRecord[]): string {
  return table(
    ['TIME', 'SEVERITY', 'TYPE', 'ACTION', 'SCOPE', 'CLIENT', 'USER', 'EVENTS', 'ITEMS', 'DETAILS'],
    records.map(({ time, severity, type, action, scope, client, user, events, items, details }) => [
      plain(time),
      severity,
      type,
      plain(action),
      plain(scope),
      plain(client),
      plain(user),
      formatCount(events ?? 1),
      items === undefined ? '-' : formatCount(items),
      plain(
        Object.entries(details ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .join(' '),
      ),
    ]),
  );
}

function summaryOf({ records, matches, events, items, searched }: SearchResult): string {
  const shown = records.length < matches ? `; the last ${formatCount(records.length)} are shown` : '';
  return `${formatCount(matches)} of ${formatCount(searched)} records match: ${formatCount(events)} events, ${formatCount(items)} items${shown}`;
}

function reportText(folder: string, report: VerifyReport): string {
  if (report.firstFault !== undefined) return `${folder}: NOT as it was written\n  ${plain(report.firstFault)}`;
  const { segments, records, lastSeq, checkpoints, keys, anchoredSeq } = report;
  const anchored = anchoredSeq < 0 ? 'none' : `the last one at record ${anchoredSeq}`;
  return [
    `${folder}: ${formatCount(records)} records in ${segments} segments are as they were written, up to record ${lastSeq}`,
    `  ${formatCount(checkpoints)} checkpoints hold (${anchored}), signed by ${keys.join(', then ')}`,
    ...report.notes.map((note) => `  note: ${note}`),
  ].join('\n');
}

const causeOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
