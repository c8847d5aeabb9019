import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { encode, numbered } from '../support/build.ts';
import { Collector } from '../support/collector.ts';
import { GrpcPeer } from '../support/grpc-peer.ts';
import { engines } from '../support/http-engines.ts';
import { sumOf } from '../support/ledger.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { callFields, CANCEL, END_HEADERS, END_STREAM, FRAME, frame, hpack, prefixed, RawGrpc } from '../support/raw-grpc.ts';
import { RawHttp } from '../support/raw-http.ts';
import { SECRET, tokenOf } from '../support/tokens.ts';

const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const MIB = 1024 * 1024;
/** What each of them says it will bring; together more than `limit_mib`. */
const DECLARED = 60 * MIB;
const LIMIT_MIB = 600;
const TIMES = 10;
const CONNECTIONS = 4;
const NO_TELEMETRY = Buffer.alloc(DECLARED);
const body = encode('logs', numbered('logs', 10));
const zipped = gzipSync(encode('logs', numbered('logs', 20_000)));

/** One request at a time, four connections, memory for ten: whatever a sender leaves behind, the next one misses. */
const yaml = (destination: string): string => `
auth: { tokens: { secret: '${SECRET}' } }
scopes: { A: { limits: { concurrent_requests: 1 } } }
receivers:
  otlp:
    protocols:
      http: { endpoint: 127.0.0.1:0, auth: token, max_connections: ${CONNECTIONS} }
      grpc: { endpoint: 127.0.0.1:0, auth: token, max_connections: ${CONNECTIONS} }
processors:
  memory_limiter: { limit_mib: ${LIMIT_MIB}, spike_limit_mib: 100, check_interval: 100ms }
exporters:
  otlp_http: { endpoint: "${destination}", compression: none }
extensions:
  health_check: { endpoint: 127.0.0.1:0 }
service:
  ack: delivered
  extensions: [health_check]
  pipelines:
    logs: { receivers: [otlp], processors: [memory_limiter], exporters: [otlp_http] }
`;

interface Attack {
  readonly collector: Collector;
  readonly sink: OtlpSink;
  token(): Promise<string>;
}

/** A connection whose request was let in by its head: the scope's one place, and the memory it asked for, are its own. */
async function letIn({ collector, token }: Attack, more: Readonly<Record<string, string | number>> = {}): Promise<RawHttp> {
  const framing = 'Transfer-Encoding' in more ? {} : { 'Content-Length': DECLARED };
  const headers = { 'Content-Type': 'application/x-protobuf', Authorization: `Bearer ${await token()}`, Expect: '100-continue' };
  for (;;) {
    const raw = await RawHttp.open(collector.url());
    const refused = raw.head('POST', '/v1/logs', { ...framing, ...headers, ...more }).answer();
    while (raw.continues === 0 && (await Promise.race([refused, sleep(1)])) === undefined && !raw.socket.destroyed);
    // uWebSockets says it before it has asked anybody.
    const isRefused = await Promise.race([refused.then(() => true), sleep(5)]);
    if (isRefused === undefined) return raw;
    raw.destroy();
    // The one before is still being noticed.
    await sleep(2);
  }
}

const HTTP_STAGES: Readonly<Record<string, (attack: Attack) => Promise<void>>> = {
  'behind the head': async (attack) => (await letIn(attack)).destroy(),
  'behind the head, by a reset': async (attack) => void (await letIn(attack)).socket.resetAndDestroy(),
  'in the body': async (attack) => {
    const raw = await letIn(attack);
    await new Promise<void>((resolve) => raw.socket.write(Buffer.alloc(MIB / 4), () => resolve()));
    raw.destroy();
  },
  'in the body, by the end of its own half': async (attack) => {
    const raw = await letIn(attack);
    raw.write(body.subarray(0, 9)).socket.end();
    await raw.closed;
  },
  'in a chunk': async (attack) => {
    const raw = await letIn(attack, { 'Transfer-Encoding': 'chunked' });
    await new Promise<void>((resolve) => raw.socket.write('4000\r\nxxxxxxxx', () => resolve()));
    raw.destroy();
  },
  'behind the last byte of a body that is to be decompressed': async (attack) => {
    const raw = await letIn(attack, { 'Content-Length': zipped.length, 'Content-Encoding': 'gzip' });
    await new Promise<void>((resolve) => raw.socket.write(zipped, () => resolve()));
    raw.destroy();
  },
  'while its token is checked': async ({ collector, token }) => {
    const headers = { 'Content-Type': 'application/x-protobuf', 'Content-Length': DECLARED };
    const raw = await RawHttp.open(collector.url());
    raw.head('POST', '/v1/logs', { ...headers, Authorization: `Bearer ${await token()}` });
    await new Promise<void>((resolve) => raw.socket.write('', () => resolve()));
    raw.socket.resetAndDestroy();
  },
  // As many at once as there are connections: the second refusal of a sender, and each after it, comes late.
  'behind their refusal, and the one that was in their way as well': async (attack) => {
    const first = await letIn(attack);
    const { collector, token } = attack;
    const refused = async (): Promise<void> => {
      const raw = await RawHttp.open(collector.url());
      const headers = { 'Content-Type': 'application/x-protobuf', Authorization: `Bearer ${await token()}` };
      const said = raw
        .head('POST', '/v1/logs', { ...headers, 'Content-Length': DECLARED })
        .write(Buffer.alloc(9))
        .answer();
      expect([429, 503]).toContain((await said)?.status);
      raw.destroy();
    };
    await Promise.all(Array.from({ length: CONNECTIONS - 1 }, refused));
    first.destroy();
  },
  'while it waits for the destination': async (attack) => {
    const { sink } = attack;
    let answer = (): void => {};
    const seen = new Promise<void>((resolve) => {
      sink.script = async () => {
        resolve();
        await new Promise<void>((go) => (answer = go));
        return {};
      };
    });
    const raw = await letIn(attack, { 'Content-Length': body.length });
    raw.write(body);
    await seen;
    raw.destroy();
    await sleep(1);
    sink.script = undefined;
    answer();
  },
};

async function call({ collector, token }: Attack): Promise<{ raw: RawGrpc; head: Buffer }> {
  const raw = await RawGrpc.open(collector.grpcUrl);
  const fields = callFields(METHOD, [['authorization', `Bearer ${await token()}`]]);
  return { raw, head: frame(FRAME.headers, END_HEADERS, 1, hpack(fields)) };
}
const reset = frame(FRAME.reset, 0, 1, Buffer.of(0, 0, 0, CANCEL));
const data = (bytes: Uint8Array, flags = 0): Buffer => frame(FRAME.data, flags, 1, bytes);
const begun = data(prefixed(body.subarray(0, 9), DECLARED));

/** What a call says before it is reset, or its connection is gone. */
const GRPC_STAGES: Readonly<Record<string, readonly Buffer[]>> = {
  'behind its headers': [],
  'in its message': [begun],
  'behind its message, which has not ended': [data(prefixed(body))],
  'behind its end': [data(prefixed(body), END_STREAM)],
  'behind a message that is to be decompressed': [data(prefixed(zipped.subarray(0, 12_000), 12_000, 1), END_STREAM)],
};

/** All is as before the first: memory, connections and the scope's one place. What all of a stage leave would be over the limit. */
async function expectNothingLeft({ collector, token, sink }: Attack): Promise<void> {
  sink.script = undefined;
  const authorization = `Bearer ${await token()}`;
  const peer = new GrpcPeer(collector.grpcUrl);
  try {
    const http = async (): Promise<number> =>
      (await collector.send('/v1/logs', body, { authorization }).catch(() => undefined))?.status ?? 0;
    const grpc = async (): Promise<number> => (await peer.call(METHOD, body, { metadata: { authorization } })).code;
    while ((await http()) !== 200) await sleep(20);
    while ((await grpc()) !== 0) await sleep(20);
  } finally {
    peer.close();
  }
  // The last one may still be on its way out: of the answers nobody waits for.
  for (;;) {
    const { receivers, exporters } = await collector.ledger();
    for (const row of receivers) expect(row.accepted + sumOf(row.rejected)).toBe(row.received);
    for (const row of exporters)
      expect(row.exported + row.refused + sumOf(row.dropped) + row.inFlight, JSON.stringify(row)).toBe(row.routed);
    if (exporters.every(({ inFlight }) => inFlight === 0)) break;
    await sleep(20);
  }
  expect(collector.output).not.toMatch(/BUG|a fault of the collector/);
}

/** There is memory for as much as each of them had asked for: it is read, and found to be no telemetry. */
async function expectMemory({ collector, token }: Attack): Promise<void> {
  const authorization = `Bearer ${await token()}`;
  expect((await collector.send('/v1/logs', NO_TELEMETRY, { authorization })).status).toBe(400);
}

describe.concurrent('of uploads that are given up nothing is left: no memory, no connection, no place of the scope, no item in flight', () => {
  const sinks: OtlpSink[] = [];
  afterAll(async () => {
    await Promise.all(sinks.splice(0).map((sink) => sink.close()));
  });

  async function begin(env: Readonly<Record<string, string>> = {}): Promise<Attack> {
    const sink = await OtlpSink.start();
    sinks.push(sink);
    const collector = await Collector.start(yaml(sink.url), { env });
    let tokens = 0;
    const token = (): Promise<string> => tokenOf({ claims: { jti: String((tokens += 1)) } });
    return { collector, sink, token };
  }

  for (const engine of engines) {
    it(`HTTP (${engine}), at every stage of a request`, { timeout: 120_000 }, async () => {
      const attack = await begin({ PERISCOPE_HTTP_ENGINE: engine });
      await using collector = attack.collector;
      for (const [stage, abort] of Object.entries(HTTP_STAGES)) {
        const each = stage.startsWith('behind their') ? CONNECTIONS - 1 : 1;
        for (let time = 0; time < TIMES; time += each) await abort(attack);
        await expectNothingLeft(attack).catch((error: unknown) => {
          throw new Error(`given up ${stage}`, { cause: error });
        });
      }
      await expectMemory(attack);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
    });
  }

  it('gRPC, at every stage of a call, by a reset and by the end of the connection', { timeout: 120_000 }, async () => {
    const attack = await begin();
    await using collector = attack.collector;
    for (const frames of Object.values(GRPC_STAGES)) {
      for (const pauseMs of [undefined, 0, 3]) {
        for (let time = 0; time < TIMES; time++) {
          const { raw, head } = await call(attack);
          raw.write(head, ...frames, ...(pauseMs === undefined ? [reset] : []));
          if (pauseMs !== undefined) {
            await sleep(pauseMs);
            if (time % 2 === 0) raw.write(reset);
          }
          if (time % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
          raw.destroy();
        }
      }
      await expectNothingLeft(attack);
    }
    await expectMemory(attack);
    expect(await collector.stop()).toEqual({ code: 0, signal: null });
  });
});
