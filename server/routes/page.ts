import type { AuthRefusal } from '../../pipeline/auth.ts';
import type { HttpAnswer, HttpHead } from '../../pipeline/host.ts';
import { TICKET_PREFIX } from '../auth/tickets.ts';
import { endedCookie, sessionCookie, sessionSecret } from '../auth/session-cookie.ts';
import { PAGE_HEADERS, type PageFiles } from './page-files.ts';
import { PAGE_PATHS, SIGN_OUT_PATH } from './page-paths.ts';

export interface PageParts {
  readonly files: PageFiles;
  /** The listener takes TLS only: the cookie shall travel by nothing else. */
  readonly tls: boolean;
  beginSession(ticket: string, remoteAddress: string): { readonly secret: string; readonly expiresMs: number } | AuthRefusal;
  endSession(secret: string): void;
  now(): number;
}

/**
 * The dashboard's way in: its files, which hold no data and are for everybody, and the session of a browser. A one-time
 * link (`/?ticket=…`) becomes a cookie, and the address in the browser's history is worth nothing any more.
 */
export class Page {
  readonly #parts: PageParts;

  constructor(parts: PageParts) {
    this.#parts = parts;
  }

  /** Undefined when the request is for the API. Only inside `HttpHandler.head`. */
  answer(head: HttpHead): HttpAnswer | undefined {
    const { method, path } = head;
    if (method === 'POST' && path === SIGN_OUT_PATH) return this.#signOut(head);
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    if (!PAGE_PATHS.some((each) => each === path)) return this.#parts.files.answer(path, head);
    const query = new URLSearchParams(head.query);
    const ticket = query.get('ticket');
    if (ticket === null) return this.#parts.files.answer('/index.html', head);
    // A browser or a messenger that looks ahead must not use the link up.
    if (method === 'HEAD' || /prefetch|preview/.test(head.header('sec-purpose') + head.header('purpose')))
      return { status: 204, headers: { ...PAGE_HEADERS, 'Cache-Control': 'no-store' } };
    return this.#signIn(head, ticket, query);
  }

  #signIn(head: HttpHead, ticket: string, query: URLSearchParams): HttpAnswer {
    query.delete('ticket');
    const began = ticket.startsWith(TICKET_PREFIX) ? this.#parts.beginSession(ticket, head.remoteAddress) : undefined;
    const good = began !== undefined && 'secret' in began ? began : undefined;
    if (good === undefined) query.set('link', 'used');
    const rest = query.size === 0 ? '' : `?${query.toString()}`;
    const headers = { ...PAGE_HEADERS, 'Cache-Control': 'no-store', Location: `${head.path}${rest}` };
    if (good === undefined) return { status: 303, headers };
    const seconds = (good.expiresMs - this.#parts.now()) / 1000;
    const cookie = sessionCookie(head.header('host'), good.secret, { seconds, tls: this.#parts.tls });
    return { status: 303, headers: { ...headers, 'Set-Cookie': cookie } };
  }

  #signOut(head: HttpHead): HttpAnswer {
    const secret = sessionSecret(head);
    const headers = { ...PAGE_HEADERS, 'Cache-Control': 'no-store' };
    if (secret === '') return { status: 204, headers };
    this.#parts.endSession(secret);
    return { status: 204, headers: { ...headers, 'Set-Cookie': endedCookie(head.header('host')) } };
  }
}
