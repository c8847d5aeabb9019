import { createSecretKey, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';

export const SECRET = 'a secret of tests, thirty-two bytes and more';

export interface TokenOptions {
  readonly claims?: JWTPayload;
  readonly key?: KeyObject;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Claims to leave out. */
  readonly without?: readonly string[];
}

/** A token that is good at `now` for the scopes A and B, but for what the test changes. */
export function tokenOf({ claims = {}, key, header = {}, without = [] }: TokenOptions = {}, nowMs = Date.now()): Promise<string> {
  const seconds = Math.floor(nowMs / 1000);
  const all: JWTPayload = {
    iss: 'periscope',
    aud: 'periscope',
    sub: 'agent-1',
    exp: seconds + 600,
    scopes: ['A'],
    permissions: ['ingest'],
    ...claims,
  };
  const payload = Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
  return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', ...header }).sign(key ?? createSecretKey(SECRET, 'utf8'));
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Header and claims as they are, with a signature of the test's choice. */
export const forged = (header: unknown, claims: unknown, signature: string): string =>
  `${part(header)}.${part(claims)}.${signature}`;
