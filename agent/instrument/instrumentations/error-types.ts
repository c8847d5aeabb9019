import { INSTRUMENTATION_LIMITS } from './limits.ts';

/** What `error.type` says where there is no name for it, or where there are too many. */
export const OTHER = '_OTHER';

/** Values for `error.type`: a code or the name of a class, never a message, from a set that is bounded. */
export class ErrorTypes {
  readonly #seen = new Set<string>();

  /** Never throws, whatever was thrown. */
  of(error: unknown): string {
    const type = typeOf(error);
    if (this.#seen.has(type)) return type;
    if (this.#seen.size >= INSTRUMENTATION_LIMITS.errorTypes) return OTHER;
    this.#seen.add(type);
    return type;
  }
}

/** System errors differ by their code; others by their class. `fetch` hides the former in its cause. */
function typeOf(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return OTHER;
    const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: unknown };
    if (isName(code)) return code;
    if (cause !== undefined && cause !== error && isName((cause as { code?: unknown } | null)?.code))
      return (cause as { code: string }).code;
    if (isName(name) && name !== 'Error') return name;
    const named = error.constructor?.name;
    return isName(named) ? named : OTHER;
  } catch {
    return OTHER;
  }
}

/** An identifier, as codes and classes are; a text with more in it may be a message. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,64}$/.test(value);
}
