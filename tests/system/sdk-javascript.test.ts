import { metrics as metricsApi, SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as LogGrpc } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as LogJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricGrpc } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as MetricJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricProto } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as TraceGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as TraceJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TraceProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader, AggregationType } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../pipeline/signal.ts';
import { Collector, GRPC_RECEIVER, yamlOf } from '../support/collector.ts';
import { attributeOf, itemsOf, type Item } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { decode, type Tree } from '../support/reference/otlp.ts';

const ITEMS = 2500;
const RESOURCE = resourceFromAttributes({ 'service.name': 'sdk-javascript', 'service.version': '1.2.3' });

/** Everything that reached the sink, decoded. */
function arrived(sink: OtlpSink, signal: Signal): Item[] {
  return sink.bodies(signal).flatMap((body) => itemsOf(signal, decode(signal, body)));
}

interface Urls {
  readonly http: string;
  readonly grpc: string;
}

async function throughCollector(send: (urls: Urls) => Promise<void>, check: (sink: OtlpSink) => void): Promise<void> {
  const sink = await OtlpSink.start();
  try {
    const exporters = `  otlp_http:\n    endpoint: ${sink.url}\n    compression: none\n`;
    const chain = ['memory_limiter', 'scope', 'sanitize', 'batch'];
    const processors =
      '  memory_limiter: { check_interval: 1s, limit_mib: 512 }\n  scope:\n  sanitize:\n  batch: { timeout: 50ms }\n';
    await using collector = await Collector.start(yamlOf({ exporters, processors, chain, receiver: GRPC_RECEIVER }), {
      env: { DASHBOARD_SCOPE: 'ENTERPRISE' },
    });
    await send({ http: collector.url(), grpc: collector.grpcUrl });
    expect(await collector.stop()).toEqual({ code: 0, signal: null });
    check(sink);
  } finally {
    await sink.close();
  }
}

/** Where a sender of one signal sends to. */
const overHttp = ({ http }: Urls, signal: Signal): string => `${http}/v1/${signal}`;
const overGrpc = ({ grpc }: Urls): string => grpc;

const encodings = [
  { encoding: 'protobuf', to: overHttp, Metric: MetricProto, Trace: TraceProto, Log: LogProto },
  { encoding: 'JSON', to: overHttp, Metric: MetricJson, Trace: TraceJson, Log: LogJson },
  { encoding: 'gRPC', to: overGrpc, Metric: MetricGrpc, Trace: TraceGrpc, Log: LogGrpc },
];

describe.each(encodings)('the OpenTelemetry JavaScript SDK, $encoding', ({ to, Metric, Trace, Log }) => {
  it('has every data point delivered with its scope', async () => {
    await throughCollector(
      async (urls) => {
        const reader = new PeriodicExportingMetricReader({
          exporter: new Metric({ url: to(urls, 'metrics') }),
          exportIntervalMillis: 60_000,
        });
        const provider = new MeterProvider({
          resource: RESOURCE,
          readers: [reader],
          views: [{ instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
        });
        const meter = provider.getMeter('system-test', '1');
        const counter = meter.createCounter('requests', { unit: '1' });
        const histogram = meter.createHistogram('duration', { unit: 'ms' });
        const exponential = meter.createHistogram('exponential', { unit: 'ms' });
        meter.createObservableGauge('depth').addCallback((result) => result.observe(-7.5, { queue: 'a' }));
        for (let n = 0; n < 1000; n++) counter.add(n, { n });
        for (let n = 0; n < 100; n++) {
          histogram.record(n, { route: '/a' });
          exponential.record(n / 7, { route: '/b' });
        }
        await provider.shutdown();
        metricsApi.disable();
      },
      (sink) => {
        const points = arrived(sink, 'metrics');
        const of = (name: string): Item[] => points.filter(({ metric }) => metric?.['name'] === name);
        const counted = of('requests').map(({ item }) => [
          attributeOf(item, 'n'),
          Number(item['asDouble'] ?? item['asInt'] ?? 0),
        ]);
        expect(counted.sort()).toEqual(Array.from({ length: 1000 }, (_, n) => [String(n), n]).sort());
        expect(of('duration').map(({ item }) => [item['count'], item['sum']])).toEqual([[100n, 4950]]);
        expect(of('exponential').map(({ item }) => item['count'])).toEqual([100n]);
        expect(of('depth').map(({ item }) => item['asDouble'])).toEqual([-7.5]);
        expect(points).toHaveLength(1003);
        expectScope(points);
      },
    );
  });

  it('has every span delivered with events, links and status', async () => {
    await throughCollector(
      async (urls) => {
        const processor = new BatchSpanProcessor(new Trace({ url: to(urls, 'traces') }), {
          maxQueueSize: ITEMS + 1,
          maxExportBatchSize: 500,
        });
        const provider = new NodeTracerProvider({ resource: RESOURCE, spanProcessors: [processor] });
        const tracer = provider.getTracer('system-test', '1');
        const first = tracer.startSpan('root');
        for (let n = 0; n < ITEMS - 1; n++) {
          const span = tracer.startSpan(`work ${n}`, {
            attributes: { n },
            links: [{ context: first.spanContext(), attributes: { why: 'caused' } }],
          });
          span.addEvent('step', { n });
          span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
          span.end();
        }
        first.end();
        await provider.shutdown();
      },
      (sink) => {
        const spans = arrived(sink, 'traces');
        expect(new Set(spans.map(({ item }) => Buffer.from(item['spanId'] as Uint8Array).toString('hex'))).size).toBe(ITEMS);
        expect(spans).toHaveLength(ITEMS);
        const worked = spans.filter(({ item }) => item['name'] !== 'root');
        expect(worked.every(({ item }) => attributeOf((item['events'] as Tree[])[0], 'n') === attributeOf(item, 'n'))).toBe(true);
        expect(worked.every(({ item }) => attributeOf((item['links'] as Tree[])[0], 'why') === 'caused')).toBe(true);
        expect(worked.every(({ item }) => (item['status'] as Tree)['code'] === 2)).toBe(true);
        expectScope(spans);
      },
    );
  });

  it('has every log record delivered with its body', async () => {
    await throughCollector(
      async (urls) => {
        const processor = new BatchLogRecordProcessor({
          exporter: new Log({ url: to(urls, 'logs') }),
          maxQueueSize: ITEMS + 1,
          maxExportBatchSize: 500,
        });
        const provider = new LoggerProvider({ resource: RESOURCE, processors: [processor] });
        const logger = provider.getLogger('system-test', '1');
        for (let n = 0; n < ITEMS; n++) {
          logger.emit({
            severityNumber: SeverityNumber.WARN,
            severityText: 'WARN',
            body: `line ${n}\nsecond line`,
            attributes: { n },
          });
        }
        await provider.shutdown();
      },
      (sink) => {
        const records = arrived(sink, 'logs');
        const bodies = records.map(({ item }) => (item['body'] as Tree)['stringValue']).sort();
        expect(bodies).toEqual(Array.from({ length: ITEMS }, (_, n) => `line ${n}\nsecond line`).sort());
        expectScope(records);
      },
    );
  });
});

function expectScope(items: readonly Item[]): void {
  expect(new Set(items.map(({ resource }) => attributeOf(resource, 'periscope.scope')))).toEqual(new Set(['ENTERPRISE']));
  expect(new Set(items.map(({ resource }) => attributeOf(resource, 'service.name')))).toEqual(new Set(['sdk-javascript']));
  expect(new Set(items.map(({ instrumentationScope }) => instrumentationScope['name']))).toEqual(new Set(['system-test']));
}
