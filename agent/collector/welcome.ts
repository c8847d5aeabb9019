import type { Instance, Plan } from '../../pipeline/plan.ts';
import type { DetectedScope } from '../../pipeline/scope/detect.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { OpenListener } from './host.ts';

export interface Welcome {
  readonly version: string;
  readonly plan: Plan;
  readonly detected: DetectedScope;
  readonly listeners: readonly OpenListener[];
  /** What was read, as the person named it. */
  readonly configs: readonly string[];
}

/** What a start prints: where it listens, as whom, and two ways to send something. */
export function welcomeText({ version, plan, detected, listeners, configs }: Welcome): string {
  const places = [...plan.receivers, ...plan.extensions].flatMap((instance) => placesOf(instance, listeners));
  const rows = [
    ...places.map(({ id, url, engine, scope }) => [id, `${url}  (${engine}${scope === undefined ? '' : `, scope ${scope}`})`]),
    ['scope', `${detected.scope}  (${whence(detected, plan, places)})`],
    ['pipelines', plan.pipelines.map(({ id, exporters }) => `${id} → ${exporters.join(', ')}`).join('; ')],
    ['config', configs.join(', ')],
  ];
  const width = Math.max(...rows.map(([name]) => name?.length ?? 0));
  const table = rows.map(([name, value]) => `  ${(name ?? '').padEnd(width)}  ${value}`);
  const receivers = places.filter(({ type }) => type === 'otlp');
  // Nobody types gRPC into a terminal.
  const otlp = receivers.find(({ engine }) => engine !== 'grpc') ?? receivers[0];
  return [`Periscope ${version} is running`, ...table, ...(otlp === undefined ? [] : howToSend(otlp, plan))].join('\n');
}

function whence(detected: DetectedScope, plan: Plan, places: readonly Place[]): string {
  const others = plan.scope.binding.allowed.filter((name) => name !== detected.scope);
  const open = places.filter(({ type, scope }) => type === 'otlp' && scope === undefined);
  if (open.length === 0) return `${detected.because}; every listener has its own`;
  const claims = others.length === 0 ? 'nothing else is accepted' : `data may claim ${others.join(', ')}`;
  return `${detected.because}; ${claims}`;
}

interface Place {
  readonly id: string;
  readonly type: string;
  readonly config: unknown;
  readonly url: string;
  readonly engine: string;
  readonly scope: string | undefined;
}

function placesOf({ id, component, config }: Instance, listeners: readonly OpenListener[]): Place[] {
  return listeners
    .filter(({ owner }) => owner === id)
    .map(({ endpoint, listener }) => ({
      id,
      type: component.type,
      config,
      url: listener.url,
      engine: listener.engine,
      scope: scopeOf(config, endpoint),
    }));
}

/** The `scope:` that stands beside a listener's `endpoint:`. */
function scopeOf(config: unknown, endpoint: string): string | undefined {
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return undefined;
  const own = config as { endpoint?: unknown; scope?: unknown };
  if (own.endpoint === endpoint && typeof own.scope === 'string') return own.scope;
  return Object.values(config)
    .map((below) => scopeOf(below, endpoint))
    .find((scope) => scope !== undefined);
}

function howToSend({ url, engine, config }: Place, plan: Plan): string[] {
  const isGrpc = engine === 'grpc';
  const sdk = [
    'Environment for an OpenTelemetry SDK:',
    `  export OTEL_EXPORTER_OTLP_ENDPOINT=${url}`,
    `  export OTEL_EXPORTER_OTLP_PROTOCOL=${isGrpc ? 'grpc' : 'http/protobuf'}`,
    '  export OTEL_METRIC_EXPORT_INTERVAL=5000',
    '',
  ];
  if (isGrpc) return ['', ...sdk];
  const signal = plan.pipelines[0]?.signal ?? 'metrics';
  const paths = (config as { protocols?: { http?: Readonly<Record<string, unknown>> } }).protocols?.http;
  const path = paths?.[`${signal}_url_path`];
  return [
    '',
    'Send one item:',
    `  curl -sS ${url}${typeof path === 'string' ? path : `/v1/${signal}`} -H 'content-type: application/json' -d '${BODIES[signal]}'`,
    '',
    ...sdk,
  ];
}

// The shell puts in the time when the line is pasted.
const NOW = `'"$(date +%s)"'000000000`;
const RESOURCE = '"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]}';
const BODIES: Readonly<Record<Signal, string>> = {
  metrics: `{"resourceMetrics":[{${RESOURCE},"scopeMetrics":[{"metrics":[{"name":"hello.requests","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":"${NOW}","asDouble":42}]}}]}]}]}`,
  traces: `{"resourceSpans":[{${RESOURCE},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"hello","kind":2,"startTimeUnixNano":"${NOW}","endTimeUnixNano":"${NOW}"}]}]}]}`,
  logs: `{"resourceLogs":[{${RESOURCE},"scopeLogs":[{"logRecords":[{"timeUnixNano":"${NOW}","severityNumber":9,"body":{"stringValue":"hello"}}]}]}]}`,
};
