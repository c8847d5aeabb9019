import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenText, inspectToken, revokeTokenText } from '../../../agent/collector/token.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { SECRET, tokenOf } from '../../support/tokens.ts';

const folder = temporaryFolders();

/** A configuration in a folder of its own, which is where its keys go. */
function configured(auth = ''): { config: string[]; set: string[]; directory: string } {
  const directory = folder();
  const path = join(directory, 'periscope.yaml');
  writeFileSync(
    path,
    `receivers: { otlp: { protocols: { http: } } }
exporters: { debug: }
scopes: { ACME: }
service: { pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }
${auth.replaceAll('$FOLDER', directory)}`,
  );
  return { config: [path], set: [], directory };
}
const ask = { subject: 'agent-1', scopes: 'ACME, global', permissions: 'ingest,query', expires: '12h' };

describe('periscope token', () => {
  it('create makes a token that inspect finds good, with a key of its own making', async () => {
    const options = configured();
    const token = await createTokenText({ ...options, ...ask });
    const { text, good } = await inspectToken(token, options);
    expect(good).toBe(true);
    expect(JSON.parse(text)).toMatchObject({
      header: { alg: 'HS256' },
      claims: {
        sub: 'agent-1',
        iss: 'periscope',
        aud: 'periscope',
        permissions: ['ingest', 'query'],
        jti: expect.any(String) as string,
      },
      valid: true,
      as: ['ACME', 'global'],
    });
    expect((await inspectToken(token, configured())).good).toBe(false);
  });

  it('create signs with the private key of the configuration', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const options = configured(
      'auth: { tokens: { public_key_file: $FOLDER/public.pem, private_key_file: $FOLDER/private.pem } }',
    );
    writeFileSync(join(options.directory, 'public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(join(options.directory, 'private.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const { text, good } = await inspectToken(await createTokenText({ ...options, ...ask }), options);
    expect([good, text]).toEqual([true, expect.stringContaining('"alg": "EdDSA"')]);
  });

  it('create refuses what would never be taken', async () => {
    const options = configured();
    await expect(createTokenText({ ...options, ...ask, scopes: 'ACM' })).rejects.toThrow(/no scope "ACM" \(known: .*ACME/);
    await expect(createTokenText({ ...options, ...ask, scopes: ' , ' })).rejects.toThrow(/needs --scopes/);
    await expect(createTokenText({ ...options, ...ask, permissions: 'root' })).rejects.toThrow(/no permission "root"/);
    for (const expires of ['forever', '0', '367d'])
      await expect(createTokenText({ ...options, ...ask, expires })).rejects.toThrow(/cannot/);
  });

  it('inspect says why a token is not taken, and never shows a secret', async () => {
    const options = configured(`auth: { tokens: { secret: ${JSON.stringify(SECRET)} } }`);
    const { text, good } = await inspectToken(await tokenOf({ claims: { exp: 1, scopes: ['ACME'] } }), options);
    expect(good).toBe(false);
    expect(JSON.parse(text)).toMatchObject({
      valid: false,
      because: expect.stringContaining('expired') as string,
      expires: '1970-01-01T00:00:01.000Z',
    });
    expect(text).not.toContain(SECRET);
    await expect(inspectToken('junk', options)).rejects.toThrow('it is no JSON Web Token');
  });

  it('revoke voids a token, by itself or by its id', async () => {
    const options = configured();
    const [one, other] = [await createTokenText({ ...options, ...ask }), await createTokenText({ ...options, ...ask })];
    await revokeTokenText(one, options);
    const { claims } = JSON.parse((await inspectToken(other, options)).text) as { claims: { jti: string } };
    await revokeTokenText(claims.jti, options);
    for (const token of [one, other]) expect((await inspectToken(token, options)).text).toContain('revoked');
    const nameless = await tokenOf({ claims: { scopes: ['ACME'] } });
    expect(await revokeTokenText(nameless, options)).toMatch(/revoked sha256:/);
    const file = readFileSync(join(options.directory, '.periscope/revoked-tokens'), 'utf8');
    expect(file.trimEnd().split('\n')).toHaveLength(3);
    for (const token of [one, other, nameless]) expect(file).not.toContain(token);
    for (const bad of ['', 'a b', '# x', 'a\nb']) await expect(revokeTokenText(bad, options)).rejects.toThrow(/cannot revoke/);
  });
});
