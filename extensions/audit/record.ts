import { AUDIT_SEVERITIES, AUDIT_TYPES, type AuditEvent } from '../../pipeline/audit.ts';
import { LIMITS } from '../../pipeline/limits.ts';

/** LOG = what the log says about itself: `segment_opened`, `started`, `stopped`, `recovered`, `lost`, `deleted`, … */
export const RECORD_TYPES = [...AUDIT_TYPES, 'LOG'] as const;
export type RecordType = (typeof RECORD_TYPES)[number];
export { AUDIT_SEVERITIES as SEVERITIES };

type Details = Readonly<Record<string, string | number | boolean>>;

/** A record before it has its place in the chain. */
export interface Draft extends Omit<AuditEvent, 'type' | 'details'> {
  readonly type: RecordType;
  readonly atMs: number;
  /** Of a record that counts: how many events it stands for, and when the first of them was. */
  readonly events?: number;
  readonly fromMs?: number;
  readonly details?: Details | undefined;
}

/** One record as it stands in a line. Keys that have no value are absent. */
export interface AuditRecord {
  readonly seq: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly type: RecordType;
  readonly severity: AuditEvent['severity'];
  readonly action: string;
  readonly result: AuditEvent['result'];
  readonly scope?: string;
  readonly user?: string;
  readonly client?: string;
  readonly component?: string;
  readonly items?: number;
  /** The record counts so many events, of which the first was at `from`; absent = it is one event. */
  readonly events?: number;
  readonly from?: string;
  readonly details?: Details;
}

/** Texts are cut and made one line, and a client's address gets its one form. */
export function recordOf(draft: Draft, seq: number): AuditRecord {
  return {
    seq,
    time: new Date(draft.atMs).toISOString(),
    type: draft.type,
    severity: draft.severity,
    action: text(draft.action),
    result: draft.result,
    ...(draft.scope !== undefined && { scope: text(draft.scope) }),
    ...(draft.user !== undefined && { user: text(draft.user) }),
    ...(draft.client !== undefined && draft.client !== '' && { client: addressOf(draft.client) }),
    ...(draft.component !== undefined && { component: text(draft.component) }),
    ...(draft.items !== undefined && { items: draft.items }),
    ...(draft.events !== undefined && { events: draft.events }),
    ...(draft.fromMs !== undefined && { from: new Date(draft.fromMs).toISOString() }),
    ...(draft.details !== undefined && { details: detailsOf(draft.details) }),
  };
}

/** What is hashed of a record: RFC 8785 (JCS) of JSON values without undefined: JSON.stringify writes numbers and strings as it asks, keys want sorting. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Texts may come from outside: cut, one line, and such that UTF-8 can hold them. */
function text(value: string, charsMax: number = LIMITS.auditTextChars): string {
  const short = value.length > charsMax ? `${value.slice(0, charsMax - 1)}…` : value;
  return short.replaceAll(/\p{Cc}+/gu, ' ').replaceAll(LONE_SURROGATE, '\uFFFD');
}

function detailsOf(details: Details): Details {
  const kept = Object.entries(details).slice(0, LIMITS.auditDetails);
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (typeof value === 'string') return [text(key), text(value, LIMITS.auditDetailChars)];
      return [text(key), typeof value === 'number' && !Number.isFinite(value) ? String(value) : value];
    }),
  );
}

/** One client, one text: engines write an IPv4 address on an IPv6 socket in several ways. */
export function addressOf(client: string): string {
  const plain = text(client).toLowerCase();
  const mapped = /^(?:::|(?:0{1,4}:){5})ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/.exec(plain);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (mapped === null) return /^[0-9a-f:]+$/.test(plain) && plain.includes(':') ? shortIpv6(plain) : plain;
  const [high, low] = [Number.parseInt(mapped[2] ?? '', 16), Number.parseInt(mapped[3] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** RFC 5952: no leading zeros, the longest run of zeros as `::`. */
function shortIpv6(address: string): string {
  try {
    return new URL(`http://[${address}]`).hostname.slice(1, -1);
  } catch {
    return address;
  }
}
