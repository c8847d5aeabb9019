import { platformOf, rowFor } from '../../pipeline/scope/lookup.ts';
import type { ScopeMatrix } from '../../pipeline/scope/matrix.ts';

export interface StreamLimits {
  readonly connections: number;
  readonly messagesPerMinute: number;
}

/** Of a scope that the matrix does not know: nothing. */
const NONE: StreamLimits = { connections: 0, messagesPerMinute: 0 };

export function limitsOf(scope: string, matrix: ScopeMatrix): StreamLimits {
  const row = rowFor(scope, platformOf(process.platform), matrix);
  return row === undefined ? NONE : { connections: row.connectionsMax, messagesPerMinute: row.messagesPerMinuteMax };
}

/** Connections of each scope. */
export class ConnectionCounts {
  readonly #counts = new Map<string, number>();

  of(scope: string): number {
    return this.#counts.get(scope) ?? 0;
  }

  /** A place, and the way to give it back (safe twice); undefined when there is none. */
  take(scope: string, most: number): (() => void) | undefined {
    const count = this.of(scope);
    if (count >= most) return undefined;
    this.#counts.set(scope, count + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = this.of(scope) - 1;
      if (left === 0) this.#counts.delete(scope);
      else this.#counts.set(scope, left);
    };
  }
}
