import { STATUS_CODES } from 'node:http';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';

/** Answers of the API are for whoever asked, now: nobody on the way keeps them or reads another type into them. */
const ALWAYS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

export function json(status: number, body: unknown): HttpAnswer {
  return { status, headers: { ...ALWAYS, 'Content-Type': 'application/json' }, body: `${JSON.stringify(body)}\n` };
}

/** Bytes of `type` as they are. */
export function bytesAnswer(type: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status: 200, headers: { ...ALWAYS, 'Content-Type': type, ...headers }, body };
}

/** A fault by RFC 9457, with our error code. `detail` reads "cannot <verb> <object>: <cause>"; `members` are its extensions. */
export function problem(
  fault: { readonly code: ErrorCode; readonly message: string; readonly retryAfterMs?: number | undefined },
  headers: Readonly<Record<string, string>> = {},
  members: Readonly<Record<string, unknown>> = {},
): HttpAnswer {
  const { http: status, help } = ERRORS[fault.code];
  const body = {
    type: `urn:periscope:error:${fault.code}`,
    title: STATUS_CODES[status] ?? '',
    status,
    detail: fault.message.slice(0, LIMITS.answerChars),
    code: fault.code,
    help,
    ...members,
  };
  const wait = fault.retryAfterMs ?? (status === 429 || status === 503 ? LIMITS.retryAfterMs : undefined);
  return {
    status,
    headers: {
      ...ALWAYS,
      'Content-Type': 'application/problem+json',
      ...(wait === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(wait / 1000))) }),
      ...headers,
    },
    body: `${JSON.stringify(body)}\n`,
  };
}
