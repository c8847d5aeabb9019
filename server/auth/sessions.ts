import { randomBytes } from 'node:crypto';
import type { Principal } from '../../pipeline/auth.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { digestOf } from './digest.ts';

const SESSION_BYTES = 32;

/**
 * Who a browser is, between its one-time link and its sign-out: the cookie holds a secret that only this process knows,
 * never a token. A session ends after twelve hours, or with the token it came from. Only digests are kept; the oldest
 * makes room for the newest.
 */
export class Sessions {
  readonly #now: () => number;
  /** In the order in which they began. */
  readonly #open = new Map<string, { readonly principal: Principal; readonly expiresMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  begin(principal: Principal): { readonly secret: string; readonly expiresMs: number } {
    const secret = randomBytes(SESSION_BYTES).toString('base64url');
    const expiresMs = Math.min(this.#now() + LIMITS.sessionLifeMs, principal.expiresMs ?? Infinity);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size < LIMITS.sessions) break;
      this.#open.delete(oldest);
    }
    this.#open.set(digestOf(secret), { principal, expiresMs });
    return { secret, expiresMs };
  }

  /** Undefined when there is none, or it has ended. */
  find(secret: string): Principal | undefined {
    const digest = digestOf(secret);
    const found = this.#open.get(digest);
    if (found === undefined || this.#now() < found.expiresMs) return found?.principal;
    this.#open.delete(digest);
    return undefined;
  }

  end(secret: string): void {
    this.#open.delete(digestOf(secret));
  }
}
