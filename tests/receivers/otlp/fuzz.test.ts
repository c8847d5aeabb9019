import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compress } from '../../../pipeline/compression/compress.ts';
import { SIGNALS } from '../../../pipeline/signal.ts';
import { anyRequest, encode } from '../../support/build.ts';
import { engines } from '../../support/http-engines.ts';
import { startReceiver, statusOf, type RunningReceiver } from '../../support/otlp-receiver.ts';
import { RawHttp } from '../../support/raw-http.ts';
import { REQUEST_NAMES, toJson } from '../../support/reference/otlp.ts';

const SECOND_MS = 1000;
const STATUSES = [200, 204, 400, 404, 405, 413, 415];

const PACK: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  '': (bytes) => bytes,
  gzip: gzipSync,
  deflate: deflateSync,
  zstd: (bytes) => Buffer.concat(compress('zstd', [bytes])),
};

interface Call {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Buffer;
}

/** A request that makes sense: some signal, in some encoding, packed or not. */
const realCall: fc.Arbitrary<Call> = fc.constantFrom(...SIGNALS).chain((signal) =>
  fc.tuple(anyRequest(signal), fc.boolean(), fc.constantFrom(...Object.keys(PACK))).map(([tree, json, contentEncoding]) => {
    const bytes = json ? Buffer.from(JSON.stringify(toJson(REQUEST_NAMES[signal], tree))) : encode(signal, tree);
    const body = Buffer.from(PACK[contentEncoding]!(bytes));
    const contentType = json ? 'application/json' : 'application/x-protobuf';
    return { method: 'POST', path: `/v1/${signal}`, contentType, contentEncoding, body };
  }),
);

/** One with a few bytes changed, cut out or put in: most of it still makes sense. */
const mutatedCall = fc
  .tuple(realCall, fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.uint8Array({ maxLength: 12 })), { minLength: 1, maxLength: 4 }))
  .map(([call, changes]) => {
    let body = call.body;
    for (const [place, cut, put] of changes) {
      const at = body.length === 0 ? 0 : place % body.length;
      body = Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)]);
    }
    return { ...call, body };
  });

const headerValue = fc.string({ unit: fc.constantFrom(...'abcXYZ019 ;,=/+*"._-'), maxLength: 30 });
/** A body of anything under headers of anything. */
const wildCall: fc.Arbitrary<Call> = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'OPTIONS', 'DELETE'),
  path: fc.oneof(
    fc.constantFrom('/v1/metrics', '/v1/traces', '/v1/logs'),
    fc.webPath().map((path) => `/${path}`),
  ),
  contentType: fc.oneof(fc.constantFrom('application/x-protobuf', 'Application/JSON; charset=utf-8'), headerValue),
  contentEncoding: fc.oneof(fc.constantFrom('', 'identity', 'gzip', 'deflate', 'zstd'), headerValue),
  body: fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    realCall.map(({ body }) => body),
  ),
});
const anyCall = fc.tuple(fc.oneof(realCall, mutatedCall, wildCall), headerValue, fc.boolean());

describe.each(engines)('whatever comes in on %s', (engine) => {
  let running: RunningReceiver;
  beforeAll(async () => {
    running = await startReceiver(engine, { max_request_body_size: '64KiB', cors: { allowed_origins: ['*'] } });
  });
  afterAll(() => running.receiver.stop(SECOND_MS));

  test('gets an OTLP answer, holds nothing, and is no fault of ours', { timeout: 60_000 }, async () => {
    let connection = await RawHttp.open(running.url);
    await fc.assert(
      fc.asyncProperty(anyCall, async ([{ method, path, contentType, contentEncoding, body }, extra, chunked]) => {
        if (connection.socket.destroyed) connection = await RawHttp.open(running.url);
        const headers = { 'Content-Type': contentType, 'Content-Encoding': contentEncoding, Origin: extra, 'X-Extra': extra };
        if (chunked) {
          connection.head(method, path, { ...headers, 'Transfer-Encoding': 'chunked' });
          if (body.length > 0) connection.write(`${body.length.toString(16)}\r\n`, body, '\r\n');
          connection.write('0\r\n\r\n');
        } else {
          connection.head(method, path, { ...headers, 'Content-Length': body.length }).write(body);
        }
        const answer = await connection.answer();
        expect(STATUSES).toContain(answer?.status);
        if (answer!.status >= 400) expect(statusOf(answer!.headers['content-type'], answer!.body).message).toMatch(/^cannot /);
        if (answer!.headers['connection'] === 'close') connection.destroy();
        expect(running.intake.open).toBe(0);
        expect(running.intake.underWay).toBe(0);
      }),
      { numRuns: 300 },
    );
    connection.destroy();
    expect(running.lines.filter(({ level }) => level === 'limited')).toEqual([]);
    // Not everything was refused.
    expect(running.intake.requests.length).toBeGreaterThan(20);
  });
});
