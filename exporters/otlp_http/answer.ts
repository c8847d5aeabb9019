import type { Outcome, Refusal } from '../../pipeline/component.ts';
import type { ErrorCode } from '../../pipeline/errors.ts';
import { foreignText } from '../../pipeline/foreign-text.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { FieldCursor } from '../../pipeline/otlp/field-cursor.kernel.ts';
import { type PartialSuccess, readPartialSuccess } from '../../pipeline/otlp/partial-success.ts';

/** A destination's answer, its body cut at LIMITS.responseBodyBytes. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string;
  readonly location: string;
  readonly body: Uint8Array;
}

/** What an answer means for the batch. `warning` is for the operator: the destination took everything but complains. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly warning?: string;
}

/** By the OTLP specification: 429, 502, 503 and 504 may be tried again, nothing else. `target` is the URL for messages. */
export function judge(answer: Answer, items: number, target: string, nowMs: number): Verdict {
  if (answer.status >= 200 && answer.status < 300) return accepted(answer, items);
  const said = foreignText(statusMessage(answer));
  const message = `cannot send to ${target}: HTTP ${answer.status}${said === '' ? '' : `: ${said}`}`;
  if (answer.status >= 300 && answer.status < 400) {
    const to = foreignText(answer.location);
    const cause = `HTTP ${answer.status} redirects${to === '' ? '' : ` to ${to}`}; redirects are not followed, set the endpoint to the final address`;
    return refused('DESTINATION_REFUSED', `cannot send to ${target}: ${cause}`);
  }
  switch (answer.status) {
    case 401:
    case 403:
      return refused('DESTINATION_AUTH', message);
    case 429:
      return mayRetry('RATE_LIMITED', message, retryAfterMs(answer.retryAfter, nowMs));
    case 503:
      return mayRetry('UNAVAILABLE', message, retryAfterMs(answer.retryAfter, nowMs));
    case 502:
      return mayRetry('UNAVAILABLE', message, undefined);
    case 504:
      return mayRetry('DEADLINE_EXCEEDED', message, undefined);
    default:
      return refused('DESTINATION_REFUSED', message);
  }
}

/** Milliseconds of a Retry-After (whole seconds or an HTTP date), at most LIMITS.retryAfterMaxMs; undefined when it is neither. */
export function retryAfterMs(header: string, nowMs: number): number | undefined {
  const text = header.trim();
  if (text === '') return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LIMITS.retryAfterMaxMs);
}

function refused(code: ErrorCode, message: string): Verdict {
  return { outcome: { ok: false, code, retryable: false, message } };
}

function mayRetry(code: ErrorCode, message: string, afterMs: number | undefined): Verdict {
  const refusal: Refusal = { ok: false, code, retryable: true, message };
  return { outcome: afterMs === undefined ? refusal : { ...refusal, retryAfterMs: afterMs } };
}

function accepted(answer: Answer, items: number): Verdict {
  const partial = partialSuccess(answer);
  if (partial === undefined) return { outcome: { ok: true } };
  const message = foreignText(partial.message);
  const rejected = Math.min(partial.rejected, items);
  if (rejected > 0) return { outcome: { ok: true, rejected: [{ reason: 'partial_success', items: rejected, message }] } };
  return message === '' ? { outcome: { ok: true } } : { outcome: { ok: true }, warning: message };
}

/** undefined when there is none, and when the body cannot be read: the status alone says that the data was taken. */
function partialSuccess(answer: Answer): PartialSuccess | undefined {
  if (answer.body.length === 0) return undefined;
  if (isJson(answer)) {
    const partial = member(parse(answer.body), 'partialSuccess');
    const counts = ['rejectedDataPoints', 'rejectedSpans', 'rejectedLogRecords'].map((name) =>
      Number(member(partial, name) ?? 0),
    );
    const message = member(partial, 'errorMessage');
    return { rejected: Math.max(0, ...counts.filter(Number.isSafeInteger)), message: typeof message === 'string' ? message : '' };
  }
  if (!isProtobuf(answer)) return undefined;
  return readPartialSuccess(answer.body);
}

/** The message of a google.rpc.Status, or the start of a body that is text. */
function statusMessage(answer: Answer): string {
  if (isJson(answer)) {
    const message = member(parse(answer.body), 'message');
    return typeof message === 'string' ? message : text(answer.body, 0, answer.body.length);
  }
  if (!isProtobuf(answer)) return answer.contentType.startsWith('text/') ? text(answer.body, 0, answer.body.length) : '';
  const status = new FieldCursor(answer.body, 0, answer.body.length);
  let message = '';
  while (status.next()) {
    if (status.number === 2 && status.wireType === 2) message = text(answer.body, status.valueStart, status.position);
  }
  return message;
}

function isJson(answer: Answer): boolean {
  return /^application\/(json|[\w.+-]+\+json)\b/i.test(answer.contentType);
}
function isProtobuf(answer: Answer): boolean {
  return /^application\/x-protobuf\b/i.test(answer.contentType);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(text(body, 0, body.length));
  } catch {
    return undefined;
  }
}
function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
