import { errors, jwtVerify, type JWTPayload } from 'jose';
import { PERMISSIONS, type AuthRefusal, type Permission, type Principal, type TokensConfig } from '../../pipeline/auth.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { digestOf } from './digest.ts';
import { Revocations, revocationFile, revocationName } from './revocations.ts';
import { readTokenKeys, type TokenKeys } from './token-keys.ts';

/** Why a token was refused: a counter label and the word of an audit line. */
export type TokenFault =
  | 'token_malformed'
  | 'token_invalid'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_for_another'
  | 'token_revoked'
  | 'token_without_scope'
  | 'token_busy'
  | 'token_keys_unreachable';

export interface TokenRefusal extends AuthRefusal {
  readonly fault: TokenFault;
}

/** What a token was found to be. */
interface Verified {
  readonly principal: Principal;
  /** As a revocation file would call it. */
  readonly name: string;
  readonly digest: string;
  readonly checkedMs: number;
}

export interface TokensOptions {
  readonly config: TokensConfig;
  readonly storageDirectory: string;
  /** The scopes of the matrix. */
  readonly known: readonly string[];
  readonly now: () => number;
  /** For the operator: a file that was fine at the start cannot be read now. */
  readonly warn: (message: string) => void;
}

const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Between two looks at the files; and how long a token is taken on its first check where keys may change elsewhere. */
const LOOK_MS = 1000;
const RECHECK_MS = 300_000;

/**
 * Checks JSON Web Tokens with jose: once each, then by their hash until they end. A cached token is forgotten when the
 * keys or the list of void tokens change.
 */
export class Tokens {
  readonly #options: TokensOptions;
  readonly #revocations: Revocations;
  readonly #verified = new Map<string, Verified>();
  readonly #checking = new Map<string, Promise<Principal | TokenRefusal>>();
  /** What a principal was read from, as long as anybody holds it: a session lives longer than the cache. */
  readonly #origins = new WeakMap<Principal, { readonly name: string; readonly digest: string; readonly keys: TokenKeys }>();
  #keys: TokenKeys;
  #keyStamp: string;
  #lookedMs: number;

  /** Throws a StartError when keys or list cannot be read. */
  constructor(options: TokensOptions) {
    this.#options = options;
    this.#keys = readTokenKeys(options.config, options.storageDirectory);
    this.#keyStamp = this.#keys.stamp();
    this.#revocations = new Revocations(revocationFile(options.config.revocation_file, options.storageDirectory));
    this.#revocations.refresh();
    this.#lookedMs = options.now();
  }

  /** Would the token that `principal` was read from still be taken? Its end is another question. */
  stillTaken(principal: Principal): boolean {
    this.#lookWhenDue(this.#options.now());
    const origin = this.#origins.get(principal);
    return origin === undefined || (origin.keys === this.#keys && !this.#isRevoked(origin.name, origin.digest));
  }

  /** What is known of a token without looking at it; undefined when it must be checked. */
  cached(token: string): Principal | TokenRefusal | undefined {
    const nowMs = this.#options.now();
    this.#lookWhenDue(nowMs);
    const digest = digestOf(token);
    const found = this.#verified.get(digest);
    if (found === undefined) return undefined;
    if (nowMs >= (found.principal.expiresMs ?? Infinity)) {
      this.#verified.delete(digest);
      return refused('token_expired');
    }
    if (nowMs - found.checkedMs < RECHECK_MS) return found.principal;
    this.#verified.delete(digest);
    return undefined;
  }

  /** Checks a token that is not cached. Never rejects. */
  check(token: string): Promise<Principal | TokenRefusal> | TokenRefusal {
    if (token.length > LIMITS.tokenBytes || !SHAPE.test(token)) return refused('token_malformed');
    const digest = digestOf(token);
    const under = this.#checking.get(digest);
    if (under !== undefined) return under;
    if (this.#checking.size >= LIMITS.tokenChecksAtOnce) return refused('token_busy');
    const checking = this.#verify(token, digest).finally(() => this.#checking.delete(digest));
    this.#checking.set(digest, checking);
    return checking;
  }

  async #verify(token: string, digest: string): Promise<Principal | TokenRefusal> {
    const { config, now } = this.#options;
    const keys = this.#keys;
    const nowMs = now();
    try {
      const { payload } = await jwtVerify(token, keys.key, {
        algorithms: [...keys.algorithms],
        issuer: config.issuer,
        audience: config.audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: config.clock_tolerance / 1000,
        currentDate: new Date(nowMs),
      });
      const principal = principalOf(payload, this.#options.known, config.clock_tolerance);
      if (principal === undefined) return refused('token_without_scope');
      const name = revocationName(payload.jti, digest);
      if (this.#isRevoked(name, digest)) return refused('token_revoked');
      this.#origins.set(principal, { name, digest, keys });
      // The keys changed meanwhile: good for this request, which came before, and for no other.
      if (keys === this.#keys) this.#remember({ principal, name, digest, checkedMs: nowMs });
      return principal;
    } catch (error) {
      return refused(faultOf(error, keys.remote));
    }
  }

  #remember(verified: Verified): void {
    if (this.#verified.size >= LIMITS.cachedTokens) this.#verified.delete(this.#verified.keys().next().value as string);
    this.#verified.set(verified.digest, verified);
  }

  #isRevoked(name: string, digest: string): boolean {
    return this.#revocations.has(name) || this.#revocations.has(`sha256:${digest}`);
  }

  /** Files that cannot be read any more change nothing: what was known stays. */
  #lookWhenDue(nowMs: number): void {
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    try {
      if (this.#revocations.refresh()) {
        for (const { name, digest } of this.#verified.values()) if (this.#isRevoked(name, digest)) this.#verified.delete(digest);
      }
      const stamp = this.#keys.stamp();
      if (stamp !== this.#keyStamp) {
        this.#keys = readTokenKeys(this.#options.config, this.#options.storageDirectory);
        this.#keyStamp = stamp;
        this.#verified.clear();
      }
    } catch (error) {
      this.#options.warn(`${error instanceof Error ? error.message : String(error)}; what was read before still counts`);
    }
  }
}

/** Undefined when it names no scope of this collector. */
function principalOf(payload: JWTPayload, known: readonly string[], toleranceMs: number): Principal | undefined {
  const scopes = words(payload['scopes']).filter((scope, at, all) => known.includes(scope) && all.indexOf(scope) === at);
  if (scopes.length === 0) return undefined;
  const given = words(payload['permissions']);
  return {
    subject: String(payload.sub),
    scopes,
    permissions: new Set(PERMISSIONS.filter((permission: Permission) => given.includes(permission))),
    expiresMs: (payload.exp ?? 0) * 1000 + toleranceMs,
    method: 'token',
  };
}

/** A list of strings, or words between spaces as in OAuth's `scope`. */
function words(claim: unknown): string[] {
  const list = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? (claim as unknown[]) : [];
  return list.slice(0, LIMITS.tokenScopes).filter((word): word is string => typeof word === 'string');
}

const MESSAGES: Readonly<Record<TokenFault, string>> = {
  token_malformed: 'cannot accept the token: it is no JSON Web Token; send Authorization: Bearer <token>',
  token_invalid: 'cannot accept the token: it is not valid here',
  token_expired: 'cannot accept the token: it has expired',
  token_not_yet_valid: 'cannot accept the token: it is not valid yet; compare the clocks',
  token_for_another: 'cannot accept the token: its issuer or audience is another one, or it lacks exp or sub',
  token_revoked: 'cannot accept the token: it has been revoked',
  token_without_scope: 'cannot accept the token: it names no scope that this collector has',
  token_busy: 'cannot check the token now: too many are being checked',
  token_keys_unreachable: 'cannot check the token now: the keys of its issuer cannot be fetched',
};

function refused(fault: TokenFault): TokenRefusal {
  const message = MESSAGES[fault];
  if (fault === 'token_busy' || fault === 'token_keys_unreachable')
    return { ok: false, code: 'UNAVAILABLE', retryable: true, message, fault, retryAfterMs: LIMITS.retryAfterMs };
  if (fault === 'token_without_scope') return { ok: false, code: 'SCOPE_FORBIDDEN', retryable: false, message, fault };
  return { ok: false, code: 'UNAUTHENTICATED', retryable: false, message, fault };
}

/** The claims are looked at after the signature: what is said of them is said to somebody who has the issuer's word. */
function faultOf(error: unknown, remote: boolean): TokenFault {
  if (error instanceof errors.JWTExpired) return 'token_expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'nbf' ? 'token_not_yet_valid' : 'token_for_another';
  const local =
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys;
  return remote && !local ? 'token_keys_unreachable' : 'token_invalid';
}
