import { join, resolve } from 'node:path';
import type { Instance, Plan } from '../../pipeline/plan.ts';
import type { DetectedScope } from '../../pipeline/scope/detect.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { OpenListener } from './listeners.ts';
import { OWN_METRICS } from './own-metrics.ts';
import { defaultConfigPath } from './package-root.ts';

export interface Welcome {
  readonly version: string;
  readonly plan: Plan;
  readonly detected: DetectedScope;
  readonly listeners: readonly OpenListener[];
  /** What was read, as the person named it. */
  readonly configs: readonly string[];
  /** Opens the dashboard, once, as this machine's owner. */
  readonly ticket?: string | undefined;
}

/** What a start prints: where it listens, as whom, two ways to send something, and the link to see it. */
export function welcomeText({ version, plan, detected, listeners, configs, ticket }: Welcome): string {
  const places = [...plan.receivers, ...plan.extensions].flatMap((instance) => placesOf(instance, listeners));
  const metrics = listeners.filter(({ owner }) => owner === OWN_METRICS);
  const rows = [
    ...places.map(({ id, url, engine, scope }) => [id, `${url}  (${engine}${scope === undefined ? '' : `, scope ${scope}`})`]),
    ...metrics.map(({ listener }) => [OWN_METRICS, `${listener.url}/metrics`]),
    ['scope', `${detected.scope}  (${whence(detected, plan, places)})`],
    ['pipelines', plan.pipelines.map(({ id, exporters }) => `${id} → ${exporters.join(', ')}`).join('; ')],
    ['config', configs.join(', ')],
  ];
  const width = Math.max(...rows.map(([name]) => name?.length ?? 0));
  const table = rows.map(([name, value]) => `  ${(name ?? '').padEnd(width)}  ${value}`);
  const receivers = places.filter(({ type }) => type === 'otlp');
  // Nobody types gRPC into a terminal.
  const otlp = receivers.find(({ engine }) => engine !== 'grpc') ?? receivers[0];
  const api = places.find(({ type }) => type === 'dashboard');
  return [
    `Periscope ${version} is running`,
    ...table,
    ...(otlp === undefined ? [] : howToSend(otlp, { plan, detected, configs })),
    ...(api === undefined ? [] : howToAsk(api, plan, configs)),
    ...(api === undefined || ticket === undefined ? [] : howToWatch(api, ticket)),
  ].join('\n');
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

/** How the listener at `place` wants its senders to show who they are. */
function methodsOf(place: Place): readonly string[] {
  const { protocols } = place.config as {
    protocols?: Readonly<Record<string, { readonly auth?: readonly string[] } | undefined>>;
  };
  return (place.engine === 'grpc' ? protocols?.['grpc'] : protocols?.['http'])?.auth ?? [];
}

const shellWord = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

const SET = '--set ';

/** What a command needs to read the same configuration; nothing for the one that it takes by itself. */
function configFlags(configs: readonly string[]): string {
  const flags = configs.filter((source) => resolve(source) !== defaultConfigPath());
  return flags
    .map((flag) => (flag.startsWith(SET) ? ` ${SET}${shellWord(flag.slice(SET.length))}` : ` --config ${shellWord(flag)}`))
    .join('');
}

/** The scope of this process, or, where no exporter takes it, one that some exporter does: what is sent shall arrive. */
function scopeThatLeaves({ exporters }: Plan, { scope }: DetectedScope): string {
  const isTaken = exporters.some(({ delivery: { scopes } }) => scopes === undefined || scopes.includes(scope));
  const [other] = exporters.flatMap(({ delivery: { scopes } }) => scopes ?? []);
  return isTaken ? scope : (other ?? scope);
}

function howToSend(place: Place, { plan, detected, configs }: Pick<Welcome, 'plan' | 'detected' | 'configs'>): string[] {
  const { url, engine, config, scope } = place;
  const isGrpc = engine === 'grpc';
  const wantsToken = methodsOf(place).includes('token');
  const token = [
    '',
    'A token for it:',
    `  TOKEN=$(npx periscope token create${configFlags(configs)} --subject me --scopes ${scope ?? scopeThatLeaves(plan, detected)})`,
  ];
  const sdk = [
    'Environment for an OpenTelemetry SDK:',
    `  export OTEL_EXPORTER_OTLP_ENDPOINT=${url}`,
    `  export OTEL_EXPORTER_OTLP_PROTOCOL=${isGrpc ? 'grpc' : 'http/protobuf'}`,
    ...(wantsToken ? ['  export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer $TOKEN"'] : []),
    '  export OTEL_METRIC_EXPORT_INTERVAL=5000',
    '',
  ];
  const before = wantsToken ? token : [];
  if (isGrpc) return [...before, '', ...sdk];
  const signal = plan.pipelines[0]?.signal ?? 'metrics';
  const paths = (config as { protocols?: { http?: Readonly<Record<string, unknown>> } }).protocols?.http;
  const path = paths?.[`${signal}_url_path`];
  const shows = wantsToken ? ' -H "Authorization: Bearer $TOKEN"' : '';
  return [
    ...before,
    '',
    'Send one item:',
    `  curl -sS ${url}${typeof path === 'string' ? path : `/v1/${signal}`} -H 'content-type: application/json'${shows} -d '${BODIES[signal]}'`,
    '',
    ...sdk,
  ];
}

/** On this machine the owner's token lies in a file. */
function howToAsk({ url, config }: Place, plan: Plan, configs: readonly string[]): string[] {
  if (!(config as { auth: readonly string[] }).auth.includes('token')) return [];
  const path = shellWord(join(plan.storage.directory, 'token'));
  const hasWindows = plan.exporters.some(({ component }) => component.type === 'windows');
  const sql = `  npx periscope sql${configFlags(configs)} "select * from services"`;
  return [
    'Ask what came in and where it is:',
    `  curl -sS ${url}/api/v1/ledger -H "Authorization: Bearer $(cat ${path})"`,
    ...(hasWindows ? [sql] : []),
    '',
  ];
}

/** The last line, so that it is what a person sees. */
const howToWatch = ({ url }: Place, ticket: string): string[] => [
  'Watch it (the link is good once; after that the browser is signed in):',
  `  ${url}/?ticket=${ticket}`,
  '',
];

// The shell puts in the time when the line is pasted.
const NOW = `'"$(date +%s)"'000000000`;
const RESOURCE = '"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]}';
const BODIES: Readonly<Record<Signal, string>> = {
  metrics: `{"resourceMetrics":[{${RESOURCE},"scopeMetrics":[{"metrics":[{"name":"hello.requests","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":"${NOW}","asDouble":42}]}}]}]}]}`,
  traces: `{"resourceSpans":[{${RESOURCE},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"hello","kind":2,"startTimeUnixNano":"${NOW}","endTimeUnixNano":"${NOW}"}]}]}]}`,
  logs: `{"resourceLogs":[{${RESOURCE},"scopeLogs":[{"logRecords":[{"timeUnixNano":"${NOW}","severityNumber":9,"body":{"stringValue":"hello"}}]}]}]}`,
};
