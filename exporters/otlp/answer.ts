import type { Outcome } from '../../pipeline/component.ts';
import type { ErrorCode } from '../../pipeline/errors.ts';
import { foreignText } from '../../pipeline/foreign-text.ts';
import { decodeGrpcMessage, retryInfoMs } from '../../pipeline/grpc-status.ts';
import { readPartialSuccess } from '../../pipeline/otlp/partial-success.ts';

/** What a destination's answer to one call came to. */
export interface Answer {
  readonly httpStatus: number;
  /** grpc-status, '' when there was none. */
  readonly status: string;
  /** grpc-message and grpc-status-details-bin as they came. */
  readonly message: string;
  readonly details: string;
  /** The response with its prefix, cut at LIMITS.responseBodyBytes. */
  readonly body: Uint8Array;
}

/** What an answer means for the batch. `warning` is for the operator: the destination took everything but complains. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly warning?: string;
}

const PREFIX_BYTES = 5;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
/** By the OTLP specification: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
const RETRYABLE: ReadonlySet<number> = new Set([1, DEADLINE_EXCEEDED, 10, 11, 14, 15]);
const AUTH: ReadonlySet<number> = new Set([7, 16]);
/** An answer of a proxy that speaks no gRPC (grpc/grpc doc/http-grpc-status-mapping.md). */
const BY_HTTP: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 };
const NAMES = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED ' +
  'FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'
).split(' ');

/** `target` is the endpoint, for messages. */
export function judge(answer: Answer, items: number, target: string): Verdict {
  const code = codeOf(answer);
  if (code === 0) return accepted(answer, items);
  const words = foreignText(decodeGrpcMessage(answer.message));
  const name = answer.status === '' ? `HTTP ${answer.httpStatus} without gRPC status` : (NAMES[code] ?? `status ${code}`);
  const message = `cannot send to ${target}: ${name}${words === '' ? '' : `: ${words}`}`;
  const afterMs = retryInfoMs(Buffer.from(answer.details, 'base64'));
  if (code === RESOURCE_EXHAUSTED && afterMs !== undefined) return mayRetry('RATE_LIMITED', message, afterMs);
  if (RETRYABLE.has(code)) return mayRetry(code === DEADLINE_EXCEEDED ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE', message, afterMs);
  const refusal: ErrorCode = AUTH.has(code) ? 'DESTINATION_AUTH' : 'DESTINATION_REFUSED';
  return { outcome: { ok: false, code: refusal, retryable: false, message } };
}

function codeOf({ status, httpStatus }: Answer): number {
  if (status !== '') return /^\d{1,9}$/.test(status) ? Number(status) : UNKNOWN;
  return BY_HTTP[httpStatus] ?? UNKNOWN;
}

function mayRetry(code: ErrorCode, message: string, afterMs: number | undefined): Verdict {
  const refusal = { ok: false, code, retryable: true, message } as const;
  return { outcome: afterMs === undefined ? refusal : { ...refusal, retryAfterMs: afterMs } };
}

/** A response that cannot be read says no more than its status: the data was taken. We ask for no compression of it. */
function accepted({ body }: Answer, items: number): Verdict {
  if (body.length <= PREFIX_BYTES || body[0] !== 0) return { outcome: { ok: true } };
  const partial = readPartialSuccess(body.subarray(PREFIX_BYTES));
  const message = foreignText(partial.message);
  const rejected = Math.min(partial.rejected, items);
  if (rejected > 0) return { outcome: { ok: true, rejected: [{ reason: 'partial_success', items: rejected, message }] } };
  return message === '' ? { outcome: { ok: true } } : { outcome: { ok: true }, warning: message };
}
