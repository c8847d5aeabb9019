import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { ClientCertificate } from '../../../pipeline/auth.ts';
import { serverTls, type ServerTls } from '../../../pipeline/tls.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { httpBench, Recorder, until } from '../../support/http-bench.ts';
import { engines } from '../../support/http-engines.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const authority = new Authority();
const folder = temporaryFolders();

function files(identity: Identity, more: Record<string, unknown> = {}): ServerTls & { cert_file: string; key_file: string } {
  const directory = folder();
  const paths = { cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') };
  writeFileSync(paths.cert_file, identity.cert);
  writeFileSync(paths.key_file, identity.key);
  return { ...serverTls.parse({ ...paths, reload_interval: 0, ...more }), ...paths };
}

interface Reply {
  readonly status: number;
  readonly body: string;
}
function post(url: string, options: ConnectionOptions, body = 'hello'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: false, ca: authority.cert, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function handshake(url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { port } = new URL(url);
  const socket = connect({ host: '127.0.0.1', port: Number(port), ca: authority.cert, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

describe.each(engines)('TLS on %s', (engine) => {
  const { listen } = httpBench(engine);

  test('serves https, and says so', async () => {
    const { url, listener } = await listen({ tls: files(authority.issueServer()) });
    expect(url).toMatch(/^https:/);
    expect(listener.engine).toBe(engine === 'net' ? 'node' : engine);
    expect(await post(url, {})).toEqual({ status: 200, body: 'hello' });
    expect((await post(url, {}, 'x'.repeat(300_000))).body).toHaveLength(300_000);
  });

  test('a client that trusts another authority does not send', async () => {
    const { handler, url } = await listen({ tls: files(authority.issueServer()) });
    await expect(post(url, { ca: new Authority().cert })).rejects.toThrow(/certificate|signature/);
    expect(handler.heads).toEqual([]);
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
    const { handler, url } = await listen({ tls: files(authority.issueServer()) });
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(url, old)).rejects.toThrow();
    expect(handler.heads).toEqual([]);
  });

  test('plain HTTP on a TLS port gets nowhere, and other senders get through', async () => {
    const { handler, url } = await listen({ tls: files(authority.issueServer()) });
    const socket = connectPlain(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await once(socket, 'close');
    expect(handler.heads).toEqual([]);
    expect((await post(url, {})).status).toBe(200);
  });

  test('a key that is not the certificate’s, a missing file and foreign text stop the start, and say which', async () => {
    const good = authority.issueServer();
    const open = (tls: ServerTls): Promise<unknown> => listen({ tls });
    await expect(open(files({ cert: good.cert, key: authority.issueServer().key }))).rejects.toThrow(/the key is not the one/);
    await expect(open({ ...files(good), key_file: '/nowhere/key.pem' })).rejects.toThrow('cannot read key_file /nowhere/key.pem');
    await expect(open(files({ cert: 'text', key: good.key }))).rejects.toThrow(/cannot use the TLS certificate/);
    await expect(open(files(good, { cipher_suites: ['TLS_SECRET_WITH_ROT13'] }))).rejects.toThrow(/cipher suite TLS_SECRET/);
  });
});

describe.each(engines)('certificates that are looked after, with %s', (engine) => {
  const { listen } = httpBench(engine);

  test('a changed certificate is taken for new connections; half a file changes nothing', async () => {
    const tls = files(authority.issueServer({ subject: { CN: 'first' } }), { reload_interval: '10ms' });
    const { url, listener } = await listen({ tls });
    expect(listener.engine).toBe('node');
    const kept = await handshake(url, {});
    const nameNow = async (): Promise<string> => {
      const socket = await handshake(url, {});
      const name = String(socket.getPeerCertificate().subject['CN']);
      socket.destroy();
      return name;
    };
    expect(await nameNow()).toBe('first');
    writeFileSync(tls.cert_file, 'half a fi');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await nameNow()).toBe('first');
    const next = authority.issueServer({ subject: { CN: 'second' } });
    writeFileSync(tls.key_file, next.key);
    writeFileSync(tls.cert_file, next.cert);
    while ((await nameNow()) !== 'second') await new Promise((resolve) => setTimeout(resolve, 5));
    // The connection from before is served on.
    kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(kept, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200/);
    kept.destroy();
    expect((await post(url, {})).status).toBe(200);
  });
});

describe('mutual TLS', () => {
  const { listen } = httpBench('node');
  const mutual = (): ServerTls => files(authority.issueServer(), { client_ca_pem: authority.cert });

  async function seen(client: Identity): Promise<ClientCertificate | undefined> {
    const handler = new Recorder();
    const found: (ClientCertificate | undefined)[] = [];
    handler.onHead = (head) => {
      found.push(head.certificate);
      return undefined;
    };
    const { url } = await listen({ tls: mutual() }, handler);
    expect((await post(url, client)).status).toBe(200);
    return found[0];
  }

  test('shows the names of the client certificate', async () => {
    const notAfter = new Date('2099-01-02T03:04:05Z');
    const certificate = await seen(
      authority.issue({
        subject: { O: 'Acme', CN: 'agent-1' },
        dns: ['agent.example.com'],
        uri: ['spiffe://acme/agent'],
        notAfter,
      }),
    );
    expect(certificate).toEqual({
      subject: 'O=Acme,CN=agent-1',
      names: ['CN=agent-1', 'DNS:agent.example.com', 'URI:spiffe://acme/agent'],
      expiresMs: notAfter.getTime(),
    });
  });

  test('a name that tries to be another one stays what it is', async () => {
    expect((await seen(authority.issue({ subject: { CN: 'x,O=Acme' } })))?.subject).toBe('CN=x\\,O\\=Acme');
    expect(await seen(authority.issue({ subject: { CN: ['one', 'two'] } }))).toMatchObject({
      subject: 'CN=one,CN=two',
      names: [],
    });
    expect((await seen(authority.issue({ dns: ['a, URI:spiffe://acme/admin'] })))?.names).toEqual(['CN=localhost']);
  });

  test.each([
    ['no certificate', undefined],
    ['one of another authority', new Authority().issue()],
    ['one that says it is of ours', new Authority('Test CA').issue()],
    ['an expired one', authority.issue({ notAfter: new Date(Date.now() - 1000) })],
    ['one that is not valid yet', authority.issue({ notBefore: new Date(Date.now() + 600_000) })],
  ])('%s ends in the handshake', async (_what, client) => {
    const { handler, url } = await listen({ tls: mutual() });
    await expect(post(url, client ?? {})).rejects.toThrow();
    expect(handler.heads).toEqual([]);
  });

  test('TLS 1.3 only, chosen ciphers and the limit of connections hold', async () => {
    const { url } = await listen({ tls: files(authority.issueServer(), { min_version: '1.3' }), maxConnections: 1 });
    await expect(handshake(url, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    const first = await handshake(url, {});
    await until(() => first.encrypted);
    expect((await post(url, {})).status).toBe(503);
    first.destroy();
    const one = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
    const narrow = await listen({ tls: files(authority.issueServer(), { cipher_suites: [one], max_version: '1.2' }) });
    const socket = await handshake(narrow.url, {});
    expect(socket.getCipher().standardName).toBe(one);
    socket.destroy();
  });
});
