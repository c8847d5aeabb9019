import { createHmac, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authSchema, isRefused } from '../../../pipeline/auth.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { Tokens, type TokenRefusal } from '../../../server/auth/tokens.ts';
import { readSigningKey, readTokenKeys } from '../../../server/auth/token-keys.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { forged, SECRET, tokenOf } from '../../support/tokens.ts';

const folder = temporaryFolders();
const NOW = 1_800_000_000_000;

function bench(tokens: Record<string, unknown> = { secret: SECRET }, storageDirectory = folder()) {
  const time = { now: NOW };
  const warnings: string[] = [];
  const checker = new Tokens({
    config: authSchema.parse({ tokens }).tokens,
    storageDirectory,
    known: ['A', 'B'],
    now: () => time.now,
    warn: (message) => warnings.push(message),
  });
  const check = async (token: string) => checker.cached(token) ?? (await checker.check(token));
  const faultOf = async (token: string): Promise<string> => {
    const result = await check(token);
    return isRefused(result) ? (result as TokenRefusal).fault : 'accepted';
  };
  return { checker, check, faultOf, time, warnings, storageDirectory };
}
const good = (options: Parameters<typeof tokenOf>[0] = {}): Promise<string> => tokenOf(options, NOW);

describe('a token', () => {
  it('says who sends, as whom and until when', async () => {
    const { check } = bench();
    const token = await good({ claims: { scopes: ['A', 'B', 'A', 'unknown'], permissions: ['ingest', 'query', 'fly'] } });
    expect(await check(token)).toEqual({
      subject: 'agent-1',
      scopes: ['A', 'B'],
      permissions: new Set(['ingest', 'query']),
      expiresMs: NOW + 600_000 + 5000,
      method: 'token',
    });
  });

  it('is checked once, and known by its hash until it ends', async () => {
    const { checker, check, time } = bench();
    const token = await good();
    expect(checker.cached(token)).toBeUndefined();
    const principal = await check(token);
    expect(checker.cached(token)).toBe(principal);
    time.now += 605_001;
    expect(checker.cached(token)).toMatchObject({ fault: 'token_expired', code: 'UNAUTHENTICATED' });
    expect(checker.cached(token)).toBeUndefined();
  });

  it('is checked once when many requests bring it at the same time', async () => {
    const { checker } = bench();
    const token = await good();
    const [one, other] = [checker.check(token), checker.check(token)];
    expect(one).toBe(other);
    expect(await one).toBe(await other);
  });

  it('may write its lists as words', async () => {
    const { check } = bench();
    expect(await check(await good({ claims: { scopes: 'A B', permissions: 'admin query' } }))).toMatchObject({
      scopes: ['A', 'B'],
    });
  });

  it('has no permission that it does not name', async () => {
    const { check } = bench();
    expect(await check(await good({ without: ['permissions'] }))).toMatchObject({ permissions: new Set() });
  });
});

describe('bad tokens', () => {
  const claims = { iss: 'periscope', aud: 'periscope', sub: 'x', exp: NOW / 1000 + 60, scopes: ['A'], permissions: ['admin'] };

  it.each([
    ['expired', { exp: NOW / 1000 - 6 }, 'token_expired'],
    ['not valid yet', { nbf: NOW / 1000 + 60 }, 'token_not_yet_valid'],
    ['of another issuer', { iss: 'somebody' }, 'token_for_another'],
    ['for another audience', { aud: 'another' }, 'token_for_another'],
    ['with an end that is no number', { exp: 'never' as unknown as number }, 'token_for_another'],
    ['without a scope', { scopes: [] }, 'token_without_scope'],
    ['with a scope that is not of the matrix', { scopes: ['global', '*', 'a'] }, 'token_without_scope'],
    ['with scopes that are no strings', { scopes: [{ A: 1 }, 7] }, 'token_without_scope'],
  ])('%s: refused', async (_what, changed, fault) => {
    const { faultOf } = bench();
    expect(await faultOf(await good({ claims: changed }))).toBe(fault);
  });

  it.each(['exp', 'sub', 'iss', 'aud'])('without %s: refused', async (claim) => {
    const { faultOf } = bench();
    expect(await faultOf(await good({ without: [claim] }))).toBe('token_for_another');
  });

  it('alg none, in any spelling, with or without a signature: refused', async () => {
    const { faultOf } = bench();
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', undefined]) {
      expect(await faultOf(forged({ alg, typ: 'JWT' }, claims, ''))).toBe('token_malformed');
      expect(await faultOf(forged({ alg, typ: 'JWT' }, claims, 'AAAA'))).toBe('token_invalid');
    }
  });

  it('signed with another algorithm of the same secret: refused', async () => {
    const { faultOf } = bench();
    for (const [alg, hash] of [
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      const unsigned = forged({ alg }, claims, '').slice(0, -1);
      expect(await faultOf(`${unsigned}.${createHmac(hash, SECRET).update(unsigned).digest('base64url')}`)).toBe('token_invalid');
    }
  });

  it('key confusion: a public key is no HMAC secret', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const path = join(folder(), 'public.pem');
    writeFileSync(path, pem);
    const { faultOf } = bench({ public_key_file: path });
    expect(await faultOf(await good({ key: privateKey, header: { alg: 'EdDSA' } }))).toBe('accepted');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    for (const secret of [pem, pem.trim(), publicKey.export({ type: 'spki', format: 'der' }), raw]) {
      const unsigned = forged({ alg: 'HS256' }, claims, '').slice(0, -1);
      expect(await faultOf(`${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`)).toBe(
        'token_invalid',
      );
    }
  });

  it('a key that the token brings along, or names, is not looked at', async () => {
    const { faultOf } = bench();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const jwk = publicKey.export({ format: 'jwk' });
    for (const header of [
      { jwk },
      { jku: 'http://127.0.0.1:1/keys' },
      { x5u: 'http://127.0.0.1:1/x' },
      { kid: '../../etc/passwd' },
    ]) {
      expect(await faultOf(await good({ key: privateKey, header: { alg: 'EdDSA', ...header } }))).toBe('token_invalid');
    }
  });

  it('one changed bit anywhere: refused', async () => {
    const { faultOf } = bench();
    const token = await good();
    for (let at = 0; at < token.length; at += 7) {
      const other = token[at] === 'A' ? 'B' : 'A';
      const changed = `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
      // The last character of a signature holds bits that mean nothing.
      if (at < token.length - 1) expect(await faultOf(changed)).toMatch(/^token_(invalid|malformed)$/);
    }
  });

  it('a megabyte, control characters, no shape: refused unread', async () => {
    const { checker } = bench();
    const large = `${'x'.repeat(1 << 20)}.y.z`;
    for (const token of [
      large,
      '',
      '..',
      'a.b',
      'a.b.c.d',
      'a b.c.d',
      'a\n.b.c',
      'ä.b.c',
      `${'x'.repeat(LIMITS.tokenBytes)}.y.z`,
    ]) {
      // At once: no signature was looked at.
      expect(checker.check(token)).toMatchObject({ fault: 'token_malformed' });
    }
  });

  it('says nothing about the secret or the token', async () => {
    const { check } = bench();
    for (const token of [forged({ alg: 'none' }, claims, 'AA'), await good({ claims: { aud: 'x' } }), 'junk']) {
      const text = JSON.stringify(await check(token));
      expect(text).not.toContain(token);
      expect(text).not.toContain(SECRET);
    }
  });

  it('more at a time than the limit: the rest is told to come again, and it is not held against them', async () => {
    const { checker } = bench();
    const tokens = Array.from({ length: LIMITS.tokenChecksAtOnce + 1 }, (_, at) =>
      forged({ alg: 'HS256' }, { ...claims, at }, 'AAAA'),
    );
    const results = tokens.map((token) => checker.check(token));
    expect(results.at(-1)).toMatchObject({ fault: 'token_busy', code: 'UNAVAILABLE', retryable: true });
    expect(await Promise.all(results.slice(0, -1))).toEqual(
      Array.from({ length: LIMITS.tokenChecksAtOnce }, () => expect.objectContaining({ fault: 'token_invalid' })),
    );
  });
});

describe('void tokens', () => {
  it('are refused within a second of their line in the file, cached or not, by jti or by hash', async () => {
    const { check, faultOf, time, storageDirectory } = bench();
    const path = join(storageDirectory, 'revoked-tokens');
    const [named, other] = [await good({ claims: { jti: 'one' } }), await good({ claims: { jti: 'two' } })];
    const nameless = await good({ claims: { sub: 'nameless' } });
    for (const token of [named, other, nameless]) expect(isRefused(await check(token))).toBe(false);
    const { digestOf } = await import('../../../server/auth/digest.ts');
    writeFileSync(path, `# why\none lost laptop\nsha256:${digestOf(nameless)}\n`);
    time.now += 1000;
    expect(await faultOf(named)).toBe('token_revoked');
    expect(await faultOf(nameless)).toBe('token_revoked');
    expect(await faultOf(other)).toBe('accepted');
    appendFileSync(path, 'two\n');
    time.now += 1000;
    expect(await faultOf(other)).toBe('token_revoked');
  });

  it('stay void when the list cannot be read any more', async () => {
    const { faultOf, time, warnings, storageDirectory } = bench();
    const path = join(storageDirectory, 'revoked-tokens');
    writeFileSync(path, 'one\n');
    time.now += 1000;
    const token = await good({ claims: { jti: 'one' } });
    expect(await faultOf(token)).toBe('token_revoked');
    writeFileSync(path, 'x\n'.repeat(LIMITS.revokedTokens + 1));
    time.now += 1000;
    expect(await faultOf(token)).toBe('token_revoked');
    expect(warnings[0]).toMatch(/list of void tokens .* lists more than .* what was read before still counts/);
  });
});

describe('keys', () => {
  const pair = generateKeyPairSync('ed25519');
  const pem = (): string => pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const write = (text: string): string => {
    const path = join(folder(), 'key');
    writeFileSync(path, text);
    return path;
  };

  it('without any in the configuration: one is made, and the same one is found next time', async () => {
    const storage = folder();
    const config = authSchema.parse(undefined).tokens;
    const { faultOf } = bench({}, storage);
    const { key, algorithm } = readSigningKey(config, storage);
    expect(algorithm).toBe('HS256');
    expect(await faultOf(await good({ key }))).toBe('accepted');
    expect(readSigningKey(config, storage).key.equals(key)).toBe(true);
  });

  it('a key set: the token’s kid chooses, a changed file counts, and an unknown kid is refused', async () => {
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA' };
    const path = write(JSON.stringify({ keys: [jwk] }));
    const { faultOf, time } = bench({ jwks_file: path });
    const token = await good({ key: pair.privateKey, header: { alg: 'EdDSA', kid: 'k1' } });
    expect(await faultOf(token)).toBe('accepted');
    expect(await faultOf(await good({ key: pair.privateKey, header: { alg: 'EdDSA', kid: 'k2' } }))).toBe('token_invalid');
    const next = generateKeyPairSync('ed25519');
    writeFileSync(`${path}.new`, JSON.stringify({ keys: [{ ...next.publicKey.export({ format: 'jwk' }), kid: 'k2' }] }));
    renameSync(`${path}.new`, path);
    time.now += 1000;
    expect(await faultOf(token)).toBe('token_invalid');
    expect(await faultOf(await good({ key: next.privateKey, header: { alg: 'EdDSA', kid: 'k2' } }))).toBe('accepted');
  });

  it('a key set at a URL is fetched; when it cannot be, the sender is told to come again', async () => {
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1' };
    let status = 503;
    const server = createServer((_request, response) => response.writeHead(status).end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { faultOf } = bench({ jwks_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` });
      const token = await good({ key: pair.privateKey, header: { alg: 'EdDSA', kid: 'k1' } });
      expect(await faultOf(token)).toBe('token_keys_unreachable');
      status = 200;
      expect(await faultOf(token)).toBe('accepted');
      expect(
        await faultOf(await good({ key: generateKeyPairSync('ed25519').privateKey, header: { alg: 'EdDSA', kid: 'k1' } })),
      ).toBe('token_invalid');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('a token is signed with the private key of the configuration', async () => {
    const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const tokens = { public_key_file: write(pem()), private_key_file: write(privatePem) };
    const { key, algorithm } = readSigningKey(authSchema.parse({ tokens }).tokens, folder());
    expect(algorithm).toBe('EdDSA');
    expect(key.equals(createPrivateKey(privatePem))).toBe(true);
    expect(() =>
      readSigningKey(authSchema.parse({ tokens: { public_key_file: tokens.public_key_file } }).tokens, folder()),
    ).toThrow(/public keys only/);
  });

  it.each([
    ['a secret that is too short', 'secret_file', 'short', /at least 32 bytes/],
    ['a private key where the public one belongs', 'public_key_file', 'PRIVATE', /holds a private key/],
    ['text where a key belongs', 'public_key_file', 'no key at all, but a secret', /no public key in PEM/],
    ['a key set with a private key', 'jwks_file', 'JWKS-PRIVATE', /holds a private or secret key/],
    ['a key set that is none', 'jwks_file', '{"keys":1}', /no JSON Web Key Set/],
    ['JSON that is none', 'jwks_file', 'hunter2-hunter2', /no JSON/],
  ])('%s stops the start, and is not repeated', (_what, option, text, message) => {
    const content =
      text === 'PRIVATE'
        ? pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
        : text === 'JWKS-PRIVATE'
          ? JSON.stringify({ keys: [pair.privateKey.export({ format: 'jwk' })] })
          : text;
    const config = authSchema.parse({ tokens: { [option]: write(content) } }).tokens;
    expect(() => readTokenKeys(config, folder())).toThrow(message);
    expect(() => readTokenKeys(config, folder())).not.toThrow(new RegExp(content.slice(0, 12).replaceAll(/\W/g, '.')));
  });

  it('a secret written where its path belongs is not repeated', () => {
    const config = authSchema.parse({ tokens: { secret_file: 'correct horse battery' } }).tokens;
    expect(() => readTokenKeys(config, folder())).toThrow(/^cannot read auth::tokens::secret_file: there is no such file$/);
  });
});
