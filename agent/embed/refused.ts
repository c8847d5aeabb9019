import type { Refusal } from '../../pipeline/component.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';

/** On the application's side, which loads nothing of the pipeline but its tables. */
export function refused(code: ErrorCode, message: string, retryAfterMs?: number): Refusal {
  const { retryable } = ERRORS[code];
  return retryAfterMs === undefined
    ? { ok: false, code, retryable, message }
    : { ok: false, code, retryable, message, retryAfterMs };
}
