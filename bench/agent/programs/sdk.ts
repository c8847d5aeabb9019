/** The official metrics SDK with its OTLP exporter, as an app loads it before its own code. */
import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

/** As often as the agent is told to. */
const exportIntervalMillis = Number(process.env['OTEL_METRIC_EXPORT_INTERVAL'] ?? 5000);

export const provider: MeterProvider = new MeterProvider({
  readers: [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter(),
      exportIntervalMillis,
      exportTimeoutMillis: exportIntervalMillis,
    }),
  ],
});
metrics.setGlobalMeterProvider(provider);
