import { createPublicKey, createPrivateKey, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { TokensConfig } from '../../pipeline/auth.ts';
import { StartError } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { stampOf } from './file-stamp.ts';
import { makePrivateFile, readConfiguredFile, readPrivateFile } from './private-file.ts';

/** What tokens are checked against. An algorithm is fixed by the kind of key, never by the token. */
export interface TokenKeys {
  readonly algorithms: readonly string[];
  readonly key: JWTVerifyGetKey;
  /** The keys are elsewhere: a fault may be the network's. */
  readonly remote: boolean;
  /** Another value means that the keys have changed and `read` must be called again. */
  stamp(): string;
}

/** The file of the key that is made where the configuration names none. */
export const LOCAL_KEY_FILE = 'token-key';
const LOCAL_KEY_BYTES = 48;
const JWKS_TIMEOUT_MS = 5000;
const PUBLIC_ALGORITHMS = ['EdDSA', 'ES256', 'RS256', 'PS256'];
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

const option = (name: string): string => `auth::tokens::${name}`;

/** Throws a StartError. Without any key in the configuration one is made under `storageDirectory`. */
export function readTokenKeys(config: TokensConfig, storageDirectory: string): TokenKeys {
  const { public_key_file, jwks_file, jwks_url } = config;
  if (public_key_file !== undefined) {
    const key = publicKey(readConfiguredFile(public_key_file, option('public_key_file')));
    const algorithms = algorithmsOf(key, config.algorithms, option('public_key_file'));
    return { algorithms, key: () => key, remote: false, stamp: () => stampOf(public_key_file) };
  }
  if (jwks_file !== undefined) {
    const key = createLocalJWKSet(keySet(readConfiguredFile(jwks_file, option('jwks_file'))));
    return { algorithms: config.algorithms ?? PUBLIC_ALGORITHMS, key, remote: false, stamp: () => stampOf(jwks_file) };
  }
  if (jwks_url !== undefined) {
    const key = createRemoteJWKSet(new URL(jwks_url), { timeoutDuration: JWKS_TIMEOUT_MS });
    return { algorithms: config.algorithms ?? PUBLIC_ALGORITHMS, key, remote: true, stamp: () => '' };
  }
  const secret = readSecret(config, storageDirectory);
  const { secret_file } = config;
  return {
    algorithms: ['HS256'],
    key: () => secret,
    remote: false,
    stamp: () => (secret_file === undefined ? '' : stampOf(secret_file)),
  };
}

/** The key that `periscope token create` signs with. Throws a StartError when the configuration holds none. */
export function readSigningKey(config: TokensConfig, storageDirectory: string): { key: KeyObject; algorithm: string } {
  if (config.private_key_file !== undefined) {
    const name = option('private_key_file');
    const key = parse(
      () => createPrivateKey(readConfiguredFile(config.private_key_file ?? '', name)),
      name,
      'no private key in PEM',
    );
    return { key, algorithm: algorithmsOf(key, config.algorithms, name)[0] ?? '' };
  }
  if (config.public_key_file !== undefined || config.jwks_file !== undefined || config.jwks_url !== undefined) {
    throw new StartError(
      'cannot create a token: the configuration has public keys only; the issuer of the tokens makes them, or set auth::tokens::private_key_file',
    );
  }
  return { key: readSecret(config, storageDirectory), algorithm: 'HS256' };
}

function readSecret({ secret, secret_file }: TokensConfig, storageDirectory: string): KeyObject {
  if (secret !== undefined) return createSecretKey(secret, 'utf8');
  if (secret_file !== undefined) {
    // An editor's newline at the end is not part of it.
    return checked(readConfiguredFile(secret_file, option('secret_file')).replace(/\r?\n$/, ''), option('secret_file'));
  }
  const path = join(storageDirectory, LOCAL_KEY_FILE);
  makePrivateFile(path, `${randomBytes(LOCAL_KEY_BYTES).toString('base64url')}\n`);
  return checked(readPrivateFile(path).trimEnd(), path);
}

function checked(secret: string, where: string): KeyObject {
  if (Buffer.byteLength(secret) < LIMITS.tokenSecretBytesMin)
    throw new StartError(`cannot use ${where}: a secret must have at least ${LIMITS.tokenSecretBytesMin} bytes`);
  return createSecretKey(secret, 'utf8');
}

function publicKey(pem: string): KeyObject {
  const name = option('public_key_file');
  // Node would take a private key and derive the public one; but then the private one lies where it has no business.
  if (pem.includes('PRIVATE KEY')) throw new StartError(`cannot use ${name}: it holds a private key; give the public one`);
  return parse(() => createPublicKey(pem), name, 'no public key in PEM');
}

function keySet(text: string): JSONWebKeySet {
  const name = option('jwks_file');
  const set = parse(() => JSON.parse(text) as JSONWebKeySet, name, 'no JSON');
  if (!Array.isArray(set?.keys)) throw new StartError(`cannot use ${name}: it is no JSON Web Key Set ({"keys": […]})`);
  if (set.keys.some((key) => PRIVATE_MEMBERS.some((member) => member in key)))
    throw new StartError(`cannot use ${name}: it holds a private or secret key; give the public ones`);
  return set;
}

function algorithmsOf(key: KeyObject, wanted: readonly string[] | undefined, name: string): readonly string[] {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const type = key.asymmetricKeyType;
  const fits =
    type === 'ed25519'
      ? ['EdDSA']
      : type === 'ec' && curve === 'prime256v1'
        ? ['ES256']
        : type === 'rsa'
          ? ['RS256', 'PS256']
          : [];
  if (fits.length === 0) throw new StartError(`cannot use ${name}: a ${type ?? 'foreign'} key; take Ed25519, P-256 or RSA`);
  const taken = wanted === undefined ? fits : fits.filter((algorithm) => wanted.includes(algorithm));
  if (taken.length === 0)
    throw new StartError(`cannot use ${name}: its key is for ${fits.join(', ')}, and algorithms does not list it`);
  return taken;
}

/** Without the cause, which may hold a piece of what was read. */
function parse<Value>(read: () => Value, name: string, fault: string): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`cannot use ${name}: it holds ${fault}`);
  }
}
