import type { HttpHead } from '../../pipeline/host.ts';
import type { CorsConfig } from './config.ts';

/** What the Go collector's CORS handler lets pages set without being asked. */
const ALWAYS_ALLOWED = ['accept', 'content-type', 'origin', 'x-requested-with'];

type Headers = Readonly<Record<string, string>>;

export interface Cors {
  /** For an answer to a page; undefined when the request comes from no page. */
  answerHeaders(head: HttpHead): Headers | undefined;
  /** For the answer to a preflight; undefined when the request is none. */
  preflightHeaders(head: HttpHead): Headers | undefined;
}

/** Undefined when no origin is allowed: CORS is off, and OPTIONS is a method like any other. */
export function createCors(config: CorsConfig | undefined): Cors | undefined {
  if (config === undefined || config.allowed_origins.length === 0) return undefined;
  const allowed = new Set([...ALWAYS_ALLOWED, ...config.allowed_headers.map((name) => name.toLowerCase())]);
  const exposed = config.exposed_headers.join(', ');

  const originHeaders = (origin: string): Record<string, string> => {
    const headers: Record<string, string> = { Vary: 'Origin' };
    const pattern = config.allowed_origins.find((each) => matches(each, origin));
    if (pattern === undefined) return headers;
    headers['Access-Control-Allow-Origin'] = origin;
    // Browsers refuse credentials together with "everybody", and nothing here needs them.
    if (pattern !== '*') headers['Access-Control-Allow-Credentials'] = 'true';
    return headers;
  };

  return {
    answerHeaders(head) {
      const origin = head.header('origin');
      if (origin === '') return undefined;
      const headers = originHeaders(origin);
      if (exposed !== '' && 'Access-Control-Allow-Origin' in headers) headers['Access-Control-Expose-Headers'] = exposed;
      return headers;
    },
    preflightHeaders(head) {
      const origin = head.header('origin');
      const method = head.header('access-control-request-method');
      if (head.method !== 'OPTIONS' || origin === '' || method === '') return undefined;
      const headers = originHeaders(origin);
      headers['Vary'] = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';
      const wanted = head.header('access-control-request-headers');
      const names = wanted.split(',').map((name) => name.trim().toLowerCase());
      const refused = method !== 'POST' || !(allowed.has('*') || names.every((name) => name === '' || allowed.has(name)));
      if (refused || !('Access-Control-Allow-Origin' in headers)) return { Vary: headers['Vary'] };
      headers['Access-Control-Allow-Methods'] = 'POST';
      if (wanted !== '') headers['Access-Control-Allow-Headers'] = wanted;
      if (config.max_age > 0) headers['Access-Control-Max-Age'] = String(config.max_age);
      return headers;
    },
  };
}

function matches(pattern: string, origin: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = origin.toLowerCase();
  const star = wanted.indexOf('*');
  if (star < 0) return wanted === given;
  const after = wanted.slice(star + 1);
  return given.length >= wanted.length - 1 && given.startsWith(wanted.slice(0, star)) && given.endsWith(after);
}
