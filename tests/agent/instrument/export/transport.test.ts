import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { OtlpTransport } from '../../../../agent/instrument/export/transport.ts';
import { readSettings, type OtlpSettings } from '../../../../agent/instrument/settings.ts';
import { Authority } from '../../../support/certificates.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';
import { temporaryFolders } from '../../../support/temporary.ts';

const BODY = Buffer.from('x'.repeat(5000));
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function sinkOf(...given: Parameters<typeof OtlpSink.start>): Promise<OtlpSink> {
  const sink = await OtlpSink.start(...given);
  closing.push(() => sink.close());
  return sink;
}

function transport(url: string, environment: Record<string, string> = {}, synchronous = false): OtlpTransport {
  const settings: OtlpSettings = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: url, ...environment }, () => undefined).otlp;
  const made = new OtlpTransport(settings, synchronous);
  closing.push(() => made.close());
  return made;
}

describe('posting', () => {
  it.each([true, false])(
    'sends compressed protobuf with its headers over one connection (synchronous: %s)',
    async (synchronous) => {
      const sink = await sinkOf();
      const post = transport(sink.url, { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x' }, synchronous);
      for (let round = 0; round < 3; round++) expect(await post.post(BODY, { timeoutMs: 5000 })).toMatchObject({ status: 200 });
      expect(sink.connections).toBe(1);
      expect(sink.requests[0]).toMatchObject({
        method: 'POST',
        path: '/v1/metrics',
        headers: { authorization: 'Bearer x', 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
      });
      expect(sink.requests.every(({ body, wireBytes }) => BODY.equals(body) && wireBytes < 200)).toBe(true);
    },
  );

  it('compresses bodies of any size, beyond what the window of deflate holds, so that they come back as they were', async () => {
    const sink = await sinkOf();
    for (const [at, synchronous] of [true, false].entries()) {
      const post = transport(sink.url, {}, synchronous);
      const bodies = [0, 1, 255, 256, 257, 1023, 1024, 1025, 32_768, 32_769, 300_000].map((bytes) =>
        Buffer.from(Array.from({ length: bytes }, (_, i) => (i * i) % 251)),
      );
      for (const body of bodies) expect(await post.post(body, { timeoutMs: 5000 })).toMatchObject({ status: 200 });
      const came = sink.requests.slice(at * bodies.length);
      expect(came.map(({ body }, i) => bodies[i]!.equals(body))).toEqual(bodies.map(() => true));
    }
  });

  it('sends plain bytes where compression is off', async () => {
    const sink = await sinkOf();
    await transport(sink.url, { OTEL_EXPORTER_OTLP_COMPRESSION: 'none' }).post(BODY, { timeoutMs: 5000 });
    expect(sink.requests[0]?.wireBytes).toBe(BODY.length);
  });

  it('uses credentials of the address', async () => {
    const sink = await sinkOf();
    await transport(sink.url.replace('//', '//user:p%40ss@')).post(BODY, { timeoutMs: 5000 });
    expect(sink.requests[0]?.headers['authorization']).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });

  it('gives the status and the time that was asked for', async () => {
    const sink = await sinkOf(() => ({ status: 503, headers: { 'retry-after': '7' } }));
    expect(await transport(sink.url).post(BODY, { timeoutMs: 5000 })).toMatchObject({ status: 503, retryAfter: '7' });
  });

  it('names the error when nobody listens, when the connection is reset, when nothing comes, when it is ended', async () => {
    const sink = await sinkOf(() => ({ reset: true }));
    const post = transport(sink.url);
    expect(await post.post(BODY, { timeoutMs: 5000 })).toEqual({ error: 'ECONNRESET' });
    sink.script = () => ({ hang: true });
    expect(await post.post(BODY, { timeoutMs: 30 })).toEqual({ error: 'TIMEOUT' });
    const abort = new AbortController();
    const ended = post.post(BODY, { timeoutMs: 5000, signal: abort.signal });
    abort.abort();
    expect(await ended).toEqual({ error: 'ABORTED' });
    await sink.close();
    expect(await post.post(BODY, { timeoutMs: 5000 })).toEqual({ error: 'ECONNREFUSED' });
  });

  it('ends an answer that comes a byte at a time, when its time is over', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => clearInterval(drip));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await transport(`http://127.0.0.1:${port}`).post(BODY, { timeoutMs: 100 })).toEqual({ error: 'TIMEOUT' });
  });

  it('reads the beginning of an answer that does not end', async () => {
    const sink = await sinkOf(() => ({ body: 'x'.repeat(1_000_000) }));
    const answer = await transport(sink.url).post(BODY, { timeoutMs: 5000 });
    expect(answer).toMatchObject({ status: 200 });
    expect('body' in answer && answer.body.length).toBeLessThanOrEqual(64 * 1024);
  });

  it('sends again what went into a connection that was closed in that moment', async () => {
    const sink = await sinkOf();
    const post = transport(sink.url);
    await post.post(BODY, { timeoutMs: 5000 });
    let cut = false;
    sink.script = () => {
      if (cut) return undefined;
      cut = true;
      return { reset: true };
    };
    expect(await post.post(BODY, { timeoutMs: 5000 })).toMatchObject({ status: 200 });
    expect(sink.connections).toBe(2);
  });
});

describe('posting over TLS', () => {
  const folder = temporaryFolders();

  it('trusts the given authority, shows the client certificate, and sends nothing to others', async () => {
    const authority = new Authority();
    const server = authority.issueServer();
    const client = authority.issue({ subject: { CN: 'app' } });
    const sink = await sinkOf(undefined, { tls: { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true } });
    const at = folder();
    const files = { CERTIFICATE: authority.cert, CLIENT_KEY: client.key, CLIENT_CERTIFICATE: client.cert };
    const environment = Object.fromEntries(
      Object.entries(files).map(([name, pem]) => {
        writeFileSync(join(at, name), pem);
        return [`OTEL_EXPORTER_OTLP_${name}`, join(at, name)];
      }),
    );
    expect(await transport(sink.url, environment).post(BODY, { timeoutMs: 5000 })).toMatchObject({ status: 200 });
    const { OTEL_EXPORTER_OTLP_CERTIFICATE: _, ...untrusting } = environment;
    expect(await transport(sink.url, untrusting).post(BODY, { timeoutMs: 5000 })).toHaveProperty('error');
    expect(sink.requests).toHaveLength(1);
  });

  it('sends nothing when a file is missing', async () => {
    const post = transport('https://127.0.0.1:1', { OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder(), 'missing.pem') });
    expect(await post.post(BODY, { timeoutMs: 5000 })).toEqual({ error: 'ENOENT' });
  });
});
