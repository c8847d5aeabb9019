import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CHAIN_START, type ChainEnd } from './chain.ts';
import { readCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { Draft } from './record.ts';
import { CHECKPOINTS, segmentName, segmentPath, segmentsIn } from './segment.ts';
import { IndexBuilder } from './segment-index.ts';
import { scanSegment, type SegmentScan } from './segment-scan.ts';

/** Where writing goes on, and what has to be said about it first. */
export interface Continuation {
  /** Undefined: a log begins. */
  readonly stream: string | undefined;
  readonly segment: number;
  /** Bytes of that segment that stay; 0 = it is still to be opened. */
  readonly byteLength: number;
  readonly end: ChainEnd;
  readonly index: IndexBuilder;
  readonly findings: readonly Omit<Draft, 'atMs'>[];
  /** The last checkpoint was cut off by a crash: the next one needs a line of its own. */
  readonly checkpointsTorn: boolean;
}

type Finding = Omit<Draft, 'atMs'>;
const finding = (severity: Draft['severity'], action: string, details: NonNullable<Draft['details']>): Finding => ({
  type: 'LOG',
  severity,
  action,
  result: severity === 'CRITICAL' ? 'FAILURE' : 'SUCCESS',
  details,
});

/**
 * Looks at the last segment: cuts off what a killed process left half written, and leaves everything else as it is, for it
 * may be evidence: after a bad record the chain goes on in a new segment, from the last good one.
 */
export async function recover(folder: string): Promise<Continuation> {
  const text = await checkpointText(folder);
  const checkpoint = checkpointsOf(text).at(-1);
  const checkpointsTorn = text !== '' && !text.endsWith('\n');
  const numbers = await segmentsIn(folder);
  let tornBytes = 0;
  for (let at = numbers.length - 1; at >= 0; at--) {
    const segment = numbers[at]!;
    const path = segmentPath(folder, segment);
    const index = new IndexBuilder();
    const scan = scanSegment(await readFile(path), undefined, (record, offset) => index.add(record, offset));
    tornBytes += scan.tornBytes;
    if (scan.records === 0 && scan.broken === undefined) {
      // Killed between making the segment and the end of its first line.
      await rm(path);
      continue;
    }
    if (scan.tornBytes > 0) await cut(path, scan.goodBytes);
    const end = scan.end ?? (await endBefore(folder, numbers.slice(0, at))) ?? CHAIN_START;
    const findings = findingsOf(scan, segment, end, checkpoint, tornBytes);
    const stream = scan.header?.stream ?? checkpoint?.stream;
    if (scan.broken === undefined) return { stream, segment, byteLength: scan.goodBytes, end, index, findings, checkpointsTorn };
    return { stream, segment: segment + 1, byteLength: 0, end, index: new IndexBuilder(), findings, checkpointsTorn };
  }
  return { ...beginning(checkpoint), checkpointsTorn };
}

/** The last good record of what stands before a segment that has none. */
async function endBefore(folder: string, numbers: readonly number[]): Promise<ChainEnd | undefined> {
  const last = numbers.at(-1);
  return last === undefined ? undefined : scanSegment(await readFile(segmentPath(folder, last)), undefined).end;
}

function beginning(checkpoint: Checkpoint | undefined): Omit<Continuation, 'checkpointsTorn'> {
  const findings =
    checkpoint === undefined
      ? []
      : [finding('CRITICAL', 'history_missing', { checkpoint_seq: checkpoint.seq, checkpoint_hash: checkpoint.hash })];
  return { stream: undefined, segment: 1, byteLength: 0, end: CHAIN_START, index: new IndexBuilder(), findings };
}

function findingsOf(
  scan: SegmentScan,
  segment: number,
  end: ChainEnd,
  checkpoint: Checkpoint | undefined,
  tornBytes: number,
): Finding[] {
  const findings: Finding[] = [];
  if (scan.broken !== undefined) {
    const { line, seq, what } = scan.broken;
    findings.push(finding('CRITICAL', 'chain_broken', { segment: segmentName(segment), line, seq, what }));
  }
  if (checkpoint !== undefined && scan.broken === undefined && checkpoint.seq > end.seq)
    findings.push(finding('CRITICAL', 'tail_missing', { checkpoint_seq: checkpoint.seq, found_seq: end.seq }));
  const clean = scan.last?.type === 'LOG' && scan.last.action === 'stopped' && tornBytes === 0;
  if (!clean && scan.broken === undefined)
    findings.push(finding('WARN', 'recovered', { torn_bytes: tornBytes, after_seq: end.seq }));
  return findings;
}

async function cut(path: string, byteLength: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(byteLength);
    await file.datasync();
  } finally {
    await file.close();
  }
}

export async function checkpointsIn(folder: string): Promise<Checkpoint[]> {
  return checkpointsOf(await checkpointText(folder));
}

/** Of checkpoints and rotations, a line each; '' when there is no such file. */
export async function checkpointText(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, CHECKPOINTS), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** A line that was cut off by a crash is no checkpoint, and none was promised. */
export function checkpointsOf(text: string): Checkpoint[] {
  return text.split('\n').flatMap((line) => readCheckpoint(line) ?? []);
}
