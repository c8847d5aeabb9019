import type { AttributeValue } from '@opentelemetry/api';
import { EnvironmentReader, type Environment } from './environment.ts';
import { SETTING_LIMITS } from './limits.ts';
import type { View } from './metrics/contract.ts';
import { readScopeTags, type ScopeTags } from './scope-tags.ts';

export const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const DETECTORS = ['env', 'host', 'os', 'process', 'serviceinstance'] as const;
export type Detector = (typeof DETECTORS)[number];

export interface OtlpSettings {
  /** Where metrics are posted to, path and all. */
  readonly url: string;
  /** Nobody said where: it is the default, and nobody being there is no fault. */
  readonly isDefault: boolean;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly compression: 'gzip' | 'none';
  /** Files in PEM. */
  readonly certificate: string | undefined;
  readonly clientKey: string | undefined;
  readonly clientCertificate: string | undefined;
}

export interface MetricSettings {
  readonly exporter: 'otlp' | 'none';
  readonly temporality: 'cumulative' | 'delta' | 'lowmemory';
  readonly histogramAggregation: 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
  readonly exemplarFilter: 'trace_based' | 'always_on' | 'always_off';
  readonly intervalMs: number;
  /** Of one export: asking the callbacks, and every request of it. */
  readonly exportTimeoutMs: number;
}

/** What the environment, or the file of OTEL_CONFIG_FILE, asks of the agent; see environment.md. All but the views is plain data, which
 *  may be sent to a worker. */
export interface Settings {
  readonly disabled: boolean;
  readonly engine: 'own' | 'sdk';
  /** Where spans go, and how; undefined: there are to be none. */
  readonly traces: OtlpSettings | undefined;
  /** Where export runs: `none` measures and sends nothing. */
  readonly mode: 'worker' | 'main' | 'none';
  /** A fault while the agent starts is thrown: for tests of a deployment. */
  readonly strict: boolean;
  /** Undefined: where it costs nothing. */
  readonly asyncScope: boolean | undefined;
  readonly logLevel: LogLevel;
  readonly serviceName: string | undefined;
  readonly resourceAttributes: Readonly<Record<string, AttributeValue>>;
  readonly detectors: readonly Detector[];
  readonly scope: ScopeTags;
  readonly metrics: MetricSettings;
  readonly otlp: OtlpSettings;
  readonly views: readonly View[];
  /** Limits of a file, where views have none: each a cardinality limit, of a kind of instrument or of all. */
  readonly advice: readonly View[];
  readonly instrumentations: { readonly enabled: readonly string[] | undefined; readonly disabled: readonly string[] };
  /** Names of the variables that were set and used. */
  readonly from: readonly string[];
}

/** Field names of HTTP, and what a value of one may not hold. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const DEFAULT_ENDPOINT = 'http://localhost:4318';

/** The settings of this process. A bad value is told once, by `warn`, and its default stands; never throws. */
export function readSettings(environment: Environment, warn: (line: string) => void): Settings {
  const read = new EnvironmentReader(environment, warn);
  const otlp = readOtlp(read, 'METRICS');
  const settings = {
    disabled: read.flag('OTEL_SDK_DISABLED'),
    engine: read.choice(['AGENT_ENGINE'], ['own', 'sdk'], 'own'),
    traces: readTraces(read),
    mode: read.choice(['AGENT_MODE'], ['worker', 'main', 'none'], 'worker'),
    strict: read.flag('AGENT_STRICT'),
    asyncScope: read.text('AGENT_ASYNC_SCOPE') === undefined ? undefined : read.flag('AGENT_ASYNC_SCOPE'),
    logLevel: read.choice(['OTEL_LOG_LEVEL'], LOG_LEVELS, 'info'),
    serviceName: read.text('OTEL_SERVICE_NAME'),
    resourceAttributes: read.pairs(['OTEL_RESOURCE_ATTRIBUTES'], () => true),
    detectors: readDetectors(read),
    scope: readScopeTags(read, environment),
    metrics: readMetrics(read, otlp.url),
    otlp,
    views: [],
    advice: [],
    instrumentations: {
      enabled: read.list('OTEL_NODE_ENABLED_INSTRUMENTATIONS'),
      disabled: read.list('OTEL_NODE_DISABLED_INSTRUMENTATIONS') ?? [],
    },
  } satisfies Omit<Settings, 'from'>;
  return deepFrozen({ ...settings, from: [...read.used] });
}

/** Whether HTTP can carry it. */
export const isHeader = (name: string, value: string): boolean => HEADER_NAME.test(name) && HEADER_VALUE.test(value);

/** Whether a collector at this address is on this machine. */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function readMetrics(read: EnvironmentReader, url: string): MetricSettings {
  const otlp = 'OTEL_EXPORTER_OTLP_METRICS';
  const interval = isLocal(url) ? SETTING_LIMITS.localIntervalMs : SETTING_LIMITS.intervalMs;
  const times = { min: 1, max: SETTING_LIMITS.longestMs };
  return {
    exporter: read.choice(['OTEL_METRICS_EXPORTER'], ['otlp', 'none'], 'otlp'),
    temporality: read.choice([`${otlp}_TEMPORALITY_PREFERENCE`], ['cumulative', 'delta', 'lowmemory'], 'cumulative'),
    histogramAggregation: read.choice(
      [`${otlp}_DEFAULT_HISTOGRAM_AGGREGATION`],
      ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'],
      'explicit_bucket_histogram',
    ),
    exemplarFilter: read.choice(['OTEL_METRICS_EXEMPLAR_FILTER'], ['trace_based', 'always_on', 'always_off'], 'trace_based'),
    intervalMs: read.number(['OTEL_METRIC_EXPORT_INTERVAL'], times, interval),
    exportTimeoutMs: read.number(['OTEL_METRIC_EXPORT_TIMEOUT'], times, SETTING_LIMITS.exportTimeoutMs),
  };
}

type SignalName = 'METRICS' | 'TRACES';

function readOtlp(read: EnvironmentReader, signal: SignalName): OtlpSettings {
  // The variable of the signal counts before that of all signals.
  const names = (what: string): readonly string[] => [`OTEL_EXPORTER_OTLP_${signal}_${what}`, `OTEL_EXPORTER_OTLP_${what}`];
  read.choice(names('PROTOCOL'), ['http/protobuf'], 'http/protobuf');
  const url = readEndpoint(read, signal);
  const headers = read.pairs(names('HEADERS'), isHeader);
  return {
    url: url ?? `${DEFAULT_ENDPOINT}/v1/${signal.toLowerCase()}`,
    isDefault: url === undefined,
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])),
    timeoutMs: read.number(names('TIMEOUT'), { min: 1, max: SETTING_LIMITS.longestMs }, SETTING_LIMITS.requestTimeoutMs),
    compression: read.choice(names('COMPRESSION'), ['gzip', 'none'], 'gzip'),
    certificate: read.text(...names('CERTIFICATE')),
    clientKey: read.text(...names('CLIENT_KEY')),
    clientCertificate: read.text(...names('CLIENT_CERTIFICATE')),
  };
}

function readTraces(read: EnvironmentReader): OtlpSettings | undefined {
  if (!read.flag('AGENT_TRACES') || read.choice(['OTEL_TRACES_EXPORTER'], ['otlp', 'none'], 'otlp') === 'none') return undefined;
  return readOtlp(read, 'TRACES');
}

/** The endpoint of a signal is used as it is, the one of all signals gets its path. */
function readEndpoint(read: EnvironmentReader, signal: SignalName): string | undefined {
  const own = `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`;
  const all = 'OTEL_EXPORTER_OTLP_ENDPOINT';
  const judge = (name: string, text: string | undefined): URL | undefined => {
    const url = text === undefined ? undefined : httpUrl(text);
    if (text !== undefined && url === undefined)
      read.refuse(name, 'it is no address that begins with http:// or https://', DEFAULT_ENDPOINT);
    return url;
  };
  const exact = judge(own, read.text(own));
  if (exact !== undefined) return exact.href;
  const base = judge(all, read.text(all));
  if (base === undefined) return undefined;
  base.pathname = `${base.pathname.replace(/\/+$/, '')}/v1/${signal.toLowerCase()}`;
  return base.href;
}

export function httpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

function readDetectors(read: EnvironmentReader): readonly Detector[] {
  const name = 'OTEL_NODE_RESOURCE_DETECTORS';
  const given = read.list(name);
  if (given === undefined || given.includes('all')) return DETECTORS;
  if (given.includes('none')) return [];
  const unknown = given.filter((each) => !DETECTORS.some((known) => known === each));
  if (unknown.length > 0) read.refuse(name, `of its detectors some are none of ${DETECTORS.join(', ')}`, 'the others');
  return DETECTORS.filter((each) => given.includes(each));
}

function deepFrozen<Value extends object>(value: Value): Value {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) deepFrozen(each as object);
  return Object.freeze(value);
}
