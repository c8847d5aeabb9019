import type { EnvironmentReader } from './environment.ts';

/** Set by who expects an effect that it does not have. Those of other signals are left to whoever sends these. */
export function tellUnsupported(read: EnvironmentReader): void {
  const name = 'OTEL_CONFIG_FILE';
  if (read.text(name) === undefined) return;
  read.used.delete(name);
  read.refuse(
    name,
    'the agent reads no configuration file',
    'what OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_METRIC_EXPORT_INTERVAL, OTEL_RESOURCE_ATTRIBUTES and OTEL_SDK_DISABLED say',
  );
}
