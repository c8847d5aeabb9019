import { describe, expect, it } from 'vitest';
import { authSchema, isRefused, lacks, listenerAuth, type Principal } from '../../pipeline/auth.ts';

const messages = (value: unknown): string[] => {
  const parsed = authSchema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
};
const SECRET = 'x'.repeat(32);

describe('auth of a listener', () => {
  it('is a method, a list of them, or none written out', () => {
    expect(listenerAuth().parse(undefined)).toBeUndefined();
    expect(listenerAuth().parse('none')).toEqual([]);
    expect(listenerAuth().parse('token')).toEqual(['token']);
    expect(listenerAuth().parse(['token', 'certificate', 'token'])).toEqual(['token', 'certificate']);
  });
  it.each([['bearer'], [[]], [['none']], [{ authenticator: 'oidc' }], [true]])('is not %j', (value) => {
    expect(listenerAuth().safeParse(value).success).toBe(false);
  });
});

describe('auth of the configuration', () => {
  it('has defaults', () => {
    expect(authSchema.parse(undefined)).toEqual({
      tokens: { issuer: 'periscope', audience: 'periscope', clock_tolerance: 5000 },
      certificates: {},
      basic: {},
    });
  });
  it('wants 32 bytes of secret', () => {
    expect(messages({ tokens: { secret: 'x'.repeat(31) } })).toEqual(['tokens.secret: must have at least 32 bytes']);
    expect(messages({ tokens: { secret: SECRET } })).toEqual([]);
  });
  it('wants one source of keys', () => {
    expect(messages({ tokens: { secret: SECRET, jwks_file: 'j' } })).toEqual([
      'tokens.jwks_file: give one of secret, jwks_file: tokens have one source of keys',
    ]);
  });
  it('never mixes secrets and public keys', () => {
    expect(messages({ tokens: { public_key_file: 'p', algorithms: ['HS256'] } })[0]).toMatch(/HS256 needs a secret/);
    expect(messages({ tokens: { secret: SECRET, algorithms: ['EdDSA'] } })[0]).toMatch(/EdDSA need public keys/);
    expect(messages({ tokens: { algorithms: ['none'] } })[0]).toMatch(/must be one of/);
  });
  it('gives every user a password and a scope', () => {
    expect(messages({ basic: { ann: { scopes: ['A'] } } })).toEqual(['basic.ann.password: give password or password_file']);
    expect(messages({ basic: { 'a:b': { password: 'x', scopes: ['A'] } } })).toHaveLength(1);
    expect(messages({ certificates: { 'CN=a': { scopes: [] } } })).toEqual([
      'certificates.CN=a.scopes: needs at least one scope',
    ]);
  });
});

describe('a principal', () => {
  const principal: Principal = { subject: 'ann', scopes: ['A'], permissions: new Set(['query']), method: 'token' };
  it('may do what it has the permission for, and nothing else', () => {
    expect(isRefused(principal)).toBe(false);
    expect(lacks(principal, 'query')).toBeUndefined();
    expect(lacks(principal, 'admin')).toMatchObject({ code: 'PERMISSION_DENIED', retryable: false });
  });
});
