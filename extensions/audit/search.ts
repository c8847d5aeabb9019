import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { parseRecord } from './chain.ts';
import { addressOf, RECORD_TYPES, SEVERITIES, type AuditRecord, type RecordType } from './record.ts';
import { indexPath, segmentPath, segmentsIn } from './segment.ts';
import { decodeIndex, IndexBuilder, severityOfKind, typeOfKind, type SegmentIndex } from './segment-index.ts';
import { scanSegment } from './segment-scan.ts';

export interface Query {
  readonly scope?: string | undefined;
  readonly type?: RecordType | undefined;
  /** This severity or a graver one. */
  readonly severity?: (typeof SEVERITIES)[number] | undefined;
  readonly client?: string | undefined;
  readonly user?: string | undefined;
  /** Inclusive. */
  readonly sinceMs?: number | undefined;
  /** Exclusive. */
  readonly untilMs?: number | undefined;
}

export interface SearchResult {
  /** The last `limit` records that match, oldest first. */
  readonly records: readonly AuditRecord[];
  /** Of all that match, whatever the limit. */
  readonly matches: number;
  readonly events: number;
  readonly items: number;
  /** Records that were looked through. */
  readonly searched: number;
}

/**
 * Finds records by the indexes of the segments; a segment without one (the one being written, or after a crash) is read.
 * An index is believed: `verify` tells whether one was forged. Rejects with the system's error.
 */
export async function searchLog(folder: string, query: Query, limit: number): Promise<SearchResult> {
  const found: AuditRecord[][] = [];
  let [left, matches, events, items, searched] = [limit, 0, 0, 0, 0];
  for (const segment of (await segmentsIn(folder)).toReversed()) {
    const index = await indexOf(folder, segment);
    searched += index.count;
    const rows = matchesIn(index, query);
    matches += rows.length;
    for (const row of rows) {
      events += index.columns.events[row]!;
      items += index.columns.items[row]!;
    }
    if (left === 0 || rows.length === 0) continue;
    const wanted = rows.slice(-left);
    left -= wanted.length;
    found.push(await readRecords(segmentPath(folder, segment), index, wanted));
  }
  return { records: found.toReversed().flat(), matches, events, items, searched };
}

async function indexOf(folder: string, segment: number): Promise<SegmentIndex> {
  const bytes = await readFile(indexPath(folder, segment)).catch(() => undefined);
  const index = bytes === undefined ? undefined : decodeIndex(bytes);
  // After a crash a segment may have been written on behind its index.
  if (index !== undefined && index.byteLength === (await stat(segmentPath(folder, segment))).size) return index;
  const builder = new IndexBuilder();
  const text = await readFile(segmentPath(folder, segment));
  const { goodBytes } = scanSegment(text, undefined, (record, offset) => builder.add(record, offset));
  return builder.build(goodBytes);
}

/** Rows that match. One loop over columns of numbers; what does not occur in the segment costs a look at its lists. */
export function matchesIn(index: SegmentIndex, query: Query): number[] {
  const scope = idOf(index.scopes, query.scope);
  const client = idOf(index.clients, query.client === undefined ? undefined : addressOf(query.client));
  const user = idOf(index.users, query.user);
  const sinceMs = query.sinceMs ?? -Infinity;
  const untilMs = query.untilMs ?? Infinity;
  if (scope === undefined || client === undefined || user === undefined) return [];
  if (index.lastMs < sinceMs || index.firstMs >= untilMs) return [];
  const kinds = wantedKinds(query);
  const rows: number[] = [];
  const { times, scopes, clients, users, kinds: kindColumn } = index.columns;
  for (let row = 0; row < index.count; row++) {
    if (scope !== 0 && scopes[row] !== scope) continue;
    if (client !== 0 && clients[row] !== client) continue;
    if (user !== 0 && users[row] !== user) continue;
    if (kinds[kindColumn[row]!] === 0) continue;
    if (times[row]! < sinceMs || times[row]! >= untilMs) continue;
    rows.push(row);
  }
  return rows;
}

/** 0 = whatever it is; undefined = it does not occur. */
function idOf(texts: readonly string[], wanted: string | undefined): number | undefined {
  if (wanted === undefined) return 0;
  const at = texts.indexOf(wanted);
  return at === -1 ? undefined : at + 1;
}

function wantedKinds({ type, severity }: Query): Uint8Array {
  const least = severity === undefined ? 0 : SEVERITIES.indexOf(severity);
  return Uint8Array.from({ length: RECORD_TYPES.length * SEVERITIES.length }, (_, kind) =>
    (type === undefined || typeOfKind(kind) === type) && severityOfKind(kind) >= least ? 1 : 0,
  );
}

async function readRecords(path: string, index: SegmentIndex, rows: readonly number[]): Promise<AuditRecord[]> {
  const file = await open(path, 'r');
  try {
    const records: AuditRecord[] = [];
    for (const row of rows) {
      const record = parseRecord(
        await readRange(file, index.columns.offsets[row]!, index.columns.offsets[row + 1] ?? index.byteLength),
      );
      if (record !== undefined) records.push(record);
    }
    return records;
  } finally {
    await file.close();
  }
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, end - start));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  return bytes.subarray(0, bytesRead);
}
