import { writeFileSync } from 'node:fs';
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
import { Authority, type Identity } from '../support/certificates.ts';
import { Collector, GRPC_RECEIVER, yamlOf } from '../support/collector.ts';
import { difference, fingerprints, itemsOf, NO_DIFFERENCE } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { otelcol, startOtelcol } from '../support/otelcol.ts';
import { decode, type Tree } from '../support/reference/otlp.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folder = temporaryFolders();
const REQUESTS = 40;

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

/** How one hop sends to the next, in the YAML that both collectors read. */
interface Way {
  readonly protocol: 'http' | 'grpc';
  readonly serverTls?: string;
  readonly clientTls?: string;
}

/** Both sides show certificates of one authority. */
function mutualTls(): Way {
  const authority = new Authority();
  const directory = folder();
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const pair = (name: string, { cert, key }: Identity): string =>
    `cert_file: ${file(`${name}.pem`, cert)}, key_file: ${file(`${name}.key`, key)}`;
  const ca = file('ca.pem', authority.cert);
  return {
    protocol: 'grpc',
    serverTls: `{ ${pair('server', authority.issueServer())}, client_ca_file: ${ca} }`,
    clientTls: `{ ${pair('client', authority.issue({ subject: { CN: 'client' } }))}, ca_file: ${ca} }`,
  };
}

const WAYS: readonly (readonly [string, () => Way])[] = [
  ['HTTP', () => ({ protocol: 'http' })],
  ['gRPC', () => ({ protocol: 'grpc' })],
  ['gRPC and mutual TLS', mutualTls],
];

function exporter({ protocol, clientTls }: Way, address: string, compression: string): string {
  if (protocol === 'http') return `otlp_http: { endpoint: "http://${address}", compression: ${compression} }`;
  return `otlp: { endpoint: "${address}", compression: ${compression}, tls: ${clientTls ?? '{ insecure: true }'} }`;
}

describe.skipIf(otelcol.missing)(`otelcol${otelcol.note}`, () => {
  it.each(WAYS)('between two Periscopes changes no item and loses none, over %s', async (_name, make) => {
    const way = make();
    const tls = way.serverTls === undefined ? '' : `tls: ${way.serverTls}`;
    const sink = await OtlpSink.start();
    try {
      await using last = await Collector.start(
        yamlOf({
          exporters: `  otlp_http: { endpoint: "${sink.url}", compression: none }\n`,
          receiver: `${GRPC_RECEIVER}        ${tls}\n`,
          ...PARTS,
        }),
        ENV,
      );
      const address = new URL(way.protocol === 'http' ? last.url() : last.grpcUrl).host;
      const middle = await startOtelcol({
        protocols: `${way.protocol}: { endpoint: "$ENDPOINT", ${tls} }`,
        exporter: exporter(way, address, 'zstd'),
      });
      const sent = Object.fromEntries(
        SIGNALS.map((signal) => [signal, requests(signal).map((tree) => encode(signal, tree))]),
      ) as Record<Signal, Uint8Array[]>;
      try {
        await using first = await Collector.start(
          yamlOf({ exporters: `  ${exporter(way, middle.address, 'gzip')}\n`, ...PARTS }),
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
