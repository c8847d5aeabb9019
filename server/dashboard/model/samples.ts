/** What an empty page offers to copy: the same lines that a start prints. */
export type SampleSignal = 'metrics' | 'traces' | 'logs';

const OTLP_PORT = 4318;
const RESOURCE = '"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]}';
const BODIES: Readonly<Record<SampleSignal, (time: string) => string>> = {
  metrics: (time) =>
    `{"resourceMetrics":[{${RESOURCE},"scopeMetrics":[{"metrics":[{"name":"hello.requests","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":"${time}","asDouble":42}]}}]}]}]}`,
  traces: (time) =>
    `{"resourceSpans":[{${RESOURCE},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"hello","kind":2,"startTimeUnixNano":"${time}","endTimeUnixNano":"${time}"}]}]}]}`,
  logs: (time) =>
    `{"resourceLogs":[{${RESOURCE},"scopeLogs":[{"logRecords":[{"timeUnixNano":"${time}","severityNumber":9,"body":{"stringValue":"hello"}}]}]}]}`,
};

const endpoint = (host: string): string => `http://${host}:${OTLP_PORT}`;

/** One item by hand, at `nowMs`. */
export const curlLine = (signal: SampleSignal, host: string, nowMs: number): string =>
  `curl -sS ${endpoint(host)}/v1/${signal} -H 'content-type: application/json' -d '${BODIES[signal](`${Math.round(nowMs)}000000`)}'`;

/** For any OpenTelemetry SDK. */
export const sdkSettings = (host: string): string =>
  [
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint(host)}`,
    'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    'export OTEL_METRIC_EXPORT_INTERVAL=5000',
    'export OTEL_SERVICE_NAME=my-service',
  ].join('\n');
