import type { HttpHead } from '../../pipeline/host.ts';

/** Cookies do not know ports: two collectors on one machine would sign each other's browsers out. */
function nameFor(host: string): string {
  const port = /:(\d{1,5})$/.exec(host)?.[1];
  return port === undefined ? 'periscope_session' : `periscope_session_${port}`;
}

const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/**
 * The secret of the browser's session, '' without one or where another site may have sent the request. `SameSite=Strict`
 * leaves out neighbours of the same site (`localhost:5000` for `localhost:3004`), so what the browser says of the origin
 * must agree, too. What says nothing of it is no browser of today, and nobody can make it send a cookie it should not.
 * Only inside `head`, as it reads headers.
 */
export function sessionSecret(head: Pick<HttpHead, 'header' | 'method'>): string {
  const cookies = head.header('cookie');
  if (cookies === '' || !isSameOrigin(head)) return '';
  const prefix = `${nameFor(head.header('host'))}=`;
  const own = cookies.split(';').find((each) => each.trimStart().startsWith(prefix));
  return own?.trim().slice(prefix.length) ?? '';
}

function isSameOrigin(head: Pick<HttpHead, 'header' | 'method'>): boolean {
  const site = head.header('sec-fetch-site');
  // `none`: the person has typed the address. That may read, and a form elsewhere cannot look like it.
  const reads = head.method === 'GET' || head.method === 'HEAD';
  if (site !== '' && site !== 'same-origin' && !(site === 'none' && reads)) return false;
  const origin = head.header('origin');
  return origin === '' || origin.replace(/^https?:\/\//, '') === head.header('host');
}

/** The `Set-Cookie` that begins a session. */
export function sessionCookie(
  host: string,
  secret: string,
  options: { readonly seconds: number; readonly tls: boolean },
): string {
  return `${nameFor(host)}=${secret}; ${ATTRIBUTES}; Max-Age=${Math.floor(options.seconds)}${options.tls ? '; Secure' : ''}`;
}

/** The one that ends it. */
export const endedCookie = (host: string): string => `${nameFor(host)}=; ${ATTRIBUTES}; Max-Age=0`;
