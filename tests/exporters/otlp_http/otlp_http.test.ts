import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { config } from '../../../exporters/otlp_http/config.ts';
import { otlpHttpExporter } from '../../../exporters/otlp_http/index.ts';
import { create } from '../../../exporters/otlp_http/otlp_http.ts';
import type { Exporter, Outcome } from '../../../pipeline/component.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { jsonToProtobuf } from '../../../pipeline/otlp/json-to-protobuf.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { quietContext } from '../../support/contexts.ts';
import { OtlpSink, type SinkOptions, type SinkScript } from '../../support/otlp-sink.ts';
import { packedBatch, protobufOf, scopedBatch, scopedBatchOf } from '../../support/scoped-batches.ts';

const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' }, timeUnixNano: '7' }] }] }] };
const numberedLog = (n: number): object => ({
  resourceLogs: [
    { scopeLogs: [{ logRecords: [{ body: { stringValue: `line ${n * 7919} of ${n % 13}` }, timeUnixNano: `${n}` }] }] },
  ],
});
const never = new AbortController().signal;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function sinkOf(script?: SinkScript, options?: SinkOptions): Promise<OtlpSink> {
  const sink = await OtlpSink.start(script, options);
  closing.push(() => sink.close());
  return sink;
}
async function exporterOf(options: Record<string, unknown>, context = quietContext()): Promise<Exporter> {
  const exporter = create(config.parse(options), context);
  await exporter.start();
  closing.push(() => exporter.stop(0));
  return exporter;
}
const send = (exporter: Exporter, signal = never): Promise<Outcome> => exporter.send(scopedBatchOf('logs', logs, 1), signal);

describe('what arrives', () => {
  test.each(['none', 'gzip', 'zstd'] as const)(
    'protobuf with %s is the bytes of the batch, whatever its segments',
    async (compression) => {
      const sink = await sinkOf();
      const exporter = await exporterOf({ endpoint: sink.url, compression });
      const whole = Buffer.concat(Array.from({ length: 40 }, () => protobufOf('logs', logs)));
      const segments = [whole.subarray(0, 1), new Uint8Array(), whole.subarray(1, 99), whole.subarray(99)];
      expect(await exporter.send(scopedBatch('logs', segments, 40), never)).toEqual({ ok: true });
      const request = sink.requests[0];
      expect(Buffer.from(request?.body ?? [])).toEqual(whole);
      expect(request?.headers['content-type']).toBe('application/x-protobuf');
      expect(request?.headers['content-encoding']).toBe(compression === 'none' ? undefined : compression);
      expect(request?.headers['content-length']).toBe(String(request?.wireBytes));
      expect(exporter.stats?.()).toEqual({ requests: 1, bytesOut: request?.wireBytes });
    },
  );

  test('matches that a sender found are wanted for gzip up to level 6, protobuf, and unless the config says never', async () => {
    const wants = async (options: object): Promise<boolean | undefined> =>
      (await exporterOf({ endpoint: 'http://127.0.0.1:1', ...options })).reusesMatches;
    expect(await wants({})).toBe(true);
    expect(await wants({ compression_params: { level: 6 } })).toBe(true);
    expect(await wants({ compression_params: { level: 7 } })).toBe(false);
    expect(await wants({ compression_params: { reuse: 'never' } })).toBe(false);
    expect(await wants({ compression: 'zstd' })).toBe(false);
    expect(await wants({ compression: 'none' })).toBe(false);
    expect(await wants({ encoding: 'json' })).toBe(false);
  });

  test('with matches that a sender found, the bytes of the batch arrive, in fewer than our level makes', async () => {
    const sink = await sinkOf();
    const bytes = Buffer.concat(Array.from({ length: 300 }, (_, i) => protobufOf('logs', numberedLog(i))));
    for (const reuse of ['auto', 'never']) {
      const exporter = await exporterOf({ endpoint: sink.url, compression_params: { level: 1, reuse } });
      expect(await exporter.send(packedBatch('logs', bytes, 300), never)).toEqual({ ok: true });
    }
    expect(sink.requests.map(({ body }) => Buffer.from(body).equals(bytes))).toEqual([true, true]);
    expect(sink.requests[0]!.wireBytes).toBeLessThan(sink.requests[1]!.wireBytes);
  });

  test('gzip is the default', async () => {
    const sink = await sinkOf();
    await send(await exporterOf({ endpoint: sink.url }));
    expect(sink.requests[0]?.headers['content-encoding']).toBe('gzip');
  });

  test('JSON says the same as the protobuf', async () => {
    const sink = await sinkOf();
    const exporter = await exporterOf({ endpoint: sink.url, encoding: 'json' });
    expect(await send(exporter)).toEqual({ ok: true });
    expect(sink.requests[0]?.headers['content-type']).toBe('application/json');
    expect(Buffer.from(jsonToProtobuf('logs', sink.requests[0]?.body ?? new Uint8Array()) as Uint8Array)).toEqual(
      Buffer.from(protobufOf('logs', logs)),
    );
  });

  test('large bodies arrive whole', async () => {
    const sink = await sinkOf();
    const exporter = await exporterOf({ endpoint: sink.url, compression: 'none' });
    const segments = Array.from({ length: 50 }, (_, i) => Buffer.alloc(300_000, i + 1));
    expect(await exporter.send(scopedBatch('metrics', segments, 1), never)).toEqual({ ok: true });
    expect(Buffer.from(sink.requests[0]?.body ?? []).equals(Buffer.concat(segments))).toBe(true);
  });

  test('paths, own endpoints and headers', async () => {
    const sink = await sinkOf();
    const headers = { Authorization: 'Bearer secret', 'X-Tenant': 'a' };
    const exporter = await exporterOf({ endpoint: `${sink.url}/base/`, metrics_endpoint: `${sink.url}/push?db=1`, headers });
    for (const signal of ['metrics', 'traces', 'logs'] as const)
      await exporter.send(scopedBatch(signal, [new Uint8Array()], 0), never);
    expect(sink.requests.map((request) => request.path)).toEqual(['/push?db=1', '/base/v1/traces', '/base/v1/logs']);
    expect(sink.requests[2]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'x-tenant': 'a',
      'user-agent': 'periscope',
    });
  });

  test('credentials in the URL become a header and reach no message', async () => {
    const sink = await sinkOf(() => ({ status: 400 }));
    const exporter = await exporterOf({ endpoint: sink.url.replace('//', '//user:p%40ss@') });
    const outcome = await send(exporter);
    expect(sink.requests[0]?.headers['authorization']).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(JSON.stringify(outcome)).not.toMatch(/user|p(@|%40)ss/);
  });
});

describe('answers', () => {
  test('a partial success tells how many were rejected', async () => {
    const body = JSON.stringify({ partialSuccess: { rejectedLogRecords: '1', errorMessage: 'no' } });
    const sink = await sinkOf(() => ({ body, headers: { 'content-type': 'application/json' } }));
    expect(await send(await exporterOf({ endpoint: sink.url }))).toEqual({
      ok: true,
      rejected: [{ reason: 'partial_success', items: 1, message: 'no' }],
    });
  });

  test('a warning of the destination is logged once per interval', async () => {
    const sink = await sinkOf(() => ({
      body: '{"partialSuccess":{"errorMessage":"old SDK"}}',
      headers: { 'content-type': 'application/json' },
    }));
    const context = quietContext();
    expect(await send(await exporterOf({ endpoint: sink.url }, context))).toEqual({ ok: true });
    expect(context.lines).toMatchObject([{ level: 'limited', message: expect.stringContaining('old SDK') }]);
  });

  test('refusals count no bytes out', async () => {
    const sink = await sinkOf(() => ({ status: 503, headers: { 'retry-after': '2' } }));
    const exporter = await exporterOf({ endpoint: sink.url });
    expect(await send(exporter)).toMatchObject({ ok: false, code: 'UNAVAILABLE', retryable: true, retryAfterMs: 2000 });
    expect(exporter.stats?.()).toEqual({ requests: 1, bytesOut: 0 });
  });

  test('an endless answer is read up to the limit and the connection given up', async () => {
    const sink = await sinkOf(() => ({
      status: 400,
      body: Buffer.alloc(LIMITS.responseBodyBytes * 20, 'a'),
      headers: { 'content-type': 'text/plain' },
    }));
    expect(await send(await exporterOf({ endpoint: sink.url }))).toMatchObject({
      ok: false,
      code: 'DESTINATION_REFUSED',
      message: expect.stringMatching(/a{50}…$/),
    });
  });

  test('an answer that comes before the whole body was sent counts, and nothing is sent after it', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    closing.push(async () => sockets.forEach((socket) => socket.destroy()));
    const { port } = server.address() as { port: number };
    const exporter = await exporterOf({ endpoint: `http://127.0.0.1:${port}`, compression: 'none' });
    const outcome = await exporter.send(scopedBatch('metrics', [Buffer.alloc(30_000_000)], 1), never);
    expect(outcome).toMatchObject({ ok: false, retryable: false, message: expect.stringContaining('HTTP 413') });
  });

  test('a signal without any endpoint is refused for good', async () => {
    const exporter = await exporterOf({ metrics_endpoint: 'http://127.0.0.1:9/v1/metrics' });
    expect(await send(exporter)).toMatchObject({
      ok: false,
      retryable: false,
      message: expect.stringContaining('logs_endpoint'),
    });
  });
});

describe('connections', () => {
  test('are kept, and one serves requests that follow each other', async () => {
    const sink = await sinkOf();
    const exporter = await exporterOf({ endpoint: sink.url });
    for (let i = 0; i < 5; i += 1) await send(exporter);
    expect(sink.connections).toBe(1);
  });

  test('max_conns_per_host holds', async () => {
    const sink = await sinkOf(() => ({ delayMs: 10 }));
    const exporter = await exporterOf({ endpoint: sink.url, max_conns_per_host: 2 });
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => send(exporter)));
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(sink.connections).toBe(2);
  });

  test('a refused connection may be tried again', async () => {
    const sink = await OtlpSink.start();
    const { url } = sink;
    await sink.close();
    const exporter = await exporterOf({ endpoint: url });
    expect(await send(exporter)).toEqual({
      ok: false,
      code: 'UNAVAILABLE',
      retryable: true,
      message: `cannot send to ${url}/v1/logs: connection refused`,
    });
  });

  test('a reset before the answer may be tried again', async () => {
    const sink = await sinkOf(() => ({ reset: true }));
    expect(await send(await exporterOf({ endpoint: sink.url }))).toMatchObject({
      ok: false,
      code: 'UNAVAILABLE',
      retryable: true,
    });
    expect(sink.seen).toBe(1);
  });

  test('a kept connection that the server closed meanwhile costs nothing: the request goes out again at once', async () => {
    const sockets: Socket[] = [];
    let requests = 0;
    const server = createServer((socket) => {
      const first = sockets.push(socket) === 1;
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        requests += 1;
        if (requests === 2 && first) return socket.resetAndDestroy();
        expect(data.toString('latin1')).toContain('POST /v1/logs');
        return socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    closing.push(async () => sockets.forEach((socket) => socket.destroy()));
    const exporter = await exporterOf({ endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}` });
    expect(await send(exporter)).toEqual({ ok: true });
    expect(await send(exporter)).toEqual({ ok: true });
    expect(requests).toBe(3);
    expect(sockets).toHaveLength(2);
  });

  test('an abort ends the request and its connection, before and after it was sent', async () => {
    const sink = await sinkOf(() => ({ hang: true }));
    const exporter = await exporterOf({ endpoint: sink.url });
    const abort = new AbortController();
    const pending = send(exporter, abort.signal);
    await sink.received(1);
    abort.abort();
    expect(await pending).toMatchObject({ ok: false, code: 'DEADLINE_EXCEEDED', retryable: true });
    while (sink.openConnections > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await send(exporter, abort.signal)).toMatchObject({ ok: false, code: 'DEADLINE_EXCEEDED' });
    expect(sink.seen).toBe(1);
  });

  test('stop closes kept connections, is safe twice and without start', async () => {
    const sink = await sinkOf();
    const exporter = await exporterOf({ endpoint: sink.url });
    await send(exporter);
    expect(sink.openConnections).toBe(1);
    await exporter.stop(0);
    await exporter.stop(0);
    while (sink.openConnections > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await create(config.parse({ endpoint: sink.url }), quietContext()).stop(0);
  });
});

describe('https', () => {
  const authority = new Authority();
  const pems = (identity: Identity): { cert_pem: string; key_pem: string } => ({
    cert_pem: identity.cert,
    key_pem: identity.key,
  });

  test('trusts nobody unknown, an authority when given, and anybody only when told to', async () => {
    const sink = await sinkOf(undefined, { tls: authority.issueServer() });
    const ask = async (tls: Record<string, unknown>): Promise<Outcome> => send(await exporterOf({ endpoint: sink.url, tls }));
    expect(await ask({})).toMatchObject({
      ok: false,
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/certificate/) as string,
    });
    expect(await ask({ ca_pem: new Authority().cert })).toMatchObject({ ok: false, code: 'UNAVAILABLE' });
    expect(await ask({ ca_pem: authority.cert })).toEqual({ ok: true });
    expect(await ask({ ca_pem: authority.cert, server_name_override: 'another.example' })).toMatchObject({ ok: false });
    expect(await ask({ insecure_skip_verify: true })).toEqual({ ok: true });
    expect(sink.requests).toHaveLength(2);
  });

  test('an expired destination is refused, and one of TLS 1.2 when 1.3 is wanted', async () => {
    const expired = await sinkOf(undefined, { tls: authority.issueServer({ notAfter: new Date(Date.now() - 1000) }) });
    const tls = { ca_pem: authority.cert };
    expect(await send(await exporterOf({ endpoint: expired.url, tls }))).toMatchObject({
      ok: false,
      message: expect.stringContaining('expired') as string,
    });
    const old = await sinkOf(undefined, { tls: { ...authority.issueServer(), maxVersion: 'TLSv1.2' } });
    expect(await send(await exporterOf({ endpoint: old.url, tls }))).toEqual({ ok: true });
    expect(await send(await exporterOf({ endpoint: old.url, tls: { ...tls, min_version: '1.3' } }))).toMatchObject({ ok: false });
  });

  test('shows its certificate to a destination that asks, and a new one when its files change', async () => {
    const subjects: string[] = [];
    const sink = await sinkOf(undefined, {
      tls: { ...authority.issueServer(), ca: authority.cert, requestCert: true, rejectUnauthorized: true },
      secured: (socket) => subjects.push(String(socket.getPeerCertificate().subject['CN'])),
    });
    const ca_pem = authority.cert;
    expect(await send(await exporterOf({ endpoint: sink.url, tls: { ca_pem } }))).toMatchObject({ ok: false });
    const folder = await mkdtemp(join(tmpdir(), 'periscope-tls-'));
    closing.push(() => rm(folder, { recursive: true }));
    const files = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
    const write = async (name: string): Promise<void> => {
      const { cert, key } = authority.issue({ subject: { CN: name } });
      await writeFile(files.key_file, key);
      await writeFile(files.cert_file, cert);
    };
    await write('first');
    const exporter = await exporterOf({ endpoint: sink.url, tls: { ca_pem, ...files, reload_interval: '5ms' } });
    expect(await send(exporter)).toEqual({ ok: true });
    await write('second');
    while (!subjects.includes('second')) {
      expect(await send(exporter)).toEqual({ ok: true });
      await sleep(5);
    }
    expect(subjects.slice(-2)).toEqual(['first', 'second']);
    expect(await send(await exporterOf({ endpoint: sink.url, tls: { ca_pem, ...pems(new Authority().issue()) } }))).toMatchObject(
      {
        ok: false,
      },
    );
  });
});

test('a ca_file that is not there stops the start with one line', async () => {
  const exporter = create(config.parse({ endpoint: 'https://127.0.0.1:1', tls: { ca_file: '/nowhere/ca.pem' } }), quietContext());
  await expect(exporter.start()).rejects.toThrow(/^cannot read ca_file \/nowhere\/ca\.pem: there is no such file$/);
});

describe('config', () => {
  const faults = (options: unknown): string[] =>
    config.safeParse(options).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];

  test('the declaration loads nothing but the schema', async () => {
    expect(otlpHttpExporter).toMatchObject({ kind: 'exporter', type: 'otlp_http', aliases: ['otlphttp'] });
    expect(await otlpHttpExporter.load?.()).toHaveProperty('create');
  });

  test("defaults are the collector's", () => {
    expect(config.parse({ endpoint: 'http://h:1' })).toMatchObject({
      encoding: 'proto',
      compression: 'gzip',
      timeout: 30_000,
      idle_conn_timeout: 90_000,
      headers: {},
    });
  });

  test.each([
    [undefined, 'at least one endpoint must be given'],
    [{ endpoint: 'localhost:4318' }, 'must be a URL such as http://localhost:4318'],
    [{ endpoint: 'http://h', compression_params: { level: 12 } }, 'gzip has levels 1 to 9'],
    [{ endpoint: 'http://h', tls: { cert_file: 'a' } }, 'provide both certificate and key, or neither'],
    [{ endpoint: 'http://h', headers: { 'Content-Type': 'x' } }, 'is set by the exporter'],
    [{ endpoint: 'http://h', headers: { a: 'x\ny' } }, 'holds a character that no header may'],
    [{ endpoint: 'http://h', headers: { 'a b': 'x' } }, 'is not a header name'],
  ])('%j is refused: %s', (options, fault) => {
    expect(faults(options).join('\n')).toContain(fault);
  });
});
