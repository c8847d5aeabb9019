import type { SqlFault } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';

interface Struck {
  readonly count: number;
  readonly untilMs: number;
}

/**
 * Scopes whose queries cost the process its life, and with it the windows of all others. They ask nothing for a while,
 * longer each time; what is long ago is forgotten.
 */
export class Strikes {
  readonly #struck = new Map<string, Struck>();

  strike(scope: string, nowMs: number): void {
    this.#forget(nowMs);
    const count = (this.#struck.get(scope)?.count ?? 0) + 1;
    const lengthMs = Math.min(LIMITS.sqlStrikeMaxMs, LIMITS.sqlStrikeMs * 2 ** (count - 1));
    this.#struck.set(scope, { count, untilMs: nowMs + lengthMs });
  }

  refusal(scope: string, nowMs: number): SqlFault | undefined {
    const struck = this.#struck.get(scope);
    if (struck === undefined || nowMs >= struck.untilMs) return undefined;
    return {
      ok: false,
      code: 'ANALYTICS_BUSY',
      message: 'cannot run the query: one of this scope could not be ended, and cost all windows what they held',
      retryAfterMs: struck.untilMs - nowMs,
    };
  }

  #forget(nowMs: number): void {
    for (const [scope, { untilMs }] of this.#struck) if (nowMs - untilMs > LIMITS.sqlStrikeMaxMs) this.#struck.delete(scope);
  }
}
