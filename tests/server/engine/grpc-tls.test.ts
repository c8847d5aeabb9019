import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { serverTls, type ServerTls } from '../../../pipeline/tls.ts';
import { openGrpc } from '../../../server/engine/grpc.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { grpcBench } from '../../support/grpc-bench.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const PATH = '/test.Service/Method';
const UNAVAILABLE = 14;
const authority = new Authority();
const folder = temporaryFolders();

function files(identity: Identity, more: Record<string, unknown> = {}): ServerTls & { cert_file: string; key_file: string } {
  const directory = folder();
  const paths = { cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') };
  writeFileSync(paths.cert_file, identity.cert);
  writeFileSync(paths.key_file, identity.key);
  return { ...serverTls.parse({ ...paths, reload_interval: 0, ...more }), ...paths };
}

const trusting = (own?: Identity, ca = authority.cert) => ({
  credentials: credentials.createSsl(
    Buffer.from(ca),
    own === undefined ? null : Buffer.from(own.key),
    own === undefined ? null : Buffer.from(own.cert),
  ),
});

async function handshake(url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    ca: authority.cert,
    ALPNProtocols: ['h2'],
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

describe('gRPC over TLS', () => {
  const bench = grpcBench(openGrpc);

  test('is served, and the URL says so', async () => {
    const { url, handler } = await bench.listen({ tls: files(authority.issueServer()) });
    expect(url).toMatch(/^https:/);
    const reply = await bench.peer(url, trusting()).call(PATH, Buffer.alloc(300_000, 1));
    expect(reply).toMatchObject({ code: 0 });
    expect(reply.message).toHaveLength(300_000);
    expect(handler.heads[0]?.certificate).toBeUndefined();
    expect(handler.heads[0]?.remoteAddress).toBe('127.0.0.1');
  });

  test('a client certificate shows its names to the handler', async () => {
    const { url, handler } = await bench.listen({ tls: files(authority.issueServer(), { client_ca_pem: authority.cert }) });
    const agent = authority.issue({ subject: { O: 'Acme', CN: 'agent-1' } });
    expect(await bench.peer(url, trusting(agent)).call(PATH, Buffer.of(1))).toMatchObject({ code: 0 });
    expect(handler.heads[0]?.certificate).toMatchObject({ subject: 'O=Acme,CN=agent-1', names: ['CN=agent-1'] });
  });

  test.each([
    ['none', undefined],
    ['one of another authority', new Authority('Other').issue({ subject: { CN: 'agent-1' } })],
    ['an expired one', authority.issue({ notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') })],
  ])('where certificates are asked for, %s gets no further than the handshake', async (_title, own) => {
    const { url, handler } = await bench.listen({ tls: files(authority.issueServer(), { client_ca_pem: authority.cert }) });
    expect(await bench.peer(url, trusting(own)).call(PATH, Buffer.of(1), { deadlineMs: 3000 })).toMatchObject({
      code: UNAVAILABLE,
    });
    expect(handler.heads).toEqual([]);
  });

  test('a client that trusts another authority does not send', async () => {
    const { url, handler } = await bench.listen({ tls: files(authority.issueServer()) });
    const peer = bench.peer(url, trusting(undefined, new Authority().cert));
    expect(await peer.call(PATH, Buffer.of(1), { deadlineMs: 3000 })).toMatchObject({ code: UNAVAILABLE });
    expect(handler.heads).toEqual([]);
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
    const { url } = await bench.listen({ tls: files(authority.issueServer()) });
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(url, old)).rejects.toThrow();
  });

  test('a handshake that stalls, plain text, and TLS without HTTP/2 are closed', async () => {
    const { url, handler } = await bench.listen({ tls: files(authority.issueServer()), handshakeTimeoutMs: 150 });
    const port = Number(new URL(url).port);
    for (const text of ['', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
      const socket = connectPlain(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(text);
      await once(socket, 'close');
    }
    const other = await handshake(url, { ALPNProtocols: [] });
    other.on('error', () => undefined);
    other.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    other.resume();
    await once(other, 'close');
    expect(handler.heads).toEqual([]);
    expect(await bench.peer(url, trusting()).call(PATH, Buffer.of(1))).toMatchObject({ code: 0 });
  });

  test('a changed certificate is taken for new connections', async () => {
    const tls = files(authority.issueServer({ subject: { CN: 'first' } }), { reload_interval: '10ms' });
    const { url } = await bench.listen({ tls });
    const nameOf = async (): Promise<unknown> => {
      const socket = await handshake(url, {});
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    expect(await nameOf()).toBe('first');
    const next = authority.issueServer({ subject: { CN: 'second' } });
    writeFileSync(tls.cert_file, next.cert);
    writeFileSync(tls.key_file, next.key);
    while ((await nameOf()) !== 'second') await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('a missing file stops the start and is named', async () => {
    const tls = { ...files(authority.issueServer()), key_file: '/nowhere/key.pem' };
    await expect(bench.listen({ tls })).rejects.toThrow('cannot read key_file /nowhere/key.pem');
  });
});
