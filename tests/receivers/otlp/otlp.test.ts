import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { compress } from '../../../pipeline/compression/compress.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { encode, gauge, logRecord, numbered, point, request, span } from '../../support/build.ts';
import { engines } from '../../support/http-engines.ts';
import { partialSuccessOf, startReceiver, statusOf, type RunningReceiver } from '../../support/otlp-receiver.ts';
import { RecordingIntake } from '../../support/recording-intake.ts';
import { decode, REQUEST_NAMES, toJson } from '../../support/reference/otlp.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly type: string | undefined;
  readonly body: Buffer;
}

async function send(
  url: string,
  body: Uint8Array | string | undefined,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
  });
  return {
    status: response.status,
    headers: response.headers,
    type: response.headers.get('content-type') ?? undefined,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

describe.each(engines)('OTLP over HTTP on %s', (engine) => {
  const running: RunningReceiver[] = [];
  afterEach(async () => {
    for (const { receiver, intake } of running.splice(0)) {
      await receiver.stop(1000);
      expect(intake.open).toBe(0);
      expect(intake.heldBytes).toBe(0);
      expect(intake.underWay).toBe(0);
    }
  });
  async function start(
    ...args: Parameters<typeof startReceiver> extends [unknown, ...infer Rest] ? Rest : never
  ): Promise<RunningReceiver> {
    const started = await startReceiver(engine, ...args);
    running.push(started);
    return started;
  }
  const post = (url: string, signal: Signal, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Answer> =>
    send(`${url}/v1/${signal}`, body, { 'content-type': PROTOBUF, ...headers });

  describe('accepted requests', () => {
    test.each(SIGNALS)('%s as protobuf arrive byte by byte, answered with 200 and no bytes', async (signal) => {
      const { url, intake } = await start();
      const bytes = encode(signal, numbered(signal, 25));
      const answer = await post(url, signal, bytes);
      expect(answer).toMatchObject({ status: 200, type: PROTOBUF });
      expect(answer.body.length).toBe(0);
      expect(intake.requests).toHaveLength(1);
      expect(intake.requests[0]).toMatchObject({
        signal,
        origin: { receiver: 'otlp/test', transport: 'http', binding: intake.binding },
      });
      expect(intake.requests[0]?.origin.metadata).toBeUndefined();
      expect(Buffer.from(intake.requests[0]!.walk.bytes).equals(bytes)).toBe(true);
      expect(intake.batches[0]).toMatchObject({ scope: 'TEST', items: 25 });
    });

    test.each(SIGNALS)('%s as JSON mean the same, answered with 200 and {}', async (signal) => {
      const { url, intake } = await start();
      const tree = numbered(signal, 5);
      const answer = await post(url, signal, JSON.stringify(toJson(REQUEST_NAMES[signal], tree)), { 'content-type': JSON_TYPE });
      expect(answer).toMatchObject({ status: 200, type: JSON_TYPE });
      expect(answer.body.toString()).toBe('{}');
      expect(decode(signal, intake.requests[0]!.walk.bytes)).toEqual(decode(signal, encode(signal, tree)));
    });

    test.each([
      ['application/json; charset=utf-8', JSON_TYPE],
      ['APPLICATION/JSON', JSON_TYPE],
      ['Application/X-Protobuf ; a=b', PROTOBUF],
    ])('Content-Type %s is read, and answered by its bare type', async (sent, answered) => {
      const { url } = await start();
      const body = answered === JSON_TYPE ? '{}' : encode('logs', numbered('logs', 1));
      expect(await post(url, 'logs', body, { 'content-type': sent })).toMatchObject({ status: 200, type: answered });
    });

    test.each([
      ['identity', (bytes: Uint8Array) => bytes],
      ['IDENTITY', (bytes: Uint8Array) => bytes],
      ['gzip', gzipSync],
      ['GZip', gzipSync],
      ['deflate', deflateSync],
      ['zlib', deflateSync],
      ['zstd', (bytes: Uint8Array) => Buffer.concat(compress('zstd', [bytes]))],
      ['ZSTD', (bytes: Uint8Array) => Buffer.concat(compress('zstd', [bytes]))],
    ])('Content-Encoding %s is taken, for protobuf and JSON', async (encoding, pack) => {
      const { url, intake } = await start();
      const tree = numbered('traces', 40);
      const bytes = encode('traces', tree);
      expect((await post(url, 'traces', pack(bytes), { 'content-encoding': encoding })).status).toBe(200);
      const json = Buffer.from(JSON.stringify(toJson(REQUEST_NAMES.traces, tree)));
      expect((await post(url, 'traces', pack(json), { 'content-type': JSON_TYPE, 'content-encoding': encoding })).status).toBe(
        200,
      );
      expect(intake.requests.map(({ walk }) => walk.items)).toEqual([40, 40]);
      expect(Buffer.from(intake.requests[0]!.walk.bytes).equals(bytes)).toBe(true);
    });

    test.each([
      ['no bytes', PROTOBUF, ''],
      ['an empty object', JSON_TYPE, '{}'],
      ['a resource without items', PROTOBUF, encode('metrics', request('metrics', [{ resource: { a: 'b' }, items: [] }]))],
      ['a metric without points', PROTOBUF, encode('metrics', request('metrics', [{ items: [gauge('g', [])] }]))],
    ])('an empty request (%s) is answered 200 without a pipeline', async (_what, type, body) => {
      const { url, intake } = await start();
      const answer = await post(url, 'metrics', body, { 'content-type': type });
      expect(answer).toMatchObject({ status: 200, type });
      expect(answer.body.toString()).toBe(type === JSON_TYPE ? '{}' : '');
      expect(intake.requests).toHaveLength(0);
    });

    test('paths may be renamed, with or without their slash', async () => {
      const { url, intake } = await start({ metrics_url_path: 'm', logs_url_path: '/a/b' });
      const bytes = encode('metrics', numbered('metrics', 1));
      expect((await send(`${url}/m`, bytes, { 'content-type': PROTOBUF })).status).toBe(200);
      expect((await send(`${url}/a/b?x=y`, encode('logs', numbered('logs', 1)), { 'content-type': PROTOBUF })).status).toBe(200);
      expect((await post(url, 'metrics', bytes)).status).toBe(404);
      expect(intake.requests.map(({ signal }) => signal)).toEqual(['metrics', 'logs']);
    });

    test('headers travel with the data when include_metadata says so', async () => {
      const { url, intake } = await start({ include_metadata: true });
      await post(url, 'logs', encode('logs', numbered('logs', 1)), { 'X-Tenant': 'a' });
      expect(intake.requests[0]?.origin.metadata).toMatchObject({ 'x-tenant': 'a', 'content-type': PROTOBUF });
    });

    test('a scope of the listener narrows what the process allows', async () => {
      const wide = new RecordingIntake({ allowed: ['A', 'B'], fallback: 'A', from: 'fallback' });
      const { url, intake } = await start({ scope: 'B' }, wide);
      const groups = [{ items: [span()] }, { resource: { 'periscope.scope': 'A' }, items: [span()] }];
      const answer = await post(url, 'traces', encode('traces', request('traces', groups)));
      expect(intake.requests[0]?.origin.binding).toEqual({ allowed: ['B'], fallback: 'B', from: 'listener' });
      expect(intake.batches.map(({ scope, items }) => [scope, items])).toEqual([['B', 1]]);
      expect(partialSuccessOf(answer.body)?.rejected).toBe(1);
    });
  });

  describe('a listener without a scope of its own', () => {
    const wide = () => new RecordingIntake({ allowed: ['A', 'B'], fallback: 'A', from: 'fallback' });
    const groups = [{ items: [span()] }, { resource: { 'periscope.scope': 'B' }, items: [span()] }];

    test('lets claims choose among the scopes of the process on localhost', async () => {
      const { url, intake } = await start({}, wide());
      await post(url, 'traces', encode('traces', request('traces', groups)));
      expect(intake.batches.map(({ scope, items }) => [scope, items])).toEqual([
        ['A', 1],
        ['B', 1],
      ]);
    });

    test('takes the scope of the process only where other machines can send', async () => {
      const { url, intake } = await start({ endpoint: '0.0.0.0:0', auth: 'none' }, wide());
      const answer = await post(url.replace('0.0.0.0', '127.0.0.1'), 'traces', encode('traces', request('traces', groups)));
      expect(intake.batches.map(({ scope, items }) => [scope, items])).toEqual([['A', 1]]);
      expect(partialSuccessOf(answer.body)?.rejected).toBe(1);
    });
  });

  describe('partly rejected requests', () => {
    const groups = {
      metrics: [gauge('g', [point({ 'periscope.scope': 'OTHER' }), point({ n: 1n })])],
      traces: [span({ 'periscope.scope': 'OTHER' }), span()],
      logs: [logRecord({ 'periscope.scope': 'OTHER' }), logRecord()],
    };
    const KEYS = { metrics: 'rejectedDataPoints', traces: 'rejectedSpans', logs: 'rejectedLogRecords' };

    test.each(SIGNALS)('%s: the good ones arrive, the sender hears how many did not and why', async (signal) => {
      const { url, intake } = await start();
      const tree = request(signal, [{ items: groups[signal] }]);
      const answer = await post(url, signal, encode(signal, tree));
      expect(answer).toMatchObject({ status: 200, type: PROTOBUF });
      const partial = partialSuccessOf(answer.body);
      expect(partial).toMatchObject({ rejected: 1 });
      expect(partial?.message).toContain('the scope attribute names another scope');
      const json = await post(url, signal, JSON.stringify(toJson(REQUEST_NAMES[signal], tree)), { 'content-type': JSON_TYPE });
      expect(JSON.parse(json.body.toString())).toEqual({
        partialSuccess: { [KEYS[signal]]: '1', errorMessage: partial?.message },
      });
      expect(intake.batches.map(({ items }) => items)).toEqual([1, 1]);
    });

    test('one message for all, the same cause once, and not without end', async () => {
      const { url, intake } = await start();
      const other = Array.from({ length: 50 }, (_, at) => ({ reason: 'x', items: 1, message: `cause ${at} ${'.'.repeat(40)}` }));
      intake.outcome = () => ({
        ok: true,
        rejected: [{ reason: 'a', items: 2, message: 'same' }, { reason: 'a', items: 3, message: 'same' }, ...other],
      });
      const partial = partialSuccessOf((await post(url, 'logs', encode('logs', numbered('logs', 60)))).body);
      expect(partial?.rejected).toBe(55);
      expect(partial?.message).toMatch(/^same; cause 0 /);
      expect(partial?.message.length).toBeLessThanOrEqual(1000);
    });
  });

  describe('refused requests', () => {
    test('an unknown path is 404 with a Status', async () => {
      const { url } = await start();
      const answer = await send(`${url}/v1/profiles`, 'x', { 'content-type': PROTOBUF });
      expect(answer).toMatchObject({ status: 404, type: PROTOBUF });
      expect(statusOf(answer.type, answer.body)).toMatchObject({ code: 5, message: expect.stringContaining('/v1/metrics') });
    });

    test('a signal without a pipeline is 404 with a Status', async () => {
      const intake = new RecordingIntake();
      intake.signals = ['traces'];
      const { url } = await start({}, intake);
      const answer = await post(url, 'logs', '{}', { 'content-type': JSON_TYPE });
      expect(answer).toMatchObject({ status: 404, type: JSON_TYPE });
      expect(statusOf(answer.type, answer.body).message).toBe('cannot take logs: no pipeline of this collector does');
    });

    test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is 405 with a Status and Allow', async (method) => {
      const { url } = await start();
      const answer = await send(`${url}/v1/logs`, undefined, {}, method);
      expect(answer).toMatchObject({ status: 405, type: JSON_TYPE });
      expect(answer.headers.get('allow')).toBe('POST');
      expect(statusOf(answer.type, answer.body).code).toBe(12);
    });

    test.each(['text/plain', 'application/grpc', '', 'application/jsonp', 'json'])(
      'Content-Type "%s" is 415 with a Status in JSON',
      async (type) => {
        const { url } = await start();
        const answer = await send(`${url}/v1/logs`, Buffer.from('{}'), { 'content-type': type });
        expect(answer).toMatchObject({ status: 415, type: JSON_TYPE });
        expect(statusOf(answer.type, answer.body).message).toContain('application/x-protobuf or application/json');
      },
    );

    test.each(['br', 'snappy', 'lz4', 'gzip, gzip', 'compress'])(
      'Content-Encoding %s is 400 before the body is read',
      async (encoding) => {
        const { url, intake } = await start();
        const answer = await post(url, 'logs', 'x', { 'content-encoding': encoding });
        expect(answer).toMatchObject({ status: 400, type: PROTOBUF });
        expect(statusOf(answer.type, answer.body)).toMatchObject({
          code: 3,
          message: expect.stringContaining('gzip, zstd, deflate'),
          details: [BAD_REQUEST],
        });
        expect(intake.admissions).toBe(0);
      },
    );

    test('an algorithm that is switched off is 400', async () => {
      const { url } = await start({ compression_algorithms: ['zstd'] });
      const bytes = encode('logs', numbered('logs', 1));
      expect((await post(url, 'logs', gzipSync(bytes), { 'content-encoding': 'gzip' })).status).toBe(400);
      expect((await post(url, 'logs', bytes)).status).toBe(200);
    });

    test.each([
      ['protobuf', PROTOBUF, '\xff\xff\xff'],
      ['JSON', JSON_TYPE, '{"resourceLogs": ['],
      ['JSON of a wrong shape', JSON_TYPE, '{"resourceLogs": 5}'],
    ])('a body that is no %s is 400 with a Status in its encoding and its detail', async (_what, type, body) => {
      const { url, intake } = await start();
      const answer = await post(url, 'logs', Buffer.from(body, 'latin1'), { 'content-type': type });
      expect(answer).toMatchObject({ status: 400, type });
      expect(statusOf(answer.type, answer.body)).toMatchObject({
        code: 3,
        message: expect.stringMatching(/^cannot read /),
        details: [BAD_REQUEST],
      });
      expect(intake.requests).toHaveLength(0);
    });

    test.each(['gzip', 'zstd', 'deflate'])('bytes that are no %s are 400', async (encoding) => {
      const { url } = await start();
      for (const type of [PROTOBUF, JSON_TYPE]) {
        const answer = await post(url, 'logs', 'no compressed bytes', { 'content-type': type, 'content-encoding': encoding });
        expect(answer).toMatchObject({ status: 400, type });
        expect(statusOf(answer.type, answer.body).message).toMatch(/^cannot decompress the body: /);
      }
    });

    test('a body over the limit is 413, raw and after decompression', async () => {
      const { url, intake } = await start({ max_request_body_size: 2000 });
      const bytes = encode('logs', numbered('logs', 100));
      for (const [body, encoding] of [
        [bytes, ''],
        [gzipSync(bytes), 'gzip'],
        [Buffer.concat(compress('zstd', [bytes])), 'zstd'],
      ] as const) {
        const answer = await post(url, 'logs', body, encoding === '' ? {} : { 'content-encoding': encoding });
        expect(answer).toMatchObject({ status: 413, type: PROTOBUF });
        expect(statusOf(answer.type, answer.body).message).toBe(
          'cannot take the body: it is over max_request_body_size (2000); send smaller batches',
        );
      }
      expect(intake.requests).toHaveLength(0);
    });

    test('no memory is 503 with Retry-After in whole seconds, before the body is read', async () => {
      const { url, intake } = await start();
      intake.limitBytes = 100;
      const answer = await post(url, 'logs', encode('logs', numbered('logs', 10)));
      expect(answer).toMatchObject({ status: 503, type: PROTOBUF });
      expect(answer.headers.get('retry-after')).toBe('3');
      expect(statusOf(answer.type, answer.body)).toMatchObject({ code: 14, message: 'cannot take data: no memory' });
      expect(intake.admissions).toBe(0);
    });

    test('a scope over its limits is 429 with Retry-After, before the body is read', async () => {
      const { url, intake } = await start();
      intake.beginning = { ok: false, code: 'RATE_LIMITED', retryable: true, message: 'cannot accept', retryAfterMs: 4100 };
      const answer = await post(url, 'logs', encode('logs', numbered('logs', 10)));
      expect(answer).toMatchObject({ status: 429, type: PROTOBUF });
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(statusOf(answer.type, answer.body)).toMatchObject({ code: 8, message: 'cannot accept' });
      expect(intake.admissions).toBe(0);
    });

    test('what a body grows to is admitted too', async () => {
      const { url, intake } = await start();
      const bytes = encode('logs', numbered('logs', 1000));
      intake.limitBytes = bytes.length - 1;
      expect((await post(url, 'logs', gzipSync(bytes), { 'content-encoding': 'gzip' })).status).toBe(503);
      intake.limitBytes = bytes.length;
      expect((await post(url, 'logs', gzipSync(bytes), { 'content-encoding': 'gzip' })).status).toBe(200);
      expect(intake.peakBytes).toBe(bytes.length);
    });

    test.each([
      [{ code: 'QUEUE_FULL', retryable: true }, 503, '1', 14],
      [{ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1 }, 429, '1', 8],
      [{ code: 'SHUTTING_DOWN', retryable: true, retryAfterMs: 61_000 }, 503, '61', 14],
      [{ code: 'DEADLINE_EXCEEDED', retryable: true }, 504, null, 4],
      [{ code: 'DESTINATION_REFUSED', retryable: false }, 400, null, 3],
      [{ code: 'SCOPE_FORBIDDEN', retryable: false }, 403, null, 7],
      [{ code: 'INTERNAL', retryable: true }, 503, '1', 13],
    ] as const)('what the pipeline refuses as %j is %i', async (refused, status, retryAfter, code) => {
      const { url, intake } = await start();
      intake.outcome = () => ({ ok: false, message: 'cannot do it: a cause', ...refused });
      const answer = await post(url, 'logs', encode('logs', numbered('logs', 1)));
      expect(answer.status).toBe(status);
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
      expect(statusOf(answer.type, answer.body)).toMatchObject({ code, message: 'cannot do it: a cause' });
    });

    test('a pipeline that fails is 500 with a Status, held bytes are released, and the log says it', async () => {
      const { url, intake, lines } = await start();
      intake.outcome = () => Promise.reject(new Error('on purpose'));
      const answer = await post(url, 'logs', encode('logs', numbered('logs', 1)));
      expect(answer.status).toBe(500);
      expect(statusOf(answer.type, answer.body).code).toBe(13);
      expect(lines.filter(({ level }) => level === 'limited')).toHaveLength(1);
    });
  });

  describe('pages', () => {
    const cors = {
      allowed_origins: ['https://*.example.com', 'http://localhost:3000'],
      allowed_headers: ['X-Token'],
      exposed_headers: ['X-Seen'],
      max_age: 600,
    };
    const preflight = (url: string, origin: string, headers = 'content-type, x-token', method = 'POST'): Promise<Answer> =>
      send(
        `${url}/v1/traces`,
        undefined,
        { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
        'OPTIONS',
      );

    test('are not served unless CORS is configured', async () => {
      const { url } = await start();
      expect((await preflight(url, 'https://a.example.com')).status).toBe(405);
      const answer = await post(url, 'traces', '', { origin: 'https://a.example.com' });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    });

    test('of an allowed origin get their preflight and their answers, refusals too', async () => {
      const { url } = await start({ cors });
      const origin = 'https://a.example.com';
      const asked = await preflight(url, origin);
      expect(asked.status).toBe(204);
      expect(Object.fromEntries(asked.headers)).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type, x-token',
        'access-control-allow-credentials': 'true',
        'access-control-max-age': '600',
      });
      for (const body of [encode('traces', numbered('traces', 1)), Buffer.from([255])]) {
        const answer = await post(url, 'traces', body, { origin });
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          'access-control-allow-origin': origin,
          'access-control-expose-headers': 'X-Seen',
          vary: 'Origin',
        });
      }
    });

    test.each([
      ['another origin', 'https://example.org', 'content-type', 'POST'],
      ['a name that only begins alike', 'http://localhost:30001', 'content-type', 'POST'],
      ['another header', 'http://localhost:3000', 'x-other', 'POST'],
      ['another method', 'http://localhost:3000', 'content-type', 'PUT'],
    ])('with %s are not', async (_what, origin, headers, method) => {
      const { url } = await start({ cors });
      const asked = await preflight(url, origin, headers, method);
      expect(asked.headers.get('access-control-allow-origin')).toBeNull();
    });

    test('of every origin may send where * says so, without credentials', async () => {
      const { url } = await start({ cors: { allowed_origins: ['*'], allowed_headers: ['*'] } });
      const asked = await preflight(url, 'https://anybody.test', 'x-any');
      expect(asked.headers.get('access-control-allow-origin')).toBe('https://anybody.test');
      expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    });
  });

  describe('life', () => {
    test('headers of the config are on every answer', async () => {
      const { url } = await start({ response_headers: { 'X-Served-By': 'me' } });
      for (const [path, body] of [
        ['/v1/logs', ''],
        ['/none', ''],
        ['/v1/logs', 'x'],
      ]) {
        expect((await send(`${url}${path}`, body, { 'content-type': PROTOBUF })).headers.get('x-served-by')).toBe('me');
      }
    });

    test('one connection is kept over many requests, or none without keep-alives', async () => {
      const { url } = await start({ keep_alives_enabled: false });
      expect((await post(url, 'logs', '')).headers.get('connection')).toBe('close');
    });

    test('stop answers what is under way, and is safe twice and without start', async () => {
      const { url, intake, receiver } = await start();
      let release: () => void = () => undefined;
      intake.outcome = () => new Promise((resolve) => (release = () => resolve({ ok: true })));
      const answer = post(url, 'logs', encode('logs', numbered('logs', 1)));
      while (intake.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const stopped = receiver.stop(10_000);
      release();
      expect((await answer).status).toBe(200);
      await stopped;
      await receiver.stop(10_000);
      await expect(post(url, 'logs', '')).rejects.toThrow('fetch failed');
    });
  });
});
