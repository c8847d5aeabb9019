import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import {
  encode,
  exponentialHistogram,
  exponentialHistogramPoint,
  gauge,
  histogram,
  histogramPoint,
  logRecord,
  point,
  request,
  span,
  sum,
  summary,
  summaryPoint,
} from '../support/build.ts';
import { Collector, GRPC_RECEIVER, yamlOf } from '../support/collector.ts';
import { difference, fingerprints, itemsOf, NO_DIFFERENCE } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { peer } from '../support/peers.ts';
import { decode, type Tree } from '../support/reference/otlp.ts';

const otelcol = peer('otelcol');
const REQUESTS = 40;

type Protocol = 'HTTP' | 'gRPC';

/** otelcol between two addresses; the port is free when it is asked for, and otelcol takes it at once. */
async function startOtelcol(destination: string, protocol: Protocol): Promise<{ url: string; stop: () => Promise<void> }> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const folder = await mkdtemp(join(tmpdir(), 'otelcol-'));
  const pipeline = `{ receivers: [otlp], processors: [batch], exporters: [otlp${protocol === 'HTTP' ? 'http' : ''}] }`;
  const exporter =
    protocol === 'HTTP'
      ? `otlphttp: { endpoint: "${destination}", compression: zstd }`
      : `otlp: { endpoint: "${destination}", compression: zstd, tls: { insecure: true } }`;
  const config = `receivers: { otlp: { protocols: { ${protocol === 'HTTP' ? 'http' : 'grpc'}: { endpoint: "127.0.0.1:${port}" } } } }
processors: { batch: { timeout: 100ms } }
exporters: { ${exporter} }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { metrics: ${pipeline}, traces: ${pipeline}, logs: ${pipeline} }
`;
  await writeFile(join(folder, 'config.yaml'), config);
  const child = spawn(otelcol.path, ['--config', join(folder, 'config.yaml')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  while (!log.includes('Everything is ready')) {
    if (child.exitCode !== null) throw new Error(`otelcol ended with ${child.exitCode}:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** Every kind of item, with what any correct hop leaves unchanged. Every span has a status, as otelcol adds an empty one where
 *  there is none. */
function requests(signal: Signal): Tree[] {
  const text = fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 })
    .map((value) => value.replaceAll(/[^\w.-]/g, '_'));
  return fc
    .sample(
      fc.dictionary(
        text,
        fc.oneof(text, fc.double({ noNaN: true }), fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }), fc.boolean()),
        { maxKeys: 8 },
      ),
      { numRuns: REQUESTS, seed: 20 },
    )
    .map((attributes, n) => {
      const of = { ...attributes, n: BigInt(n) };
      const items = {
        metrics: [
          gauge('a.gauge', [point(of), point({ n: BigInt(n) }, -9n)]),
          sum('a.sum', [point(of, 7n)]),
          histogram('a.histogram', [histogramPoint(of)]),
          exponentialHistogram('an.exponential', [exponentialHistogramPoint(of)]),
          summary('a.summary', [summaryPoint(of)]),
        ],
        traces: [
          span(of, {
            events: [{ timeUnixNano: 5n, name: 'event', attributes: [] }],
            links: [{ traceId: Buffer.alloc(16, 7), spanId: Buffer.alloc(8, 9), traceState: 'a=b' }],
            status: { code: 2, message: 'no' },
            traceState: 'c=d',
            flags: 257,
          }),
          span(of, { status: { code: 1 } }),
        ],
        logs: [
          logRecord(of, { a: [1n, 'b', true] }),
          logRecord(of, 'text', { flags: 1, traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), eventName: 'event' }),
        ],
      }[signal];
      return request(signal, [
        {
          resource: { 'service.name': 'interop', 'periscope.scope': 'ENTERPRISE', n: BigInt(n) },
          instrumentationScope: of,
          items,
        },
      ]);
    });
}

const normal = (signal: Signal, bodies: readonly Uint8Array[]): string[] =>
  fingerprints(bodies.flatMap((body) => itemsOf(signal, decode(signal, body))));

const PARTS = { processors: '  sanitize:\n  batch: { timeout: 50ms }\n', chain: ['sanitize', 'batch'] };
const ENV = { env: { DASHBOARD_SCOPE: 'ENTERPRISE' } };

describe.skipIf(otelcol.missing)(`otelcol${otelcol.note}`, () => {
  it.each(['HTTP', 'gRPC'] as const)('between two Periscopes changes no item and loses none, over %s', async (protocol) => {
    const sink = await OtlpSink.start();
    try {
      await using last = await Collector.start(
        yamlOf({ exporters: `  otlp_http: { endpoint: "${sink.url}", compression: none }\n`, receiver: GRPC_RECEIVER, ...PARTS }),
        ENV,
      );
      const middle = await startOtelcol(protocol === 'HTTP' ? last.url() : last.grpcUrl, protocol);
      const sent = Object.fromEntries(
        SIGNALS.map((signal) => [signal, requests(signal).map((tree) => encode(signal, tree))]),
      ) as Record<Signal, Uint8Array[]>;
      try {
        await using first = await Collector.start(
          yamlOf({
            exporters: `  ${protocol === 'HTTP' ? 'otlp_http' : 'otlp'}: { endpoint: "${middle.url}", compression: gzip }\n`,
            ...PARTS,
          }),
          ENV,
        );
        for (const signal of SIGNALS) {
          for (const body of sent[signal]) expect((await first.send(`/v1/${signal}`, body)).status).toBe(200);
        }
        expect(await first.stop()).toEqual({ code: 0, signal: null });
      } finally {
        await middle.stop();
      }
      expect(await last.stop()).toEqual({ code: 0, signal: null });
      for (const signal of SIGNALS)
        expect(difference(normal(signal, sink.bodies(signal)), normal(signal, sent[signal])), signal).toEqual(NO_DIFFERENCE);
    } finally {
      await sink.close();
    }
  });
});
