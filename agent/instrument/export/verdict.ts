import type { SeamOutcome } from '../../../pipeline/meeting-point.ts';
import { readPartialSuccess } from '../../../pipeline/otlp/partial-success.ts';
import { SENDING_LIMITS } from './limits.ts';

/** What came back for one request over the network: an answer, or why there is none. */
export type NetworkAnswer =
  | { readonly status: number; readonly body: Uint8Array; readonly retryAfter: string | undefined }
  /** A system error's code, or `TIMEOUT`, `ABORTED`, `CLOSED`. */
  | { readonly error: string };

/** The same, wherever it went. */
export type Answer = NetworkAnswer | { readonly outcome: SeamOutcome };

/** What follows from it. */
export type Verdict =
  | { readonly kind: 'delivered'; readonly rejected: number; readonly message: string }
  /** Again, later: nothing is lost, the cells count on. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly cause: string; readonly subject: string }
  /** These bytes will never be taken; smaller ones may. */
  | { readonly kind: 'unacceptable'; readonly tooLarge: boolean; readonly cause: string; readonly subject: string }
  /** A person must mend something: asked again, slowly. */
  | { readonly kind: 'refused'; readonly cause: string; readonly subject: string };

/** As OTLP/HTTP has it: 429, 502, 503 and 504 are tried again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const HINTS: Readonly<Record<number, string>> = {
  401: 'it wants credentials: set OTEL_EXPORTER_OTLP_HEADERS',
  403: 'it does not allow this sender: check OTEL_EXPORTER_OTLP_HEADERS and the scope',
  404: 'nothing takes metrics there: check OTEL_EXPORTER_OTLP_ENDPOINT',
};

/** `nowMs` since 1970, for a Retry-After that is a date. */
export function judge(answer: Answer, nowMs: number): Verdict {
  if ('error' in answer) return { kind: 'retry', afterMs: 0, cause: answer.error, subject: 'network' };
  if ('outcome' in answer) return judgeOutcome(answer.outcome);
  const { status, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered', ...readPartialSuccess(body) };
  const hint = HINTS[status];
  const cause = hint === undefined ? `it answered ${status}` : `it answered ${status}: ${hint}`;
  const subject = String(status);
  if (RETRYABLE.has(status)) return { kind: 'retry', afterMs: retryAfterMs(answer.retryAfter, nowMs), cause, subject };
  if (status === 400 || status === 413) return { kind: 'unacceptable', tooLarge: status === 413, cause, subject };
  return { kind: 'refused', cause, subject };
}

/** Requests that a collector will never take as they are; smaller ones it may. */
const UNACCEPTABLE: ReadonlySet<string> = new Set(['MALFORMED', 'TOO_DEEP', 'BODY_TOO_LARGE']);

/** The same, of a collector in this process, which answers as OTLP does. */
function judgeOutcome(outcome: SeamOutcome): Verdict {
  if (outcome.ok) {
    const rejections = outcome.rejected ?? [];
    const rejected = rejections.reduce((items, rejection) => items + rejection.items, 0);
    return { kind: 'delivered', rejected, message: rejections[0]?.message ?? '' };
  }
  const { code, message: cause, retryable, retryAfterMs: afterMs = 0 } = outcome;
  if (retryable) return { kind: 'retry', afterMs: Math.min(afterMs, SENDING_LIMITS.longestBackoffMs), cause, subject: code };
  if (UNACCEPTABLE.has(code)) return { kind: 'unacceptable', tooLarge: code === 'BODY_TOO_LARGE', cause, subject: code };
  return { kind: 'refused', cause, subject: code };
}

/** What a failed request is counted under. */
export function failureOf(answer: Answer): string {
  if ('error' in answer) return answer.error;
  if ('status' in answer) return String(answer.status);
  return answer.outcome.ok ? '' : answer.outcome.code;
}

/** Seconds or a date; 0 for none that can be read. Nobody makes us wait longer than our own longest back-off. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  const text = header.trim();
  // A date begins with the name of its day; Date.parse takes more than that.
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /^[A-Z]/i.test(text) ? Date.parse(text) - nowMs : 0;
  return ms > 0 ? Math.min(ms, SENDING_LIMITS.longestBackoffMs) : 0;
}

/**
 * How long to wait after so many failures in a row, in ms: full jitter, uniform(0, ceiling), where the ceiling doubles up to
 * a minute. A collector that has failed often counts as gone: from then on it is asked after half a minute at least.
 * `random` is from [0, 1).
 */
export function waitMs(failures: number, random: number, afterMs = 0): number {
  const { backoffMs, longestBackoffMs, failuresToOpen } = SENDING_LIMITS;
  const ceiling = Math.min(longestBackoffMs, backoffMs * 2 ** Math.min(failures - 1, 30));
  // The circuit breaker: open.
  const jittered = failures >= failuresToOpen ? longestBackoffMs * (1 - random / 2) : ceiling * random;
  return Math.max(jittered, afterMs);
}
