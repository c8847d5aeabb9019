import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FORMAT_VERSION, type ChainEnd } from './chain.ts';
import type { AuditRecord, Draft } from './record.ts';

/** Names in an audit folder. A segment and its index belong together; everything else is one per folder. */
export const CHECKPOINTS = 'checkpoints.jsonl';
export const LOCK = 'lock';
const SEGMENT = /^segment-(\d{8,15})\.jsonl$/;

const nameOf = (number: number): string => `segment-${String(number).padStart(8, '0')}`;
export const segmentPath = (folder: string, number: number): string => join(folder, `${nameOf(number)}.jsonl`);
export const indexPath = (folder: string, number: number): string => join(folder, `${nameOf(number)}.idx`);
export const segmentName = (number: number): string => `${nameOf(number)}.jsonl`;

/** Numbers of the segments in a folder, in order. Rejects with the system's error. */
export async function segmentsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .flatMap((name) => SEGMENT.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** The first record of each segment: which one it is, of which log, and what it follows. */
export interface SegmentHeader {
  readonly segment: number;
  /** One per log: a segment of another log cannot stand in. */
  readonly stream: string;
  /** Hash of the last record of the segment before it. */
  readonly previous: string;
  /** Fingerprint of the key that signs the checkpoints. */
  readonly key: string;
}

const OPENED = 'segment_opened';

export function headerDraft(header: SegmentHeader, atMs: number): Draft {
  const details = { ...header, version: FORMAT_VERSION };
  return { type: 'LOG', severity: 'INFO', action: OPENED, result: 'SUCCESS', atMs, details };
}

/** Undefined when the record opens no segment. */
export function headerOf(record: AuditRecord): SegmentHeader | undefined {
  if (record.type !== 'LOG' || record.action !== OPENED) return undefined;
  const { segment, stream, previous, key } = record.details ?? {};
  if (typeof segment !== 'number' || typeof stream !== 'string' || typeof previous !== 'string' || typeof key !== 'string')
    return undefined;
  return { segment, stream, previous, key };
}

/** Where the chain stands, as the header of a segment says it did before that record. */
export function endBefore(record: AuditRecord, header: SegmentHeader): ChainEnd {
  return { seq: record.seq - 1, hash: header.previous };
}

/** Calls `each` with every line that ends in a newline. Returns where the last of them ended: what follows is torn. */
export function forEachLine(bytes: Buffer, each: (line: Buffer, offset: number) => boolean | void): number {
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    if (each(bytes.subarray(start, end), start) === false) return start;
    start = end + 1;
  }
  return start;
}
