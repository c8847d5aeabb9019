import { createHmac } from 'node:crypto';

/** Of the listeners of the scenarios with windows. */
export const BENCH_SCOPE = 'ENTERPRISE';

/** Of the scenarios with `auth: token`; it protects nothing. */
const BENCH_SECRET = 'a secret of benches, thirty-two bytes long';

const LIFE_S = 3600;

/** A JSON Web Token (RFC 7519, HS256) for one scope, good for an hour. */
export function benchToken(scope: string, permissions: readonly string[] = ['ingest']): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + LIFE_S;
  const claims = { iss: 'periscope', aud: 'periscope', sub: `bench of ${scope}`, exp, scopes: [scope], permissions };
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', BENCH_SECRET).update(signed).digest('base64url')}`;
}

/** Body `number` of a load of so many tenants is of this one, and is sent with its token. */
export const scopeOfBody = (number: number, scopes: number): string => `tenant-${number % scopes}`;

export const benchTokens = (scopes: number): string[] =>
  Array.from({ length: scopes }, (_, n) => benchToken(scopeOfBody(n, scopes)));
