import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { once } from 'node:events';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { otlpExporter } from '../../../exporters/otlp/index.ts';
import { create } from '../../../exporters/otlp/otlp.ts';
import type { Exporter, Outcome } from '../../../pipeline/component.ts';
import { retryInfoStatus } from '../../../pipeline/grpc-status.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { SIGNALS } from '../../../pipeline/signal.ts';
import { openGrpc } from '../../../server/engine/grpc.ts';
import { encode, numbered } from '../../support/build.ts';
import { quietContext } from '../../support/contexts.ts';
import { GRPC_OPTIONS, GrpcRecorder } from '../../support/grpc-bench.ts';
import { startGrpcReceiver } from '../../support/grpc-receiver.ts';
import { GrpcSink } from '../../support/grpc-sink.ts';
import { FRAME, frame } from '../../support/raw-grpc.ts';
import { packedBatch, scopedBatch } from '../../support/scoped-batches.ts';

const never = new AbortController().signal;
const three = encode('logs', numbered('logs', 3));
const logs = scopedBatch('logs', [three], 3);
/** ExportLogsServiceResponse{partial_success{rejected, message}}. */
const partial = (rejected: number, words: string): Uint8Array => {
  const inner = [8, rejected, 18, words.length, ...Buffer.from(words)];
  return Uint8Array.from([10, inner.length, ...inner]);
};

describe('the otlp exporter', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function start(config: Readonly<Record<string, unknown>>) {
    const context = quietContext();
    const exporter: Exporter = create(otlpExporter.config.parse({ tls: { insecure: true }, ...config }), context);
    await exporter.start();
    closers.push(() => exporter.stop(0));
    return { exporter, context, send: (batch = logs, signal = never): Promise<Outcome> => exporter.send(batch, signal) };
  }
  async function sinkOf(script?: Parameters<typeof GrpcSink.start>[0], port = 0): Promise<GrpcSink> {
    const sink = await GrpcSink.start(script, undefined, port);
    closers.push(() => sink.close());
    return sink;
  }
  /** A server that answers each stream as the test says. */
  async function scripted(
    answer: (stream: ServerHttp2Stream, index: number) => void,
  ): Promise<{ endpoint: string; server: Http2Server; seen: () => number }> {
    const server = createServer();
    const sessions = new Set<{ destroy(): void }>();
    let seen = 0;
    server.on('session', (session) => sessions.add(session));
    server.on('sessionError', () => undefined);
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      answer(stream, seen++);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, server, seen: () => seen };
  }
  const ok = (stream: ServerHttp2Stream): void => {
    stream.resume();
    stream.once('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    });
  };

  describe('delivers', () => {
    test.each(SIGNALS)('%s byte by byte to grpc-js, out of several segments', async (signal) => {
      const sink = await sinkOf();
      const { send, exporter } = await start({ endpoint: sink.endpoint, compression: 'none' });
      const bytes = encode(signal, numbered(signal, 7));
      const batch = scopedBatch(signal, [bytes.subarray(0, 10), bytes.subarray(10, 11), bytes.subarray(11)], 7);
      expect(await send(batch)).toEqual({ ok: true });
      expect(sink.bodies(signal).map((body) => body.equals(bytes))).toEqual([true]);
      expect(exporter.stats?.()).toEqual({ requests: 1, bytesOut: bytes.length + 5 });
    });

    test('gzip by default', async () => {
      const sink = await sinkOf();
      const { send, exporter } = await start({ endpoint: `http://${sink.endpoint}`, tls: {} });
      const bytes = encode('traces', numbered('traces', 500));
      expect(await send(scopedBatch('traces', [bytes], 500))).toEqual({ ok: true });
      expect(sink.bodies('traces')[0]?.equals(bytes)).toBe(true);
      expect(exporter.stats?.()['bytesOut']).toBeLessThan(bytes.length / 2);
    });

    test('gzip with the matches that a sender found, unless the config says never', async () => {
      const sink = await sinkOf();
      const bytes = encode('logs', numbered('logs', 2000));
      const sizes: (number | undefined)[] = [];
      for (const reuse of ['auto', 'never']) {
        const { send, exporter } = await start({ endpoint: sink.endpoint, compression_params: { level: 1, reuse } });
        expect(exporter.reusesMatches).toBe(reuse === 'auto');
        expect(await send(packedBatch('logs', bytes, 2000))).toEqual({ ok: true });
        sizes.push(exporter.stats?.()['bytesOut']);
      }
      expect(sink.bodies('logs').map((body) => body.equals(bytes))).toEqual([true, true]);
      // The sender had tried harder than level 1 does.
      expect(sizes[0]).toBeLessThan(sizes[1]!);
    });

    test.each(['none', 'gzip', 'zstd'])('%s to our own receiver', async (compression) => {
      const running = await startGrpcReceiver();
      closers.push(() => running.receiver.stop(0));
      const { send } = await start({ endpoint: running.url, compression });
      const bytes = encode('metrics', numbered('metrics', 50_000));
      expect(await send(scopedBatch('metrics', [bytes], 50_000))).toEqual({ ok: true });
      expect(Buffer.from(running.intake.requests[0]!.walk.bytes).equals(bytes)).toBe(true);
    });

    test('headers, the deadline, and who we are', async () => {
      const sink = await sinkOf();
      const headers = { Authorization: 'Bearer t', 'x-data-bin': 'abc' };
      const { send } = await start({ endpoint: sink.endpoint, headers, timeout: '7s' });
      await send();
      const { metadata, deadlineInMs } = sink.requests[0]!;
      expect(metadata.get('authorization')).toEqual(['Bearer t']);
      expect(metadata.get('x-data-bin')).toEqual([Buffer.from('abc')]);
      expect(String(metadata.get('user-agent')[0])).toMatch(/^periscope/);
      expect(deadlineInMs).toBeGreaterThan(0);
      expect(deadlineInMs).toBeLessThanOrEqual(7000);
    });

    test('many at a time over one connection', async () => {
      const { endpoint, server } = await scripted(ok);
      let connections = 0;
      server.on('connection', () => (connections += 1));
      const { send } = await start({ endpoint });
      const outcomes = await Promise.all(Array.from({ length: 150 }, () => send(logs, new AbortController().signal)));
      expect(outcomes).toEqual(Array.from({ length: 150 }, () => ({ ok: true })));
      expect(connections).toBe(1);
    });
  });

  test('large messages side by side arrive as they were', async () => {
    const handler = new GrpcRecorder();
    handler.onRequest = () => ({ status: 0 });
    const listener = await openGrpc({ ...GRPC_OPTIONS, maxMessageBytes: 64 << 20 }, handler);
    closers.push(() => listener.close(0));
    const { send } = await start({ endpoint: listener.url, compression: 'none' });
    const parts = Array.from({ length: 10 }, (_, index) => Buffer.alloc(8 << 20, index + 1));
    const batches = parts.map((part) => scopedBatch('logs', [part.subarray(0, 5_000_000), part.subarray(5_000_000)], 1));
    const outcomes = await Promise.all(batches.map((batch) => send(batch, new AbortController().signal)));
    expect(outcomes).toEqual(parts.map(() => ({ ok: true })));
    const arrived = handler.messages.toSorted((left, right) => (left[0] ?? 0) - (right[0] ?? 0));
    expect(arrived.map((message, index) => parts[index]?.equals(message))).toEqual(parts.map(() => true));
  });

  describe('answers', () => {
    test.each([
      [1, true, 'UNAVAILABLE'],
      [2, false, 'DESTINATION_REFUSED'],
      [3, false, 'DESTINATION_REFUSED'],
      [4, true, 'DEADLINE_EXCEEDED'],
      [7, false, 'DESTINATION_AUTH'],
      [8, false, 'DESTINATION_REFUSED'],
      [10, true, 'UNAVAILABLE'],
      [11, true, 'UNAVAILABLE'],
      [12, false, 'DESTINATION_REFUSED'],
      [13, false, 'DESTINATION_REFUSED'],
      [14, true, 'UNAVAILABLE'],
      [15, true, 'UNAVAILABLE'],
      [16, false, 'DESTINATION_AUTH'],
    ])('gRPC status %i: retryable %s, %s, with its words', async (code, retryable, ours) => {
      const sink = await sinkOf(() => ({ code, words: 'weil es so ist: ü' }));
      const { send } = await start({ endpoint: sink.endpoint });
      const outcome = await send();
      expect(outcome).toMatchObject({ ok: false, code: ours, retryable });
      expect(outcome).toHaveProperty(
        'message',
        expect.stringMatching(/^cannot send to 127\.0\.0\.1:\d+: [A-Z_]+: weil es so ist: ü$/),
      );
      expect(outcome).not.toHaveProperty('retryAfterMs');
    });

    test.each([
      [8, 'RATE_LIMITED'],
      [14, 'UNAVAILABLE'],
    ])('status %i with a RetryInfo is tried again when that says', async (code, ours) => {
      const sink = await sinkOf(() => ({ code, words: 'later', details: retryInfoStatus(code, 'later', 2500) }));
      const { send } = await start({ endpoint: sink.endpoint });
      expect(await send()).toMatchObject({ ok: false, code: ours, retryable: true, retryAfterMs: 2500 });
    });

    test('partial success: what was rejected is told, a complaint alone is logged', async () => {
      const sink = await sinkOf((_request, index) => ({ body: index === 0 ? partial(2, 'too old') : partial(0, 'careful') }));
      const { send, context } = await start({ endpoint: sink.endpoint });
      expect(await send()).toEqual({ ok: true, rejected: [{ reason: 'partial_success', items: 2, message: 'too old' }] });
      expect(await send()).toEqual({ ok: true });
      expect(context.lines.map(({ message }) => message).join()).toContain('took the data and says: careful');
    });

    test('a destination never rejects more than it got', async () => {
      const sink = await sinkOf(() => ({ body: partial(100, 'all of it') }));
      const { send } = await start({ endpoint: sink.endpoint });
      expect(await send()).toMatchObject({ rejected: [{ items: 3 }] });
    });

    test.each([
      [401, 'DESTINATION_AUTH', false],
      [404, 'DESTINATION_REFUSED', false],
      [429, 'UNAVAILABLE', true],
      [503, 'UNAVAILABLE', true],
    ])('a proxy that answers HTTP %i without gRPC: %s', async (status, code, retryable) => {
      const { endpoint } = await scripted((stream) => stream.respond({ ':status': status }, { endStream: true }));
      const { send } = await start({ endpoint });
      expect(await send()).toMatchObject({ ok: false, code, retryable, message: expect.stringContaining(`HTTP ${status}`) });
    });

    test('an answer without a status, and one of endless length, are no success', async () => {
      const { endpoint } = await scripted((stream, index) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.end(Buffer.alloc(index === 0 ? 5 : LIMITS.responseBodyBytes * 2));
      });
      const { send } = await start({ endpoint });
      expect(await send()).toMatchObject({ ok: false, retryable: true });
      expect(await send()).toMatchObject({ ok: false, retryable: true });
    });

    test('an OK before all of the message was sent is no success', async () => {
      const { endpoint } = await scripted((stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
        stream.close(0);
      });
      const { send } = await start({ endpoint, compression: 'none' });
      const large = scopedBatch('logs', [Buffer.alloc(8 << 20)], 1);
      expect(await send(large)).toMatchObject({ ok: false, retryable: true });
    });
  });

  describe('connections', () => {
    test('nobody listens: UNAVAILABLE, and delivered once somebody does', async () => {
      const sink = await sinkOf();
      const { port, endpoint } = sink;
      sink.close();
      const { send } = await start({ endpoint });
      expect(await send()).toMatchObject({
        ok: false,
        code: 'UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining('refused'),
      });
      const again = await sinkOf(undefined, port);
      expect(await send()).toEqual({ ok: true });
      expect(again.requests).toHaveLength(1);
    });

    test('a connection that is closed between two calls is opened again', async () => {
      const { endpoint, server } = await scripted(ok);
      const sessions: { close(): void; destroy(): void }[] = [];
      server.on('session', (session) => sessions.push(session));
      const { send } = await start({ endpoint });
      expect(await send()).toEqual({ ok: true });
      sessions[0]!.close();
      expect(await send()).toEqual({ ok: true });
      sessions[1]?.destroy();
      expect(await send()).toEqual({ ok: true });
    });

    test('a stream that the server refuses unseen goes out again at once, and only once', async () => {
      const { endpoint, seen } = await scripted((stream, index) => (index === 0 ? stream.close(7) : ok(stream)));
      const { send } = await start({ endpoint });
      expect(await send()).toEqual({ ok: true });
      expect(seen()).toBe(2);
      const always = await scripted((stream) => stream.close(7));
      const other = await start({ endpoint: always.endpoint });
      expect(await other.send()).toMatchObject({ ok: false, code: 'UNAVAILABLE', retryable: true });
      expect(always.seen()).toBe(2);
    });

    test('a reset that may have come after the work is left to the retry', async () => {
      const { endpoint, seen } = await scripted((stream, index) => (index === 1 ? stream.close(2) : ok(stream)));
      const { send } = await start({ endpoint });
      expect(await send()).toEqual({ ok: true });
      expect(await send()).toMatchObject({ ok: false, code: 'UNAVAILABLE', retryable: true });
      expect(seen()).toBe(2);
    });

    test('an aborted call is cancelled and says so', async () => {
      const sink = await sinkOf(() => ({ hang: true }));
      const { send } = await start({ endpoint: sink.endpoint });
      const abort = new AbortController();
      const outcome = send(logs, abort.signal);
      await sink.received(1);
      abort.abort();
      expect(await outcome).toMatchObject({ ok: false, code: 'DEADLINE_EXCEEDED', retryable: true });
      expect(await send(logs, AbortSignal.abort())).toMatchObject({ ok: false, code: 'DEADLINE_EXCEEDED' });
    });

    test('a call to a server that accepts and never speaks ends when it is aborted', async () => {
      const silent = createTcp((socket) => socket.on('error', () => undefined));
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      closers.push(() => silent.close());
      const { port } = silent.address() as AddressInfo;
      for (const tls of [{ insecure: true }, {}]) {
        const { send } = await start({ endpoint: `127.0.0.1:${port}`, tls });
        const abort = new AbortController();
        const outcome = send(logs, abort.signal);
        await new Promise((resolve) => setTimeout(resolve, 30));
        abort.abort();
        expect(await outcome).toMatchObject({ ok: false, code: 'DEADLINE_EXCEEDED', retryable: true });
      }
    });

    test('a connection on which a call timed out in silence is not used again', async () => {
      let connections = 0;
      const odd = createTcp((socket) => {
        connections += 1;
        socket.on('error', () => undefined);
        // SETTINGS, then DATA on a stream that is not there: a connection error, after which node:http2 says no more.
        socket.write(Buffer.concat([frame(FRAME.settings, 0, 0), frame(FRAME.data, 0, 99, Buffer.of(1))]));
      });
      odd.listen(0, '127.0.0.1');
      await once(odd, 'listening');
      closers.push(() => odd.close());
      const { send } = await start({ endpoint: `127.0.0.1:${(odd.address() as AddressInfo).port}` });
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        const abort = new AbortController();
        setTimeout(() => abort.abort(), 60);
        expect(await send(logs, abort.signal)).toMatchObject({ ok: false, retryable: true });
        expect(connections).toBe(attempt);
      }
    });

    test('a server of another protocol is named as such', async () => {
      const server = createTcp((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      closers.push(() => server.close());
      const { send } = await start({ endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}` });
      expect(await send()).toMatchObject({
        ok: false,
        code: 'UNAVAILABLE',
        message: expect.stringContaining('does not speak gRPC'),
      });
    });

    test('a server that does not answer pings is left', async () => {
      const silent = createTcp((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', () => undefined);
      });
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      closers.push(() => silent.close());
      const { Channel } = await import('../../../exporters/otlp/channel.ts');
      const { port } = silent.address() as AddressInfo;
      const channel = new Channel({
        target: 't',
        authority: `127.0.0.1:${port}`,
        host: '127.0.0.1',
        port,
        tls: undefined,
        headers: {},
        keepalive: { timeMs: 40, timeoutMs: 40, withoutStream: false },
      });
      closers.push(() => channel.close());
      expect(await channel.call('/x', [Buffer.alloc(5)], never)).toMatchObject({
        ok: false,
        message: expect.stringContaining('ping'),
      });
    });

    test('nothing is sent after stop', async () => {
      const sink = await sinkOf();
      const { send, exporter } = await start({ endpoint: sink.endpoint });
      await exporter.stop(0);
      await exporter.stop(0);
      expect(await send()).toMatchObject({ ok: false, retryable: true });
      expect(sink.requests).toEqual([]);
    });
  });
});
