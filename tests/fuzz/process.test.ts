import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { anyRequest, encode, logRecord, numbered, point, request, gauge } from '../support/build.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { attributeOf, itemsOf } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { decode, wireFields } from '../support/reference/otlp.ts';

/**
 * Bad input against the real process. Each request gets an OTLP status, the process lives, what reaches the
 * destination a strict reader accepts. Longer in CI; SEED replays.
 */
const RUNS = process.env['CI'] === 'true' ? 1500 : 150;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const STATUSES = new Set([200, 400, 404, 405, 408, 413, 415, 429, 503]);
const FRESH_MB = 40;

let sink: OtlpSink;
let collector: Collector;

beforeAll(async () => {
  sink = await OtlpSink.start();
  const exporters = `  otlp_http: { endpoint: "${sink.url}", compression: none, sending_queue: { queue_size: 10000000 } }\n`;
  const yaml = yamlOf({
    exporters,
    processors: '  sanitize:\n  batch: { timeout: 20ms }\n',
    chain: ['sanitize', 'batch'],
    receiver: '        max_request_body_size: 16MiB\n',
  });
  collector = await Collector.start(yaml, { env: { DASHBOARD_SCOPE: 'ENTERPRISE' } });
});
afterAll(async () => {
  await collector[Symbol.asyncDispose]();
  await sink.close();
});

/** A google.rpc.Status or an empty or partial success, in the request's encoding. */
async function answered(path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${collector.url()}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', ...headers },
    body,
  });
  const answer = new Uint8Array(await response.arrayBuffer());
  expect(STATUSES, `${response.status}`).toContain(response.status);
  if (response.status === 200) return 200;
  if ((response.headers.get('content-type') ?? '').includes('json'))
    expect(JSON.parse(Buffer.from(answer).toString())).toMatchObject({ message: expect.any(String) });
  else
    expect(
      wireFields(answer)
        .find(({ number }) => number === 2)
        ?.content.toString('utf8'),
    ).toMatch(/./);
  return response.status;
}

/** Bytes of a real request after a few accidents. */
const mutated = (signal: Signal): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      anyRequest(signal),
      fc.array(
        fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'remove', 'double', 'truncate') }),
        { maxLength: 4 },
      ),
    )
    .map(([tree, accidents]) => {
      let bytes = Buffer.from(encode(signal, tree));
      for (const { at, byte, kind } of accidents) {
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
        if (kind === 'set' && after.length > 0) bytes = Buffer.concat([before, Buffer.of(byte), after.subarray(1)]);
        else if (kind === 'insert') bytes = Buffer.concat([before, Buffer.of(byte), after]);
        else if (kind === 'remove') bytes = Buffer.concat([before, after.subarray(1)]);
        else if (kind === 'double') bytes = Buffer.concat([bytes, after]);
        else if (kind === 'truncate') bytes = Buffer.from(before);
      }
      return new Uint8Array(bytes);
    });

const varint = (value: number): Buffer => {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest]);
    out.push((rest % 128) | 128);
  }
};
const field = (number: number, content: Uint8Array): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
/** A log record whose body is an AnyValue of arrays in arrays: lengths from the inside out, then bytes in one go. */
function deepBody(depth: number): Buffer {
  const KEYS = [5, 1];
  const heads: Buffer[] = [];
  let length = 0;
  for (let level = 0; level < 2 * depth; level++) {
    const head = Buffer.concat([varint((KEYS[(level + 1) % 2] as number) * 8 + 2), varint(length)]);
    heads.push(head);
    length += head.length;
  }
  return field(1, field(2, field(2, field(5, Buffer.concat(heads.reverse())))));
}

describe(`random and mutated bodies (SEED=${SEED})`, () => {
  it.each(SIGNALS)('%s: mutated protobuf gets a status', async (signal) => {
    await fc.assert(
      fc.asyncProperty(mutated(signal), async (body) => void (await answered(`/v1/${signal}`, body))),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('random bytes get a status in any encoding', async () => {
    const any = fc.tuple(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(...SIGNALS),
      fc.constantFrom('application/json', 'application/x-protobuf', 'text/plain'),
      fc.constantFrom('', 'gzip', 'zstd', 'deflate', 'br'),
    );
    await fc.assert(
      fc.asyncProperty(
        any,
        async ([body, signal, type, encoding]) =>
          void (await answered(`/v1/${signal}`, body, { 'content-type': type, 'content-encoding': encoding })),
      ),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('JSON of any shape gets a status', async () => {
    const shapes = fc
      .tuple(fc.json(), fc.constantFrom('resourceLogs', 'scopeLogs', 'attributes', '__proto__', 'constructor'))
      .map(([json, key]) => `{"resourceLogs":[{"${key}":${json}}]}`);
    await fc.assert(
      fc.asyncProperty(
        shapes,
        async (text) => void (await answered('/v1/logs', Buffer.from(text), { 'content-type': 'application/json' })),
      ),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

describe('named attacks', () => {
  const logsOf = (record: Uint8Array): Buffer => field(1, field(2, field(2, record)));
  const cases: Record<string, { path?: string; body: () => Uint8Array; headers?: Record<string, string>; status: number }> = {
    'a truncated varint': { body: () => Buffer.of(0x0a, 0xff), status: 400 },
    'a varint of eleven bytes': {
      body: () => Buffer.concat([Buffer.of(0x0a), Buffer.alloc(10, 0xff), Buffer.of(1)]),
      status: 400,
    },
    'an inner length beyond its outer one': { body: () => Buffer.of(0x0a, 4, 0x12, 0x7f, 0, 0), status: 400 },
    'a wrong wire type for a known field': { body: () => Buffer.of(0x08, 1), status: 400 },
    'an open group': { body: () => Buffer.of(0x0b), status: 400 },
    'AnyValue 1,000 deep': { body: () => deepBody(1000), status: 200 },
    'AnyValue 100,000 deep': { body: () => deepBody(100_000), status: 200 },
    'JSON 100,000 deep': {
      body: () => Buffer.from(`{"resourceLogs":${'['.repeat(100_000)}`),
      headers: { 'content-type': 'application/json' },
      status: 400,
    },
    'JSON arrays where numbers are due': {
      body: () => Buffer.from('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":[]}]}]}]}'),
      headers: { 'content-type': 'application/json' },
      status: 400,
    },
    'JSON with a number no integer holds': {
      body: () => Buffer.from('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1e400}]}]}]}'),
      headers: { 'content-type': 'application/json' },
      status: 400,
    },
    'truncated gzip': {
      body: () => gzipSync(encode('logs', numbered('logs', 50))).subarray(0, 60),
      headers: { 'content-encoding': 'gzip' },
      status: 400,
    },
    'a gzip bomb of 256 MiB': {
      body: () => gzipSync(Buffer.alloc(1 << 28)),
      headers: { 'content-encoding': 'gzip' },
      status: 413,
    },
    'a zstd frame with a window of 2 GiB': {
      body: () => Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00),
      headers: { 'content-encoding': 'zstd' },
      status: 400,
    },
    'a body over the limit': { body: () => Buffer.alloc((16 << 20) + 1), status: 413 },
    'an unknown path': { path: '/v1/nothing', body: () => Buffer.alloc(0), status: 404 },
    'no content type we know': { body: () => Buffer.alloc(0), headers: { 'content-type': 'text/html' }, status: 415 },
    'an empty request': { body: () => Buffer.alloc(0), status: 200 },
    'a lie about the type': {
      body: () => encode('logs', numbered('logs', 1)),
      headers: { 'content-type': 'application/json' },
      status: 400,
    },
    'invalid UTF-8 in a body, mended': { body: () => logsOf(field(5, field(1, Buffer.of(0x61, 0xff, 0x62)))), status: 200 },
    'unknown fields': {
      body: () => Buffer.concat([encode('logs', numbered('logs', 1)), field(999, Buffer.from('future'))]),
      status: 200,
    },
  };

  it.each(Object.entries(cases))('%s', async (_name, { path, body, headers, status }) => {
    expect(await answered(path ?? '/v1/logs', body(), headers)).toBe(status);
  });

  it('attributes of 10 MB and a million empty points are taken and cost no memory for good', async () => {
    const before = await settledRssMb();
    const large = encode('logs', request('logs', [{ resource: {}, items: [logRecord({ large: 'x'.repeat(10_000_000) })] }]));
    const points = Array.from({ length: 1_000_000 }, () => ({}));
    expect(
      await answered('/v1/metrics', encode('metrics', request('metrics', [{ resource: {}, items: [gauge('empty', points)] }]))),
    ).toBe(200);
    for (let n = 0; n < 10; n++) expect(await answered('/v1/logs', large)).toBe(200);
    expect(await settledRssMb()).toBeLessThan(before + 4 * FRESH_MB);
  });

  it('keeps the good items of a partly bad request', async () => {
    const items = [point({ id: 'good' }), point({ id: 'forged', 'periscope.scope': 'DEVELOPMENT' }), point({ id: 'also good' })];
    await answered(
      '/v1/metrics',
      encode('metrics', request('metrics', [{ resource: { partly: 'bad' }, items: [gauge('g', items)] }])),
    );
    const ids = (): (string | undefined)[] =>
      readable('metrics')
        .flatMap((body) => itemsOf('metrics', decode('metrics', body)))
        .filter(({ resource }) => attributeOf(resource, 'partly') === 'bad')
        .map(({ item }) => attributeOf(item, 'id'));
    while (ids().length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(ids()).toEqual(['good', 'also good']);
  });

  it('half requests that stall hold up nobody else', async () => {
    const { hostname, port } = new URL(collector.url());
    const stalled = Array.from({ length: 50 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write(
        'POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100000\r\n\r\nhalf',
      );
      return socket;
    });
    expect(await answered('/v1/logs', encode('logs', numbered('logs', 1)))).toBe(200);
    for (const socket of stalled) socket.destroy();
    expect(await answered('/v1/logs', encode('logs', numbered('logs', 1)))).toBe(200);
  });
});

describe('after all that', () => {
  it('the ledger balances, the process ends well, and a strict reader accepts all that was forwarded', async () => {
    const { receivers } = await collector.ledger();
    for (const row of receivers)
      expect(row.accepted + Object.values(row.rejected).reduce((sum, count) => sum + count, 0)).toBe(row.received);
    expect(collector.output).not.toMatch(/BUG:|INTERNAL|^\s+at /m);
    expect(await collector.stop()).toEqual({ code: 0, signal: null });
    for (const signal of SIGNALS) for (const body of readable(signal)) expect(() => decode(signal, body)).not.toThrow();
  });
});

/** What arrived, without the few bodies that the naive reader would take minutes for. */
const readable = (signal: Signal): Uint8Array[] => sink.bodies(signal).filter(({ length }) => length < 1_000_000);

/** RSS once it no longer falls. */
async function settledRssMb(): Promise<number> {
  const rss = async (): Promise<number> =>
    Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${collector.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  let lowest = await rss();
  for (let quiet = 0; quiet < 5; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = await rss();
    if (now < lowest - 1) quiet = 0;
    lowest = Math.min(lowest, now);
  }
  return lowest;
}
