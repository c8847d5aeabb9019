import type { Outcome } from './contract.ts';
import { TRACK_LIMITS } from './limits.ts';

/** What there are too many of, or what has no name. */
export const OTHER = '_OTHER';

export interface Failure {
  readonly outcome: Outcome;
  /** Value of `error.type`. */
  readonly type: string;
}

const BY_NAME: Readonly<Record<string, Outcome>> = { AbortError: 'cancelled', TimeoutError: 'timeout' };
/** As classes are called; a text with more in it may be a message. */
const CLASS_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,63}$/u;

/** Judges what was thrown by the name of its class, never by its message; of a bounded set of names. */
export class Failures {
  readonly #types = new Set<string>();

  /** Never throws, whatever was thrown. */
  of(error: unknown): Failure {
    const { outcome, type } = judged(error);
    if (!this.#types.has(type)) {
      if (this.#types.size >= TRACK_LIMITS.errorTypes) return { outcome, type: OTHER };
      this.#types.add(type);
    }
    return { outcome, type };
  }
}

function judged(error: unknown): Failure {
  try {
    if (typeof error !== 'object' || error === null) return { outcome: 'error', type: OTHER };
    const { name } = error as { readonly name?: unknown };
    // An abort and a timeout are DOMExceptions, whose class tells nothing.
    if (typeof name === 'string' && Object.hasOwn(BY_NAME, name)) return { outcome: BY_NAME[name]!, type: name };
    const className: unknown = error.constructor?.name;
    return { outcome: 'error', type: typeof className === 'string' && CLASS_NAME.test(className) ? className : OTHER };
  } catch {
    return { outcome: 'error', type: OTHER };
  }
}
