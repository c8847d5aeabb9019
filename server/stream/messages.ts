import { z } from 'zod';
import { LIMITS } from '../../pipeline/limits.ts';
import { STREAM_COMPRESSIONS, STREAM_TOPICS, type StreamCompression, type StreamTopic } from './protocol.ts';

/** What a client wants. */
export type Request =
  | {
      readonly kind: 'subscribe';
      readonly topic: StreamTopic;
      readonly id: string;
      readonly compress: StreamCompression | undefined;
      readonly options: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'unsubscribe'; readonly id: string }
  | { readonly kind: 'refresh'; readonly token: string }
  | { readonly kind: 'ping' }
  /** It names a scope that is not the connection's. */
  | { readonly kind: 'violation' }
  | { readonly kind: 'malformed'; readonly id: string | undefined; readonly message: string };

const id = z.string().min(1).max(LIMITS.streamIdChars);
const subscribe = z.looseObject({ subscribe: z.enum(STREAM_TOPICS), id, compress: z.enum(STREAM_COMPRESSIONS).optional() });
const unsubscribe = z.strictObject({ unsubscribe: id });
const refresh = z.strictObject({ refresh: z.string().min(1).max(LIMITS.tokenBytes) });
const ping = z.strictObject({ ping: z.union([z.number(), z.boolean()]) });

/** `scope`, `scopes`, `X-Dashboard-Scope`, `periscope.scope`, …: whatever a client may have thought would choose one. */
const NAMES_SCOPE = /scope/i;
const utf8 = new TextDecoder();

/** Reads one message of a connection that is bound to `scope`. Never throws. */
export function readRequest(bytes: Uint8Array, scope: string): Request {
  let message: unknown;
  try {
    message = JSON.parse(utf8.decode(bytes));
  } catch {
    return malformed(undefined, 'cannot read the message: it is no JSON');
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    return malformed(undefined, 'cannot read the message: it is no JSON object');
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(message)) {
    if (!NAMES_SCOPE.test(name)) fields[name] = value;
    else if (!isScope(value, scope)) return { kind: 'violation' };
  }
  return requestOf({ ...fields });
}

/** The connection's own scope may be named: it changes nothing. */
const isScope = (value: unknown, scope: string): boolean =>
  value === scope || (Array.isArray(value) && value.length > 0 && value.every((each) => each === scope));

function requestOf(fields: Readonly<Record<string, unknown>>): Request {
  if ('subscribe' in fields) {
    const read = subscribe.safeParse(fields);
    if (!read.success) return fault(read.error, fields['id']);
    const { subscribe: topic, id: own, compress, ...options } = read.data;
    return { kind: 'subscribe', topic, id: own, compress, options };
  }
  if ('unsubscribe' in fields) {
    const read = unsubscribe.safeParse(fields);
    return read.success ? { kind: 'unsubscribe', id: read.data.unsubscribe } : fault(read.error, fields['unsubscribe']);
  }
  if ('refresh' in fields) {
    const read = refresh.safeParse(fields);
    return read.success ? { kind: 'refresh', token: read.data.refresh } : fault(read.error, undefined);
  }
  if ('ping' in fields) {
    const read = ping.safeParse(fields);
    return read.success ? { kind: 'ping' } : fault(read.error, undefined);
  }
  return malformed(undefined, 'cannot read the message: it has none of subscribe, unsubscribe, refresh, ping');
}

function fault(error: z.ZodError, given: unknown): Request {
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  return malformed(given, `cannot read the message: ${where}${issue?.message ?? 'it is not as it should be'}`);
}

const malformed = (given: unknown, message: string): Request => ({
  kind: 'malformed',
  id: id.safeParse(given).data,
  message,
});

/** Judges the options of a subscription by a schema, for a `StreamSource`. */
export function readOptions<Options extends object>(
  schema: z.ZodType<Options>,
  given: Readonly<Record<string, unknown>>,
):
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly code: 'STREAM_INVALID'; readonly message: string } {
  const read = schema.safeParse(given);
  if (read.success) return { ok: true, options: read.data };
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  return { ok: false, code: 'STREAM_INVALID', message: `cannot subscribe: ${where}${issue?.message ?? 'wrong options'}` };
}
