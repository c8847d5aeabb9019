import { describe, expect, it } from 'vitest';
import { authSchema } from '../../../pipeline/auth.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { createToken, readToken, revokeToken } from '../../../server/auth/issue.ts';
import { readOwnerToken, writeOwnerToken } from '../../../server/auth/owner-token.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const config = authSchema.parse({ tokens: { issuer: 'me', audience: 'you' } }).tokens;
const request = { subject: 'agent-1', scopes: ['A'], permissions: ['ingest'], lifeMs: 60_000 } as const;

describe('a token that is made here', () => {
  it('has all claims that are asked for, an id of its own and an end', async () => {
    const storage = folder();
    const [one, other] = [await createToken(config, storage, request), await createToken(config, storage, request)];
    const { header, claims } = readToken(one);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toMatchObject({ iss: 'me', aud: 'you', sub: 'agent-1', scopes: ['A'], permissions: ['ingest'] });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(60);
    expect(claims.jti).not.toBe(readToken(other).claims.jti);
  });

  it('lives no longer than the limit', async () => {
    for (const lifeMs of [0, -1, LIMITS.tokenLifeMaxMs + 1])
      await expect(createToken(config, folder(), { ...request, lifeMs })).rejects.toThrow(/it may live for up to 366 days/);
  });

  it('is revoked by its id, whichever of the two is given', async () => {
    const storage = folder();
    const token = await createToken(config, storage, request);
    const { name } = revokeToken(config, storage, token);
    expect(name).toBe(readToken(token).claims.jti);
    expect(revokeToken(config, storage, name).name).toBe(name);
  });
});

describe('the owner’s token', () => {
  it('is another one for each run, and goes with it', () => {
    const storage = folder();
    const first = writeOwnerToken(storage);
    expect(readOwnerToken(storage)).toBe(first.token);
    const second = writeOwnerToken(storage);
    expect(second.token).not.toBe(first.token);
    first.remove();
    expect(readOwnerToken(storage)).toBe(second.token);
    second.remove();
    second.remove();
    expect(() => readOwnerToken(storage)).toThrow('there is no such file');
  });
});
