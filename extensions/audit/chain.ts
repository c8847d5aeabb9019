import { createHash } from 'node:crypto';
import { canonical, RECORD_TYPES, recordOf, SEVERITIES, type AuditRecord, type Draft } from './record.ts';

/**
 * hash(n) = SHA-256(domain ‖ hash(n-1) as 32 bytes ‖ body(n)), where body is the record without its hash, as RFC 8785
 * writes it, in UTF-8. A line is the body with `"hash":"…"` put first.
 */
const DOMAIN = 'periscope.audit.v1\n';
export const GENESIS = '0'.repeat(64);
export const FORMAT_VERSION = 1;

/** The end of a chain: the number and the hash of its last record; before the first one -1 and GENESIS. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
}
export const CHAIN_START: ChainEnd = { seq: -1, hash: GENESIS };

const PREFIX = '{"hash":"';
const HASH_CHARS = 64;
const SUFFIX = '",';
/** Bytes of a line that stand for the opening brace of its body. */
const HEAD_BYTES = PREFIX.length + HASH_CHARS + SUFFIX.length;
const BRACE = Buffer.from('{');

export function hashOf(previous: string, body: Uint8Array | string): string {
  return createHash('sha256').update(DOMAIN).update(previous, 'hex').update(body).digest('hex');
}

export interface SealedRecord {
  readonly record: AuditRecord;
  /** With its newline. */
  readonly line: Buffer;
  /** Of the chain, after it. */
  readonly end: ChainEnd;
}

/** The next record of a chain. */
export function seal(draft: Draft, end: ChainEnd): SealedRecord {
  const seq = end.seq + 1;
  const record = recordOf(draft, seq);
  const body = canonical(record);
  const hash = hashOf(end.hash, body);
  return { record, line: Buffer.from(`${PREFIX}${hash}${SUFFIX}${body.slice(1)}\n`), end: { seq, hash } };
}

/** A line as it was found, without its newline. */
export interface FoundLine {
  /** As the line claims. */
  readonly hash: string;
  /** What the hash must be when the record before it has the hash `previous`. */
  hashAfter(previous: string): string;
  readonly record: AuditRecord;
}

/** Undefined when the bytes are no line of a log. */
export function readLine(bytes: Buffer): FoundLine | undefined {
  const head = bytes.toString('latin1', 0, HEAD_BYTES);
  const hash = head.slice(PREFIX.length, PREFIX.length + HASH_CHARS);
  if (!head.startsWith(PREFIX) || !head.endsWith(SUFFIX) || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
  const record = parseRecord(bytes);
  if (record === undefined) return undefined;
  const rest = bytes.subarray(HEAD_BYTES);
  return {
    hash,
    record,
    hashAfter: (previous) => createHash('sha256').update(DOMAIN).update(previous, 'hex').update(BRACE).update(rest).digest('hex'),
  };
}

/** Undefined when a record lacks what every record has. */
export function parseRecord(bytes: Buffer): AuditRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  const record = value as Partial<AuditRecord>;
  const whole =
    Number.isSafeInteger(record.seq) &&
    (RECORD_TYPES as readonly unknown[]).includes(record.type) &&
    (SEVERITIES as readonly unknown[]).includes(record.severity) &&
    typeof record.action === 'string' &&
    !Number.isNaN(Date.parse(record.time ?? ''));
  return whole ? (record as AuditRecord) : undefined;
}
