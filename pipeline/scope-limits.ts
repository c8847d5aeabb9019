import { isDeepStrictEqual } from 'node:util';
import { LIMITS } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** What one scope may bring, over all receivers of the process; absent = as much as there is. */
export interface ScopeLimits {
  /** Data points, spans, log records. */
  readonly itemsPerSecond?: number | undefined;
  /** Of uncompressed OTLP protobuf. */
  readonly bytesPerSecond?: number | undefined;
  readonly requestsPerSecond?: number | undefined;
  /** Under way at once, from head to answer. */
  readonly concurrentRequests?: number | undefined;
  /** What may come at once after a pause: as much as in this time at the rate. */
  readonly burstMs: number;
}

/** Its multiples, modulo 1, lie as evenly as can be, however many there are. */
const GOLDEN_RATIO = 0.618034;

/** Which limit is reached, in words, and how long a sender should wait. */
export interface Excess {
  readonly limit: string;
  readonly waitMs: number;
}

/** The limits of one scope, and what is used of them. Process-wide: one object, whoever asks. */
export class ScopeLimiter {
  readonly limits: ScopeLimits;
  readonly #items: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  readonly #requests: TokenBucket | undefined;
  #underWay = 0;
  /** Until then whoever sends for the scope was told to wait. */
  #toldUntilMs = -Infinity;
  readonly #holds: TokenBucket;
  #spread = 0;

  /** `before`: the limiter of the same scope under other limits, whose place it takes with what is used of them. */
  constructor(limits: ScopeLimits, nowMs: number, before?: ScopeLimiter) {
    const bucket = (perSecond: number | undefined, old: TokenBucket | undefined): TokenBucket | undefined =>
      perSecond === undefined ? undefined : new TokenBucket(perSecond, limits.burstMs, nowMs, old);
    this.limits = limits;
    this.#items = bucket(limits.itemsPerSecond, before === undefined ? undefined : before.#items);
    this.#bytes = bucket(limits.bytesPerSecond, before === undefined ? undefined : before.#bytes);
    this.#requests = bucket(limits.requestsPerSecond, before === undefined ? undefined : before.#requests);
    this.#holds = new TokenBucket(LIMITS.heldRefusalsPerSecond, LIMITS.scopeBurstMs, nowMs);
  }

  /** Requests that `begin` let in and `end` has not seen. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Lets one request in, to be ended, or says why not; what is refused uses nothing. Needs nothing of its body: a scope
   *  in debt for items or bytes is refused before more of them are read. */
  begin(nowMs: number): Excess | undefined {
    const { concurrentRequests, requestsPerSecond } = this.limits;
    const excess = this.#inDebt(nowMs);
    const waitMs = this.#requests?.waitMs(nowMs) ?? 0;
    if (waitMs > (excess?.waitMs ?? 0)) return { limit: `${requestsPerSecond} requests a second`, waitMs };
    if (excess !== undefined) return excess;
    if (concurrentRequests !== undefined && this.#underWay >= concurrentRequests)
      return { limit: `${concurrentRequests} requests at once`, waitMs: LIMITS.retryAfterMs };
    this.#requests?.take(1);
    this.#underWay += 1;
    return undefined;
  }

  end(): void {
    this.#underWay -= 1;
  }

  /**
   * How long the refusal of a request, which may come again after `waitMs`, waits for its answer with the body unread; 0
   * for one that came when it might. A sender that goes on at once would have us read all it sends in vain, which is what
   * its neighbours on this thread would feel; one that waits for its answer sends nothing.
   */
  holdMs(waitMs: number, nowMs: number): number {
    const isEarly = nowMs < this.#toldUntilMs;
    const holds = isEarly && this.#holds.waitMs(nowMs) === 0;
    let holdMs = 0;
    if (holds) {
      this.#holds.take(1);
      // Spread evenly, or those that were refused together would come back together.
      this.#spread = (this.#spread + GOLDEN_RATIO) % 1;
      holdMs = Math.ceil((LIMITS.refusalHoldMs * (1 + this.#spread)) / 2);
    }
    // A Retry-After has whole seconds.
    const toldMs = nowMs + holdMs + 1000 * Math.max(1, Math.ceil((waitMs - holdMs) / 1000));
    this.#toldUntilMs = Math.max(this.#toldUntilMs, toldMs);
    return holdMs;
  }

  /** Charges what a request turned out to bring, or says why not. */
  charge(items: number, bytes: number, nowMs: number): Excess | undefined {
    const excess = this.#inDebt(nowMs);
    if (excess !== undefined) return excess;
    this.#items?.take(items);
    this.#bytes?.take(bytes);
    return undefined;
  }

  /** What was charged was not taken in after all. */
  refund(items: number, bytes: number): void {
    this.#items?.give(items);
    this.#bytes?.give(bytes);
  }

  #inDebt(nowMs: number): Excess | undefined {
    const itemsMs = this.#items?.waitMs(nowMs) ?? 0;
    const bytesMs = this.#bytes?.waitMs(nowMs) ?? 0;
    if (itemsMs === 0 && bytesMs === 0) return undefined;
    if (itemsMs >= bytesMs) return { limit: `${this.limits.itemsPerSecond} items a second`, waitMs: itemsMs };
    return { limit: `${this.limits.bytesPerSecond} bytes a second`, waitMs: bytesMs };
  }
}

/** The limiters of a process. With `before`, each scope goes on where it was, also under other limits. */
export class ScopeLimiters {
  readonly #limiters: ReadonlyMap<string, ScopeLimiter>;

  constructor(limits: ReadonlyMap<string, ScopeLimits>, nowMs: number, before?: ScopeLimiters) {
    this.#limiters = new Map(
      [...limits].map(([scope, own]) => {
        const known = before?.of(scope);
        return [scope, known !== undefined && isDeepStrictEqual(known.limits, own) ? known : new ScopeLimiter(own, nowMs, known)];
      }),
    );
  }

  /** Undefined when the scope has no limits. */
  of(scope: string): ScopeLimiter | undefined {
    return this.#limiters.get(scope);
  }
}
