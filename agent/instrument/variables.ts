export interface Variable {
  readonly name: string;
  readonly honoured: 'yes' | 'partly' | 'no';
  /** What it does, or why it does nothing. */
  readonly effect: string;
}

const yes = (name: string, effect: string): Variable => ({ name, honoured: 'yes', effect });
const partly = (name: string, effect: string): Variable => ({ name, honoured: 'partly', effect });
const no = (name: string, effect: string): Variable => ({ name, honoured: 'no', effect });

const OTLP = 'OTEL_EXPORTER_OTLP[_METRICS]';
const TRACES = 'of traces: read by the official SDK where `AGENT_TRACES=1` loads it';
const LOGS = 'the agent sends no logs';

/** Every variable of OpenTelemetry's specification and of its JavaScript SDK that may be set, and ours: environment.md is
 *  written from it. `[_METRICS]` stands for two variables; that of the signal counts first. */
export const VARIABLES: readonly Variable[] = [
  yes('OTEL_SDK_DISABLED', '`true`: the agent does nothing'),
  yes(
    'OTEL_SERVICE_NAME',
    '`service.name`; else that of OTEL_RESOURCE_ATTRIBUTES, the name in package.json, `unknown_service:node`',
  ),
  yes(
    'OTEL_RESOURCE_ATTRIBUTES',
    'attributes of the resource, over what is detected; with one error in it, all of it is left out',
  ),
  yes('OTEL_LOG_LEVEL', 'what the agent prints: `none`, `error`, `warn`, `info` (default), `debug`'),
  partly('OTEL_METRICS_EXPORTER', '`otlp` (default) and `none`'),
  yes(
    `${OTLP}_ENDPOINT`,
    'default a collector in this process (`startCollector`), else `http://localhost:4318`; the one without `_METRICS` gets `/v1/metrics` appended',
  ),
  partly(`${OTLP}_PROTOCOL`, '`http/protobuf` only'),
  yes(`${OTLP}_HEADERS`, 'sent with each request'),
  yes(`${OTLP}_TIMEOUT`, 'ms for one request; default 10,000'),
  yes(`${OTLP}_COMPRESSION`, '`gzip` (default) or `none`'),
  yes(`${OTLP}_CERTIFICATE`, 'file in PEM: who may have signed the certificate of the collector'),
  yes(`${OTLP}_CLIENT_KEY`, 'file in PEM, for mutual TLS'),
  yes(`${OTLP}_CLIENT_CERTIFICATE`, 'file in PEM, for mutual TLS'),
  no(`${OTLP}_INSECURE`, 'of gRPC: over HTTP the endpoint says whether TLS is used'),
  yes('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', '`cumulative` (default), `delta`, `lowmemory`'),
  yes(
    'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
    '`explicit_bucket_histogram` (default), `base2_exponential_bucket_histogram`',
  ),
  yes('OTEL_METRIC_EXPORT_INTERVAL', 'ms; default 5,000 to a collector on this machine, 60,000 to others'),
  yes('OTEL_METRIC_EXPORT_TIMEOUT', 'ms for one export; default 30,000'),
  yes('OTEL_METRICS_EXEMPLAR_FILTER', '`trace_based` (default), `always_on`, `always_off`'),
  yes('OTEL_NODE_ENABLED_INSTRUMENTATIONS', 'only these'),
  yes('OTEL_NODE_DISABLED_INSTRUMENTATIONS', 'all but these'),
  partly(
    'OTEL_NODE_RESOURCE_DETECTORS',
    '`env`, `host`, `os`, `process`, `serviceinstance`, `all` (default), `none`; none of a cloud',
  ),
  partly(
    'OTEL_CONFIG_FILE',
    'a file of [declarative configuration](config-file/README.md), file_format 1.x, in place of all other `OTEL_*`: resource, meter provider, views; what has no effect is told (flag CONFIG_FILE)',
  ),
  no('OTEL_ENTITIES', 'in development; use OTEL_RESOURCE_ATTRIBUTES'),
  no('OTEL_SEMCONV_STABILITY_OPT_IN', 'the stable conventions are the only ones'),
  no('OTEL_EXPORTER_PROMETHEUS_HOST', 'the agent listens nowhere; the exporter `prometheus` of the collector does'),
  no('OTEL_EXPORTER_PROMETHEUS_PORT', 'as its host'),
  no('OTEL_NODE_EXPERIMENTAL_SDK_METRICS', 'metrics are always on'),
  no('OTEL_PROPAGATORS', TRACES),
  partly('OTEL_TRACES_EXPORTER', '`otlp` (default) and `none`, with `AGENT_TRACES=1`'),
  no('OTEL_TRACES_SAMPLER', TRACES),
  no('OTEL_TRACES_SAMPLER_ARG', TRACES),
  yes('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'with `AGENT_TRACES=1`; default that of all signals with `/v1/traces`'),
  yes(
    'OTEL_EXPORTER_OTLP_TRACES_HEADERS, …_TIMEOUT, …_COMPRESSION, …_CERTIFICATE, …_CLIENT_KEY, …_CLIENT_CERTIFICATE',
    'with `AGENT_TRACES=1`; as those of metrics',
  ),
  partly('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', '`http/protobuf` only'),
  no('OTEL_EXPORTER_OTLP_TRACES_INSECURE', 'as that of metrics'),
  no('OTEL_BSP_*', TRACES),
  no('OTEL_SPAN_*, OTEL_EVENT_*, OTEL_LINK_*, OTEL_ATTRIBUTE_*', TRACES),
  no('OTEL_LOGS_EXPORTER', LOGS),
  no('OTEL_EXPORTER_OTLP_LOGS_*', LOGS),
  no('OTEL_BLRP_*', LOGS),
  no('OTEL_LOGRECORD_*', LOGS),
  yes('AGENT_MODE', '`worker` (default): export in a thread of its own; `main`: on that of the application; `none`: no export'),
  yes('AGENT_SCOPE', "a scope's name, or `scope=…,tenant=…,tier=…,domain=…`"),
  yes('AGENT_ENGINE', '`own` (default), or `sdk`: the official metrics SDK behind the same API'),
  yes('AGENT_TRACES', '`1`: traces by `@opentelemetry/sdk-node`, which the application has installed (flag TRACES)'),
  yes('AGENT_AUDIT_FILE', 'a file for what the agent did and refused, a chain of hashed lines (flag AUDIT_LOGGING)'),
  yes(
    'AGENT_WEBHOOK_SECRET',
    'text, or `whsec_` and base64: signs every request that the agent itself sends, of metrics and of spans, as Standard Webhooks has it (flag WEBHOOK_SIGNING)',
  ),
  yes('AGENT_MOCK_API', '`1`: nothing is sent; `mockApi.requests()` has it (flag MOCK_API)'),
  yes('AGENT_STRICT', '`1`: a fault at the start of the agent ends the process'),
  yes('AGENT_ASYNC_SCOPE', '`1` or `0`: `scope()` follows asynchronous calls; default where that costs nothing (Bun, Node 24)'),
  yes(
    'DASHBOARD_SCOPE',
    "the scope, where AGENT_SCOPE names none: attribute `periscope.scope`, which a collector's scope stage binds by",
  ),
  yes('HOST', 'the scope whose domain this is, where neither of both names one'),
];

/** environment.md. */
export function variablesPage(): string {
  const rows = VARIABLES.map(({ name, honoured, effect }) => `| \`${name}\` | ${honoured} | ${effect} |`);
  return [
    '# Environment of the agent',
    '',
    'An empty variable is unset. A bad value is told once on stderr, never with its text, and the default is used. Written from',
    '`variables.ts` (`npx vitest run tests/agent/instrument/variables.test.ts -u`).',
    '',
    '| variable | honoured | effect, or why not |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
