import { readLine, type ChainEnd } from './chain.ts';
import type { AuditRecord } from './record.ts';
import { endBefore, forEachLine, headerOf, type SegmentHeader } from './segment.ts';

/** A place where a segment is not what was written. */
export interface Break {
  /** From 1. */
  readonly line: number;
  /** The record that should stand there. */
  readonly seq: number;
  readonly what: string;
}

export interface SegmentScan {
  /** Of its first record; undefined when that is none. */
  readonly header: SegmentHeader | undefined;
  /** Number of the first record, by its header. */
  readonly firstSeq: number | undefined;
  /** After the last good record; undefined when there is none. */
  readonly end: ChainEnd | undefined;
  readonly last: AuditRecord | undefined;
  readonly records: number;
  /** Where the good records end. */
  readonly goodBytes: number;
  /** Bytes after the last newline, when all before them is good. */
  readonly tornBytes: number;
  readonly broken: Break | undefined;
}

export type EachRecord = (record: AuditRecord, offset: number, end: ChainEnd) => void;

/**
 * Reads a segment to its first bad record. With `before`, the end of the chain that it has to continue; without, its header
 * is believed.
 */
export function scanSegment(bytes: Buffer, before: ChainEnd | undefined, each?: EachRecord): SegmentScan {
  let header: SegmentHeader | undefined;
  let end: ChainEnd | undefined = before;
  let firstSeq: number | undefined;
  let last: AuditRecord | undefined;
  let records = 0;
  let broken: Break | undefined;
  const goodBytes = forEachLine(bytes, (line, offset) => {
    const found = readLine(line);
    if (records === 0 && found !== undefined) {
      header = headerOf(found.record);
      if (header !== undefined) end ??= endBefore(found.record, header);
    }
    const seq = end === undefined ? 0 : end.seq + 1;
    const what = faultOf(found, end, records === 0 && header === undefined);
    if (what !== undefined || found === undefined || end === undefined) {
      broken = { line: records + 1, seq, what: what ?? 'no record can be read' };
      return false;
    }
    end = { seq, hash: found.hash };
    firstSeq ??= seq;
    last = found.record;
    records += 1;
    each?.(found.record, offset, end);
    return true;
  });
  const tornBytes = broken === undefined ? bytes.length - goodBytes : 0;
  return { header, firstSeq, end: records === 0 ? undefined : end, last, records, goodBytes, tornBytes, broken };
}

function faultOf(found: ReturnType<typeof readLine>, end: ChainEnd | undefined, lacksHeader: boolean): string | undefined {
  if (found === undefined) return 'the line cannot be read: it was changed';
  if (lacksHeader) return 'the first line opens no segment: lines before it are missing or were changed';
  if (end === undefined) return undefined;
  const { seq } = found.record;
  const expected = end.seq + 1;
  if (seq === expected) return found.hashAfter(end.hash) === found.hash ? undefined : wrongHash(found.record);
  if (seq > expected) {
    const missing = seq - expected === 1 ? `record ${expected} is missing` : `records ${expected} to ${seq - 1} are missing`;
    return `${missing} or stand elsewhere: record ${seq} comes next`;
  }
  return `record ${seq} stands where record ${expected} belongs: it was put in, or the order was changed`;
}

const wrongHash = ({ seq }: AuditRecord): string =>
  `record ${seq} does not fit the record before it: it was changed or put in, or the record before it was`;
