import { randomBytes } from 'node:crypto';
import type { Principal } from '../../pipeline/auth.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { digestOf } from './digest.ts';

const TICKET_BYTES = 24;
/** What a ticket begins with, so that a log's redaction and a person know it. */
export const TICKET_PREFIX = 'pst_';

/**
 * One-time tickets: what a browser may put into a URL instead of its token, for logs and histories keep URLs. Good once,
 * for a minute (in the link that a start prints: an hour), for whoever made it and never longer than their token. Only
 * digests are kept.
 */
export class Tickets {
  readonly #now: () => number;
  readonly #open = new Map<string, { readonly principal: Principal; readonly expiresMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Undefined when too many are open. */
  make(
    principal: Principal,
    lifeMs: number = LIMITS.ticketLifeMs,
  ): { readonly ticket: string; readonly expiresMs: number } | undefined {
    this.#forget();
    if (this.#open.size >= LIMITS.tickets) return undefined;
    const ticket = `${TICKET_PREFIX}${randomBytes(TICKET_BYTES).toString('base64url')}`;
    const expiresMs = Math.min(this.#now() + lifeMs, principal.expiresMs ?? Infinity);
    this.#open.set(digestOf(ticket), { principal, expiresMs });
    return { ticket, expiresMs };
  }

  /** Whose it was; undefined when it was never made, is used or has ended. */
  redeem(ticket: string): Principal | undefined {
    const digest = digestOf(ticket);
    const found = this.#open.get(digest);
    this.#open.delete(digest);
    return found !== undefined && this.#now() < found.expiresMs ? found.principal : undefined;
  }

  #forget(): void {
    const nowMs = this.#now();
    for (const [digest, { expiresMs }] of this.#open) if (nowMs >= expiresMs) this.#open.delete(digest);
  }
}
