import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT, type JWTPayload } from 'jose';
import type { Permission, TokensConfig } from '../../pipeline/auth.ts';
import { StartError } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { digestOf } from './digest.ts';
import { revocationFile, revocationName, revoke } from './revocations.ts';
import { readSigningKey } from './token-keys.ts';

export interface TokenRequest {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly permissions: readonly Permission[];
  readonly lifeMs: number;
}

/** A signed token, with an id by which it can be revoked. Throws a StartError when there is no key to sign with. */
export async function createToken(config: TokensConfig, storageDirectory: string, request: TokenRequest): Promise<string> {
  const { subject, scopes, permissions, lifeMs } = request;
  if (lifeMs <= 0 || lifeMs > LIMITS.tokenLifeMaxMs)
    throw new StartError(
      `cannot create a token: it may live for up to ${LIMITS.tokenLifeMaxMs / 86_400_000} days, and not for nothing`,
    );
  const { key, algorithm } = readSigningKey(config, storageDirectory);
  const nowSeconds = Math.floor(Date.now() / 1000);
  return new SignJWT({ scopes: [...scopes], permissions: [...permissions] })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .setIssuer(config.issuer)
    .setAudience(config.audience)
    .setSubject(subject)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + Math.ceil(lifeMs / 1000))
    .setJti(randomUUID())
    .sign(key);
}

/** What a token says of itself, not checked. Throws a StartError when it is none. */
export function readToken(token: string): { readonly header: unknown; readonly claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw new StartError('cannot read the token: it is no JSON Web Token');
  }
}

/** Voids a token, or an id of one. Returns the name under which it stands in the file, and the file. */
export function revokeToken(config: TokensConfig, storageDirectory: string, tokenOrId: string): { name: string; path: string } {
  const path = revocationFile(config.revocation_file, storageDirectory);
  const isToken = tokenOrId.split('.').length === 3;
  const claims = isToken ? readToken(tokenOrId).claims : undefined;
  const name = isToken ? revocationName(claims?.jti, digestOf(tokenOrId)) : tokenOrId;
  if (!isToken && (revocationName(name, '') !== name || name === ''))
    throw new StartError('cannot revoke it: neither a token nor the id (jti) of one');
  const until = claims?.exp === undefined ? '' : ` expires ${new Date(claims.exp * 1000).toISOString()}`;
  revoke(path, name, `revoked ${new Date().toISOString()}${until}`);
  return { name, path };
}
