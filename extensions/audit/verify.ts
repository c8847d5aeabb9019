import { readFile } from 'node:fs/promises';
import { CHAIN_START, type ChainEnd } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import { KeyChain, type PinnedKey } from './key-chain.ts';
import { isWritten } from './lock.ts';
import type { AuditRecord } from './record.ts';
import { checkpointsOf, checkpointText } from './recovery.ts';
import { rotationsOf, type Rotation } from './rotation.ts';
import { indexPath, segmentName, segmentPath, segmentsIn, type SegmentHeader } from './segment.ts';
import { encodeIndex, IndexBuilder } from './segment-index.ts';
import { scanSegment } from './segment-scan.ts';

/** The pinned key is one of those whose checkpoints count: the others are found by the rotations. */
export interface VerifyOptions extends PinnedKey {
  /** Copies that were kept elsewhere; the folder's own are always looked at. */
  readonly checkpoints?: readonly Checkpoint[];
  readonly rotations?: readonly Rotation[];
}

export interface VerifyReport {
  readonly ok: boolean;
  /** The first thing that is not as it was written: `segment-00000002.jsonl line 7: …`. */
  readonly firstFault: string | undefined;
  /** What a person should know and that is no fault. */
  readonly notes: readonly string[];
  readonly segments: number;
  readonly records: number;
  readonly lastSeq: number;
  readonly checkpoints: number;
  /** Fingerprints of the keys that signed, one after the other. */
  readonly keys: readonly string[];
  /** The last record that a checkpoint vouches for; -1 = none. Nothing anchors what follows it. */
  readonly anchoredSeq: number;
}

type Anchor = Pick<Checkpoint, 'stream' | 'segment' | 'seq' | 'hash' | 'time'>;

/** The chain as far as it was read. */
interface Progress {
  readonly segments: readonly number[];
  readonly keys: KeyChain;
  /** Checkpoints, and rotations, which sign the end of the chain as well. */
  readonly anchors: readonly Anchor[];
  /** Those that no record was found for yet. */
  readonly awaited: Anchor[];
  end: ChainEnd;
  records: number;
  stream: string | undefined;
  anchoredSeq: number;
  fault: string | undefined;
  deletedThrough: number;
  last: AuditRecord | undefined;
  tornBytes: number;
  readonly staleIndexes: string[];
}

const COMPARED_INDEXES = 'they are made anew from the segments when they are removed';

/**
 * Reads a whole log and names the first record that is not what was written. Works on a copy, offline, and while the
 * collector writes. Rejects with the system's error when the folder cannot be read.
 */
export async function verifyLog(folder: string, options: VerifyOptions): Promise<VerifyReport> {
  // Before the segments: a checkpoint that comes while they are read vouches for records that were not read.
  const own = await checkpointText(folder);
  const all = [...checkpointsOf(own), ...(options.checkpoints ?? [])];
  const rotations = [...rotationsOf(own), ...(options.rotations ?? [])];
  const keys = new KeyChain(options, rotations);
  const anchors: Anchor[] = [...all, ...rotations.map(({ rotation }) => rotation)];
  const written = await isWritten(folder);
  const progress: Progress = {
    segments: await segmentsIn(folder),
    keys,
    anchors,
    awaited: anchors.toSorted((a, b) => a.seq - b.seq),
    end: CHAIN_START,
    records: 0,
    stream: undefined,
    anchoredSeq: -1,
    fault: keys.fault ?? all.flatMap((checkpoint) => keys.checkpointFault(checkpoint) ?? [])[0],
    deletedThrough: 0,
    last: undefined,
    tornBytes: 0,
    staleIndexes: [],
  };
  for (const [at, segment] of progress.segments.entries()) {
    if (progress.fault !== undefined) break;
    progress.fault = await readSegment(folder, segment, at, progress, written);
  }
  progress.fault ??= missingStart(progress) ?? missingTail(progress);
  return {
    ok: progress.fault === undefined,
    firstFault: progress.fault,
    notes: progress.fault === undefined ? notesOf(progress, written) : [],
    segments: progress.segments.length,
    records: progress.records,
    lastSeq: progress.end.seq,
    checkpoints: all.length,
    keys: keys.keys,
    anchoredSeq: progress.anchoredSeq,
  };
}

async function readSegment(
  folder: string,
  segment: number,
  at: number,
  progress: Progress,
  written: boolean,
): Promise<string | undefined> {
  const name = segmentName(segment);
  const before = progress.segments[at - 1];
  if (before !== undefined && segment !== before + 1) return `${segmentName(before + 1)}: the segment is missing`;
  const bytes = await readFile(segmentPath(folder, segment));
  const index = new IndexBuilder();
  let mismatch: string | undefined;
  const each = (record: AuditRecord, offset: number, end: ChainEnd): void => {
    index.add(record, offset);
    if (record.type === 'LOG' && record.action === 'deleted')
      progress.deletedThrough = Math.max(progress.deletedThrough, Number(record.details?.['through_segment'] ?? 0));
    mismatch ??= anchor(progress, end);
  };
  // The first segment that is left may follow others that were deleted on time; the first one of all follows nothing.
  const scan = scanSegment(bytes, before === undefined && segment !== 1 ? undefined : progress.end, each);
  const { header } = scan;
  if (header !== undefined) {
    const misnamed = scan.firstSeq === undefined ? undefined : progress.keys.segmentFault(header.key, scan.firstSeq);
    const fault = headerFault(header, segment, at, progress) ?? misnamed;
    if (fault !== undefined) return `${name} line 1: ${fault}`;
    progress.stream = header.stream;
  }
  progress.records += scan.records;
  progress.end = scan.end ?? progress.end;
  progress.last = scan.last ?? progress.last;
  if (scan.broken !== undefined) return `${name} line ${scan.broken.line}: record ${scan.broken.seq}: ${scan.broken.what}`;
  const foreign = foreignCheckpoint(progress);
  if (foreign !== undefined) return foreign;
  if (mismatch !== undefined) return `${name}: ${mismatch}`;
  const isLast = at === progress.segments.length - 1;
  if (scan.tornBytes > 0) {
    progress.tornBytes = scan.tornBytes;
    if (!isLast || !written) return tornFault(name, scan.records, progress.end.seq, scan.tornBytes);
  }
  await compareIndex(folder, segment, index, bytes.length, progress);
  return undefined;
}

const tornFault = (name: string, lines: number, seq: number, tornBytes: number): string =>
  `${name} line ${lines + 1}: record ${seq + 1}: only ${tornBytes} bytes of it are there: the process was killed while it wrote, or the tail was cut off`;

function headerFault(header: SegmentHeader, segment: number, at: number, progress: Progress): string | undefined {
  if (header.segment !== segment) return `the file holds segment ${header.segment}: segments were swapped or renamed`;
  if (progress.stream !== undefined && header.stream !== progress.stream) return `it belongs to another log (${header.stream})`;
  if (at === 0) return undefined;
  return header.previous === progress.end.hash
    ? undefined
    : `it follows another record than the last one of ${segmentName(segment - 1)}: that segment, or this one, was replaced`;
}

/** Compares the checkpoints of a record with the chain. */
function anchor(progress: Progress, end: ChainEnd): string | undefined {
  while (progress.awaited[0] !== undefined && progress.awaited[0].seq <= end.seq) {
    const { seq, hash, time } = progress.awaited.shift()!;
    // A checkpoint of a segment that was deleted on time vouches for nothing that is left.
    if (seq < end.seq) continue;
    if (hash !== end.hash) {
      const which = progress.anchoredSeq < 0 ? 'it or a record before it' : `a record after ${progress.anchoredSeq}`;
      return `record ${seq}: it has another hash than the checkpoint of ${time} signed: ${which} was rewritten, and the chain after it`;
    }
    progress.anchoredSeq = seq;
  }
  return undefined;
}

function foreignCheckpoint({ anchors, stream }: Progress): string | undefined {
  const foreign = anchors.find((checkpoint) => stream !== undefined && checkpoint.stream !== stream);
  if (foreign === undefined) return undefined;
  return `checkpoint of record ${foreign.seq} (${foreign.time}): it belongs to another log (${foreign.stream})`;
}

function missingStart({ segments, deletedThrough }: Progress): string | undefined {
  const first = segments[0];
  if (first === undefined || first - 1 <= deletedThrough) return undefined;
  return `${segmentName(deletedThrough + 1)}: the segment is missing, and no record says that it was deleted`;
}

/** Checkpoints that are left vouch for records that are not there. */
function missingTail({ awaited, end }: Progress): string | undefined {
  const last = awaited.at(-1);
  if (last === undefined) return undefined;
  return `record ${end.seq + 1}: the log ends before it, but the checkpoint of ${last.time} signed record ${last.seq} (${segmentName(last.segment)}): the tail or the last segment is gone`;
}

async function compareIndex(
  folder: string,
  segment: number,
  index: IndexBuilder,
  byteLength: number,
  progress: Progress,
): Promise<void> {
  const found = await readFile(indexPath(folder, segment)).catch(() => undefined);
  if (found !== undefined && !found.equals(encodeIndex(index.build(byteLength))))
    progress.staleIndexes.push(segmentName(segment));
}

function notesOf(progress: Progress, written: boolean): string[] {
  const notes: string[] = [];
  const { end, anchoredSeq, last, staleIndexes } = progress;
  if (staleIndexes.length > 0)
    notes.push(`the indexes of ${staleIndexes.join(', ')} do not fit and may hide records from a search; ${COMPARED_INDEXES}`);
  if (progress.tornBytes > 0) notes.push(`${progress.tornBytes} bytes of record ${end.seq + 1} are there: it is being written`);
  if (!written && last !== undefined && !(last.type === 'LOG' && last.action === 'stopped'))
    notes.push(`record ${end.seq} is no end: the process was killed, or the tail was cut off at a record`);
  if (anchoredSeq < end.seq) {
    const from = anchoredSeq + 1;
    notes.push(`no checkpoint signs records ${from} to ${end.seq}: of them, a missing tail would not show`);
  }
  return notes;
}
