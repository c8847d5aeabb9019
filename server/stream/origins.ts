import { isIP } from 'node:net';

export interface OriginRules {
  /** Of the listener: `host:port`. */
  readonly endpoint: string;
  readonly isTls: boolean;
  /** As browsers write them: `https://example.com`. */
  readonly allowed: readonly string[];
}

/**
 * May a page of `origin` open a connection? Exact matches only, and never `null` (a file, a sandboxed frame). A page of
 * our own may: it is where the request went to. But a Host that is a name must be the listener's, or `localhost`: a
 * stranger's name may have been made to lead here (DNS rebinding), an address cannot.
 */
export function isAllowedOrigin(origin: string, host: string, { endpoint, isTls, allowed }: OriginRules): boolean {
  if (origin === 'null') return false;
  if (allowed.includes(origin)) return true;
  if (origin !== `${isTls ? 'https' : 'http'}://${host}`) return false;
  const name = nameOf(host);
  return name === 'localhost' || isIP(name) !== 0 || name === nameOf(endpoint);
}

/** Without port and brackets, in lower case. */
const nameOf = (host: string): string =>
  host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
