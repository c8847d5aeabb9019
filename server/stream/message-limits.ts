import { LIMITS } from '../../pipeline/limits.ts';
import { TokenBucket } from '../../pipeline/token-bucket.ts';

const MINUTE_MS = 60_000;

interface Allowance {
  readonly bucket: TokenBucket;
  readonly perMinute: number;
  usedMs: number;
}

/** How many messages each client (the subject of a token) may send: a minute's worth at once, over all its connections,
 *  and no more for coming again. */
export class MessageLimits {
  /** The longest unused first. */
  readonly #allowances = new Map<string, Allowance>();

  /** Takes one message: 0, or how long until there may be one. */
  take(client: string, perMinute: number, nowMs: number): number {
    if (perMinute === 0) return MINUTE_MS;
    let allowance = this.#allowances.get(client);
    if (allowance === undefined || allowance.perMinute !== perMinute)
      allowance = { bucket: new TokenBucket(perMinute / (MINUTE_MS / 1000), MINUTE_MS, nowMs), perMinute, usedMs: nowMs };
    const waitMs = allowance.bucket.waitMs(nowMs);
    if (waitMs === 0) allowance.bucket.take(1);
    allowance.usedMs = nowMs;
    this.#allowances.delete(client);
    this.#allowances.set(client, allowance);
    this.#forget(nowMs);
    return waitMs;
  }

  /** One that was not used for a minute is full, which is what a new one is. */
  #forget(nowMs: number): void {
    for (const [client, { usedMs }] of this.#allowances) {
      if (nowMs - usedMs < MINUTE_MS && this.#allowances.size <= LIMITS.streamClients) return;
      this.#allowances.delete(client);
    }
  }
}
