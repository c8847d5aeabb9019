// An application with its collector inside: OpenTelemetry's own SDK measures, the collector takes what it measured across
// the seam, and SQL reads it. In a clone: npm ci; node agent/embed/example/app.js
import { setTimeout as pause } from 'node:timers/promises';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { startCollector } from '@periscope-otel/collector';

const collector = await startCollector();

/** What the SDK calls instead of an exporter over HTTP. */
const toCollector = {
  async export(metrics, done) {
    const outcome = await collector.export('metrics', ProtobufMetricsSerializer.serializeRequest(metrics));
    done(outcome.ok ? { code: 0 } : { code: 1, error: new Error(outcome.message) });
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

const reader = new PeriodicExportingMetricReader({ exporter: toCollector, exportIntervalMillis: 5000 });
const meters = new MeterProvider({ readers: [reader] });
const orders = meters.getMeter('shop').createCounter('orders.sold');
orders.add(3, { channel: 'web' });
orders.add(4, { channel: 'store' });
await meters.forceFlush();

const QUERY =
  "select Attributes['channel'] as channel, Value as sold from otel_metrics_sum where MetricName = $1 order by channel";
let rows = [];
while (rows.length === 0) {
  await pause(50);
  ({ rows } = await collector.sql(QUERY, ['orders.sold']));
}
for (const { channel, sold } of rows) process.stdout.write(`${channel}: ${sold}\n`);

await meters.shutdown();
await collector.stop();
