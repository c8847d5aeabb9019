import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterEach, describe, expect, test } from 'vitest';
import type { Credentials, Principal } from '../../../pipeline/auth.ts';
import { compress } from '../../../pipeline/compression/compress.ts';
import { retryInfoMs } from '../../../pipeline/grpc-status.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { encode, numbered } from '../../support/build.ts';
import { GrpcPeer, type GrpcReply } from '../../support/grpc-peer.ts';
import { startGrpcReceiver, type RunningGrpcReceiver } from '../../support/grpc-receiver.ts';
import { until } from '../../support/http-bench.ts';
import { partialSuccessOf } from '../../support/otlp-receiver.ts';
import { FRAME, prefixed, RawGrpc } from '../../support/raw-grpc.ts';
import { RecordingIntake } from '../../support/recording-intake.ts';

const METHOD: Readonly<Record<Signal, string>> = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
const HEALTH = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const OK = 0;
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const retryAfter = (reply: GrpcReply): number | undefined => {
  const [details] = reply.metadata.get('grpc-status-details-bin');
  return details === undefined ? undefined : retryInfoMs(Buffer.from(details));
};
/** A health request for one service. */
const service = (name: string): Buffer => (name === '' ? Buffer.alloc(0) : Buffer.from([10, name.length, ...Buffer.from(name)]));

describe('OTLP over gRPC', () => {
  const running: RunningGrpcReceiver[] = [];
  const peers: GrpcPeer[] = [];
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.close();
    for (const { receiver, intake } of running.splice(0)) {
      await receiver.stop(1000);
      expect(intake.open).toBe(0);
      expect(intake.heldBytes).toBe(0);
      expect(intake.underWay).toBe(0);
    }
  });
  async function start(...args: Parameters<typeof startGrpcReceiver>): Promise<RunningGrpcReceiver> {
    const started = await startGrpcReceiver(...args);
    running.push(started);
    return started;
  }
  function peer(url: string, options?: ConstructorParameters<typeof GrpcPeer>[1]): GrpcPeer {
    const made = new GrpcPeer(url, options);
    peers.push(made);
    return made;
  }

  describe('accepted requests', () => {
    test.each(SIGNALS)('%s arrive byte by byte, answered with OK and no bytes', async (signal) => {
      const { url, intake } = await start();
      const bytes = encode(signal, numbered(signal, 25));
      const reply = await peer(url).call(METHOD[signal], bytes);
      expect(reply).toMatchObject({ code: OK });
      expect(reply.message).toHaveLength(0);
      expect(intake.requests[0]).toMatchObject({
        signal,
        origin: { receiver: 'otlp/test', transport: 'grpc', binding: intake.binding },
      });
      expect(intake.requests[0]?.origin.metadata).toBeUndefined();
      expect(Buffer.from(intake.requests[0]!.walk.bytes).equals(bytes)).toBe(true);
      expect(intake.batches[0]).toMatchObject({ scope: 'TEST', items: 25 });
    });

    test.each(['gzip', 'deflate'] as const)('%s, as grpc-js compresses, is taken', async (compression) => {
      const { url, intake } = await start();
      const bytes = encode('traces', numbered('traces', 400));
      expect(await peer(url, { compression }).call(METHOD.traces, bytes)).toMatchObject({ code: OK });
      expect(Buffer.from(intake.requests[0]!.walk.bytes).equals(bytes)).toBe(true);
      // Admitted is what arrives, then what it grows to.
      expect(intake.admissions).toBe(2);
    });

    test('zstd, and a message that is not compressed beside a grpc-encoding, are taken', async () => {
      const { url, intake } = await start();
      const bytes = encode('logs', numbered('logs', 100));
      const raw = await RawGrpc.open(url);
      raw.call(1, METHOD.logs, prefixed(Buffer.concat(compress('zstd', [bytes])), undefined, 1), [['grpc-encoding', 'zstd']]);
      raw.call(3, METHOD.logs, prefixed(bytes), [['grpc-encoding', 'zstd']]);
      await until(() => intake.requests.length === 2);
      for (const { walk } of intake.requests) expect(Buffer.from(walk.bytes).equals(bytes)).toBe(true);
      raw.destroy();
    });

    test('an empty request is OK and no batch', async () => {
      const { url, intake } = await start();
      expect(await peer(url).call(METHOD.logs, new Uint8Array())).toMatchObject({ code: OK });
      expect(intake.requests).toEqual([]);
    });

    test('include_metadata keeps the metadata of the call', async () => {
      const { url, intake } = await start({ include_metadata: true });
      await peer(url).call(METHOD.logs, encode('logs', numbered('logs', 1)), { metadata: { 'x-tenant': 'a' } });
      expect(intake.requests[0]?.origin.metadata).toMatchObject({ 'x-tenant': 'a' });
    });

    test('scope: binds all that comes in', async () => {
      const { url, intake } = await start({ scope: 'TEAM-A' });
      await peer(url).call(METHOD.logs, encode('logs', numbered('logs', 1)));
      expect(intake.batches[0]?.scope).toBe('TEAM-A');
    });

    test('a message larger than the 4 MiB of other collectors arrives', async () => {
      const { url, intake } = await start();
      // Requests of one type concatenate to a request.
      const bytes = Buffer.concat(Array.from({ length: 60 }, () => encode('metrics', numbered('metrics', 3000))));
      expect(bytes.length).toBeGreaterThan(4 << 20);
      expect(await peer(url).call(METHOD.metrics, bytes)).toMatchObject({ code: OK });
      expect(Buffer.from(intake.requests[0]!.walk.bytes).equals(bytes)).toBe(true);
    });
  });

  describe('partial success and refusals', () => {
    test('rejected items are told with their number and how to mend it', async () => {
      const intake = new RecordingIntake();
      intake.outcome = () => ({ ok: true, rejected: [{ reason: 'r', items: 3, message: 'cannot take them: mend it' }] });
      const { url } = await start({}, intake);
      const reply = await peer(url).call(METHOD.metrics, encode('metrics', numbered('metrics', 5)));
      expect(reply.code).toBe(OK);
      expect(partialSuccessOf(reply.message!)).toEqual({ rejected: 3, message: 'cannot take them: mend it' });
    });

    test('no memory: UNAVAILABLE with a RetryInfo, from the prefix of the message alone', async () => {
      const intake = new RecordingIntake();
      intake.limitBytes = 1000;
      const { url } = await start({}, intake);
      const raw = await RawGrpc.open(url);
      const { frame, hpack, callFields, END_HEADERS } = await import('../../support/raw-grpc.ts');
      raw.write(frame(FRAME.headers, END_HEADERS, 1, hpack(callFields(METHOD.logs))));
      raw.write(frame(FRAME.data, 0, 1, prefixed(new Uint8Array(), 1001)));
      await raw.until(() => raw.of(FRAME.reset).length === 1);
      raw.destroy();
      const reply = await peer(url).call(METHOD.logs, encode('logs', numbered('logs', 500)));
      expect(reply).toMatchObject({ code: UNAVAILABLE, words: 'cannot take data: no memory' });
      expect(retryAfter(reply)).toBe(2500);
      expect(intake.peakBytes).toBe(0);
    });

    test('a scope over its limits: RESOURCE_EXHAUSTED with a RetryInfo, from the head alone', async () => {
      const intake = new RecordingIntake();
      intake.beginning = { ok: false, code: 'RATE_LIMITED', retryable: true, message: 'cannot accept', retryAfterMs: 4100 };
      const { url } = await start({}, intake);
      const raw = await RawGrpc.open(url);
      const { frame, hpack, callFields, END_HEADERS } = await import('../../support/raw-grpc.ts');
      raw.write(frame(FRAME.headers, END_HEADERS, 1, hpack(callFields(METHOD.logs))));
      await raw.until(() => raw.of(FRAME.reset).length === 1);
      raw.destroy();
      const reply = await peer(url).call(METHOD.logs, encode('logs', numbered('logs', 500)));
      expect(reply).toMatchObject({ code: RESOURCE_EXHAUSTED, words: 'cannot accept' });
      expect(retryAfter(reply)).toBe(4100);
      expect(intake.admissions).toBe(0);
    });

    test('what a compressed message grows to is admitted, too', async () => {
      const intake = new RecordingIntake();
      intake.limitBytes = 10_000;
      const { url } = await start({}, intake);
      const body = Buffer.alloc(100_000);
      expect(await peer(url, { compression: 'gzip' }).call(METHOD.logs, body)).toMatchObject({ code: UNAVAILABLE });
    });

    test.each([
      ['QUEUE_FULL', true, UNAVAILABLE, true],
      ['RATE_LIMITED', true, RESOURCE_EXHAUSTED, true],
      ['DESTINATION_REFUSED', false, INVALID_ARGUMENT, false],
      ['SCOPE_FORBIDDEN', false, PERMISSION_DENIED, false],
      ['INTERNAL', true, UNAVAILABLE, true],
    ] as const)('%s of the pipeline (retryable: %s) is code %i', async (code, retryable, status, throttles) => {
      const intake = new RecordingIntake();
      intake.outcome = () => ({ ok: false, code, retryable, message: 'cannot do it: because', retryAfterMs: 1500 });
      const { url } = await start({}, intake);
      const reply = await peer(url).call(METHOD.logs, encode('logs', numbered('logs', 1)));
      expect(reply).toMatchObject({ code: status, words: 'cannot do it: because' });
      expect(retryAfter(reply)).toBe(throttles ? 1500 : undefined);
    });

    test('a bug in the pipeline is INTERNAL', async () => {
      const intake = new RecordingIntake();
      intake.outcome = () => Promise.reject(new Error('secret detail'));
      const { url } = await start({}, intake);
      const reply = await peer(url).call(METHOD.logs, encode('logs', numbered('logs', 1)));
      expect(reply.code).toBe(INTERNAL);
      expect(reply.words).not.toContain('secret');
    });

    test.each([
      ['no protobuf', Buffer.from('not protobuf'), INVALID_ARGUMENT],
      ['cut off', encode('logs', numbered('logs', 3)).subarray(0, 40), INVALID_ARGUMENT],
    ])('a message that is %s is refused for good', async (_title, bytes, code) => {
      const { url } = await start();
      const reply = await peer(url).call(METHOD.logs, bytes);
      expect(reply.code).toBe(code);
      expect(retryAfter(reply)).toBeUndefined();
    });

    test('over max_recv_msg_size_mib, on the wire or decompressed, is RESOURCE_EXHAUSTED without RetryInfo', async () => {
      const { url, intake } = await start({ max_recv_msg_size_mib: 1 });
      const body = Buffer.alloc((1 << 20) + 1);
      for (const compression of ['identity', 'gzip'] as const) {
        const reply = await peer(url, { compression }).call(METHOD.logs, body);
        expect(reply).toMatchObject({ code: RESOURCE_EXHAUSTED });
        expect(reply.words).toContain('max_recv_msg_size_mib (1 MiB)');
        expect(retryAfter(reply)).toBeUndefined();
      }
      expect(intake.peakBytes).toBeLessThan(10_000);
    });

    test('a compression that is not known is UNIMPLEMENTED and says which ones are', async () => {
      const { url, intake } = await start();
      const session = connect(url);
      const stream = session.request({
        ':method': 'POST',
        ':path': METHOD.logs,
        'content-type': 'application/grpc',
        'grpc-encoding': 'snappy',
      });
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      expect(headers).toMatchObject({
        ':status': 200,
        'grpc-status': String(UNIMPLEMENTED),
        'grpc-accept-encoding': 'identity,gzip,zstd,deflate',
      });
      session.destroy();
      expect(intake.admissions).toBe(0);
    });

    test('a message marked as compressed without a grpc-encoding, and one that does not decompress, are refused', async () => {
      const { url, intake } = await start();
      const raw = await RawGrpc.open(url);
      raw.call(1, METHOD.logs, prefixed(Buffer.from('abc'), undefined, 1));
      raw.call(3, METHOD.logs, prefixed(Buffer.from('abc'), undefined, 1), [['grpc-encoding', 'gzip']]);
      await raw.until(() => raw.of(FRAME.headers).length === 2);
      expect(intake.requests).toEqual([]);
      raw.destroy();
    });

    test.each([
      '/opentelemetry.proto.collector.logs.v1.LogsService/export',
      '/opentelemetry.proto.collector.logs.v1.LogsService/Export/',
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
      '/v1/logs',
      '//',
    ])('%s is UNIMPLEMENTED', async (path) => {
      const { url } = await start();
      expect(await peer(url).call(path, new Uint8Array())).toMatchObject({ code: UNIMPLEMENTED });
    });

    test('a signal without a pipeline is UNIMPLEMENTED', async () => {
      const intake = new RecordingIntake();
      intake.signals = ['logs'];
      const { url } = await start({}, intake);
      expect(await peer(url).call(METHOD.traces, new Uint8Array())).toMatchObject({ code: UNIMPLEMENTED });
      expect(await peer(url).call(METHOD.logs, new Uint8Array())).toMatchObject({ code: OK });
    });
  });

  describe('who sends', () => {
    const principal = (more: Partial<Principal> = {}): Principal => ({
      subject: 'agent-1',
      scopes: ['TEAM-A', 'TEAM-B'],
      permissions: new Set(['ingest'] as const),
      method: 'token',
      ...more,
    });
    const refused = {
      ok: false,
      code: 'UNAUTHENTICATED',
      retryable: false,
      message: 'cannot let this in: no valid token',
    } as const;
    const by = (result: Principal) => ({
      authenticate: (_methods: unknown, { authorization }: Credentials) => (authorization === 'Bearer good' ? result : refused),
    });
    const good = { metadata: { authorization: 'Bearer good' } };
    const one = encode('logs', numbered('logs', 1));

    test.each([{}, { authorization: 'Bearer bad' }])('%j is UNAUTHENTICATED, and its message is not read', async (metadata) => {
      const { url, intake } = await start({ auth: 'token' }, new RecordingIntake(), by(principal()));
      const reply = await peer(url).call(METHOD.logs, one, { metadata });
      expect(reply).toMatchObject({ code: UNAUTHENTICATED, words: 'cannot let this in: no valid token' });
      expect(intake.admissions).toBe(0);
    });

    test('a token of one scope binds the data to it', async () => {
      const { url, intake } = await start({ auth: 'token' }, new RecordingIntake(), by(principal({ scopes: ['TEAM-A'] })));
      expect(await peer(url).call(METHOD.logs, one, good)).toMatchObject({ code: OK });
      expect(intake.batches[0]?.scope).toBe('TEAM-A');
    });

    test('a check that takes its time holds the call, not the listener', async () => {
      const later = { authenticate: async () => principal({ scopes: ['TEAM-A'] }) };
      const { url, intake } = await start({ auth: 'token' }, new RecordingIntake(), later);
      expect(await peer(url).call(METHOD.logs, one, good)).toMatchObject({ code: OK });
      expect(intake.batches[0]?.scope).toBe('TEAM-A');
    });

    test('with several scopes X-Dashboard-Scope chooses, and never widens', async () => {
      const { url, intake } = await start({ auth: 'token' }, new RecordingIntake(), by(principal()));
      const as = (scope: string) => ({ metadata: { ...good.metadata, 'x-dashboard-scope': scope } });
      expect(await peer(url).call(METHOD.logs, one, as('TEAM-B'))).toMatchObject({ code: OK });
      expect(intake.batches.map(({ scope }) => scope)).toEqual(['TEAM-B']);
      expect(await peer(url).call(METHOD.logs, one, as('TEAM-C'))).toMatchObject({ code: PERMISSION_DENIED });
      const reply = await peer(url).call(METHOD.logs, one, good);
      expect(partialSuccessOf(reply.message!)?.rejected).toBe(1);
    });

    test('a token that may not ingest, or is for another scope than the listener, is PERMISSION_DENIED', async () => {
      const reader = await start({ auth: 'token' }, new RecordingIntake(), by(principal({ permissions: new Set(['query']) })));
      expect(await peer(reader.url).call(METHOD.logs, one, good)).toMatchObject({ code: PERMISSION_DENIED });
      const other = await start({ auth: 'token', scope: 'TEAM-C' }, new RecordingIntake(), by(principal()));
      expect(await peer(other.url).call(METHOD.logs, one, good)).toMatchObject({ code: PERMISSION_DENIED });
    });
  });

  describe('grpc.health.v1', () => {
    test.each([
      ['', 1],
      ['opentelemetry.proto.collector.metrics.v1.MetricsService', 1],
      ['opentelemetry.proto.collector.trace.v1.TraceService', 1],
    ])('Check of "%s" is SERVING', async (name, status) => {
      const { url } = await start();
      const reply = await peer(url).call(HEALTH, service(name));
      expect(reply.code).toBe(OK);
      expect([...reply.message!]).toEqual([8, status]);
    });

    test('a service that is not there is NOT_FOUND', async () => {
      const intake = new RecordingIntake();
      intake.signals = ['logs'];
      const { url } = await start({}, intake);
      expect(await peer(url).call(HEALTH, service('other.Service'))).toMatchObject({ code: NOT_FOUND });
      const traces = service('opentelemetry.proto.collector.trace.v1.TraceService');
      expect(await peer(url).call(HEALTH, traces)).toMatchObject({ code: NOT_FOUND });
    });

    test('a collector that takes nothing says NOT_SERVING', async () => {
      const intake = new RecordingIntake();
      intake.limitBytes = -1;
      const { url } = await start({}, intake);
      const reply = await peer(url).call(HEALTH, service(''));
      expect([...reply.message!]).toEqual([8, 2]);
    });

    test('Watch tells at once, and again when it has changed, until the receiver stops', async () => {
      const intake = new RecordingIntake();
      const { url, receiver } = await start({}, intake);
      const watch = peer(url).watch(WATCH, service('opentelemetry.proto.collector.logs.v1.LogsService'));
      const told = (): (number | undefined)[] => watch.messages.map((message) => message.at(-1));
      await until(() => watch.messages.length === 1);
      intake.limitBytes = -1;
      await until(() => watch.messages.length === 2);
      intake.limitBytes = Infinity;
      await until(() => watch.messages.length === 3);
      expect(told()).toEqual([SERVING, NOT_SERVING, SERVING]);
      expect(intake.open).toBe(0);
      await receiver.stop(60_000);
      await until(() => watch.end !== undefined);
      expect(watch.end).toMatchObject({ code: UNAVAILABLE });
    });

    test('Watch of a service that is not there tells so, and goes on', async () => {
      const { url } = await start();
      const watch = peer(url).watch(WATCH, service('other.Service'));
      await until(() => watch.messages.length === 1);
      expect([[...watch.messages[0]!], watch.end]).toEqual([[8, SERVICE_UNKNOWN], undefined]);
    });

    test.each([HEALTH, WATCH])('a request for %s that is no protobuf, or is large, is refused', async (path) => {
      const { url } = await start();
      expect(await peer(url).call(path, Buffer.of(10, 200))).toMatchObject({ code: INVALID_ARGUMENT });
      expect(await peer(url).call(path, Buffer.alloc(2000))).toMatchObject({ code: RESOURCE_EXHAUSTED });
    });
  });
});
