import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

export interface SdkSender {
  readonly url: string;
  readonly service: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a small program sends in a moment, by OpenTelemetry's own SDK: three traces (one fails), logs with and without a
 *  trace, a counter, a gauge, a histogram, and a
 *  gauge that is a row of MASTER_PERF. Resolves when the collector has taken all of it. */
export async function sendBySdk({ url, service, headers = {} }: SdkSender): Promise<void> {
  const resource = resourceFromAttributes({ 'service.name': service, 'host.name': 'test-host' });
  const to = (signal: string) => ({ url: `${url}/v1/${signal}`, headers: { ...headers } });
  const traces = new NodeTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(to('traces')))],
  });
  const logs = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(to('logs')) })],
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(to('metrics')),
    exportIntervalMillis: 60_000,
  });
  const metrics = new MeterProvider({ resource, readers: [reader] });
  const tracer = traces.getTracer('test');
  const logger = logs.getLogger('test');
  for (const [index, name] of ['GET /', 'GET /cart', 'POST /pay'].entries()) {
    const root = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: { 'http.route': name.split(' ')[1] ?? '' } });
    const within = trace.setSpan(context.active(), root);
    const child = tracer.startSpan(`query ${index}`, { attributes: { 'db.system': 'sqlite' } }, within);
    child.end();
    const fails = name === 'POST /pay';
    if (fails) root.setStatus({ code: SpanStatusCode.ERROR, message: 'card declined' });
    const severity = fails
      ? { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' }
      : { severityNumber: SeverityNumber.INFO, severityText: 'INFO' };
    logger.emit({
      ...severity,
      body: `${name} answered ${fails ? 402 : 200}`,
      attributes: { 'order.id': `o-${index}` },
      context: within,
    });
    root.end();
  }
  logger.emit({ severityNumber: SeverityNumber.WARN, severityText: 'WARN', body: 'the cache is nearly full' });
  const meter = metrics.getMeter('test');
  meter.createCounter('orders', { unit: '{orders}' }).add(7, { region: 'eu' });
  meter.createGauge('temperature', { unit: 'Cel' }).record(21.5);
  meter.createGauge('storage.latency', { unit: 'ms' }).record(12.5, {
    'perf.category': 'R2',
    'perf.type': 'performance',
    'perf.topic': 'GetObject',
    'perf.id': 'r2.getObject',
    'perf.impact': 'Product pages wait for their image',
  });
  const durations = meter.createHistogram('latency', { unit: 'ms' });
  for (const value of [1, 3, 3, 8, 120]) durations.record(value);
  await Promise.all([traces.shutdown(), logs.shutdown(), metrics.shutdown()]);
}
