import type { Attributes } from '@opentelemetry/api';
import type * as exporters from '@opentelemetry/exporter-metrics-otlp-http';
import type { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import type * as resources from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';
import type { IMetricReader, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type {
  AgentMeter,
  AgentMeterOptions,
  InstrumentEngine,
  MeterProviderStats,
  OnFault,
  Temporality,
  View,
} from '../metrics/contract.ts';
import type { KeptSource } from '../export/series-log.ts';
import { Faults } from '../metrics/faults.ts';
import { METRIC_LIMITS } from '../metrics/limits.ts';
import { faultOfView } from '../metrics/views.ts';
import { within } from '../within.ts';
import { KeptProducer } from './kept-producer.ts';
import { SdkMeter } from './meter.ts';
import { sdkAggregation, sdkCardinalityLimits, type SdkMetrics, sdkView } from './views.ts';

export interface SdkEngineOptions {
  readonly resource: Attributes;
  /** Where metrics go: the whole URL, with its path; undefined: nothing is sent. */
  readonly url: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly compression?: 'gzip' | 'none';
  /** In PEM. */
  readonly tls?: { readonly ca?: Buffer; readonly key?: Buffer; readonly cert?: Buffer };
  /** Of one export. */
  readonly timeoutMs: number;
  readonly exportIntervalMs: number;
  readonly temporality: Temporality;
  readonly views?: readonly View[];
  readonly cardinalityLimit?: number;
  /** Cardinality limits, of kinds of instruments or of all; no more of it is used. */
  readonly advice?: readonly View[];
  readonly histogramAggregation?: 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
  readonly onFault: OnFault;
}

/** The official SDK behind the agent's interface, with its own reader and exporter: `AGENT_ENGINE=sdk`. */
export interface SdkEngine extends InstrumentEngine {
  /** Exports what was measured until now; false when it did not arrive in time. Never rejects. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Exports once more and ends. Never rejects; twice is once. */
  shutdown(): Promise<void>;
  /** From now on these points are exported, too. */
  sendKept(source: KeptSource): void;
}

/** Loads the SDK, which an agent without it never does. Rejects when its packages are not installed. */
export async function startSdkEngine(options: SdkEngineOptions): Promise<SdkEngine> {
  const [sdk, { OTLPMetricExporter: Exporter }, { resourceFromAttributes }] = await loaded();
  const resource = resourceFromAttributes(options.resource);
  const { url } = options;
  const sending = url === undefined ? undefined : newSending(sdk, Exporter, resource, { ...options, url });
  const faults = new Faults(options.onFault);
  const provider = new sdk.MeterProvider({
    resource,
    readers: sending === undefined ? [] : [sending.reader satisfies IMetricReader],
    views: usable(options.views ?? [], faults).map((view) => sdkView(sdk, view)),
  });
  return new LoadedEngine(provider, sending, faults);
}

type SendingOptions = SdkEngineOptions & { readonly url: string };

/** How what is measured leaves. */
interface Sending {
  readonly reader: PeriodicExportingMetricReader;
  readonly kept: KeptProducer;
  readonly outcomes: Outcomes;
}

function newSending(sdk: SdkMetrics, Exporter: typeof OTLPMetricExporter, resource: Resource, options: SendingOptions): Sending {
  const exporter = newExporter(sdk, Exporter, options);
  const kept = new KeptProducer(sdk, resource);
  const outcomes = watched(exporter, kept);
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: options.exportIntervalMs,
    exportTimeoutMillis: Math.min(options.timeoutMs, options.exportIntervalMs),
    cardinalityLimits: sdkCardinalityLimits([
      { cardinalityLimit: options.cardinalityLimit ?? METRIC_LIMITS.cardinality },
      ...(options.advice ?? []),
    ]),
    metricProducers: [kept],
  });
  return { reader, kept, outcomes };
}

function loaded(): Promise<[SdkMetrics, typeof exporters, typeof resources]> {
  return Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
}

function newExporter(sdk: SdkMetrics, Exporter: typeof OTLPMetricExporter, options: SendingOptions): OTLPMetricExporter {
  // The exporter's own enum, which is not worth another import.
  const preferences = { delta: 0, cumulative: 1, lowmemory: 2 } as const;
  const { histogramAggregation, tls } = options;
  const make = (): OTLPMetricExporter =>
    new Exporter({
      url: options.url,
      headers: { ...options.headers },
      ...(tls === undefined ? {} : { httpAgentOptions: { keepAlive: true, ...tls } }),
      timeoutMillis: options.timeoutMs,
      compression: (options.compression ?? 'none') as never,
      temporalityPreference: preferences[options.temporality] as never,
      aggregationPreference: (kind) =>
        sdkAggregation(
          sdk,
          kind === sdk.InstrumentType.HISTOGRAM && histogramAggregation !== undefined
            ? { type: histogramAggregation }
            : { type: 'default' },
        ),
    });
  return withoutVariables(/^OTEL_EXPORTER_OTLP_/, make);
}

/** The exporter would add what it finds in the environment, which may not count: a file stands in its place. */
function withoutVariables<Made>(names: RegExp, make: () => Made): Made {
  const hidden = Object.entries(process.env).filter(([name]) => names.test(name));
  for (const [name] of hidden) delete process.env[name];
  try {
    return make();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}

/** Whether the last export arrived: the reader's flush does not tell. */
interface Outcomes {
  arrived: boolean;
}

function watched(exporter: OTLPMetricExporter, kept: KeptProducer): Outcomes {
  const outcomes: Outcomes = { arrived: true };
  const send = exporter.export.bind(exporter);
  exporter.export = (metrics, done) =>
    send(metrics, (result) => {
      // ExportResultCode.SUCCESS, which is not worth another import.
      outcomes.arrived = result.code === 0;
      if (outcomes.arrived) kept.arrived(metrics.scopeMetrics);
      done(result);
    });
  return outcomes;
}

/** A view that cannot be used would make the SDK throw; it is told of and left out. */
function usable(views: readonly View[], faults: Faults): readonly View[] {
  return views.filter((view) => {
    const fault = faultOfView(view);
    if (fault === undefined) return true;
    const selected = view.instrumentName ?? '*';
    faults.count('view', selected, () => `cannot apply the view of ${selected}: ${fault}`);
    return false;
  });
}

class LoadedEngine implements SdkEngine {
  readonly #provider: MeterProvider;
  readonly #sending: Sending | undefined;
  readonly #faults: Faults;
  #instruments = 0;
  #ended: Promise<void> | undefined;

  constructor(provider: MeterProvider, sending: Sending | undefined, faults: Faults) {
    this.#provider = provider;
    this.#sending = sending;
    this.#faults = faults;
  }

  getMeter(name: string, version?: string, options?: AgentMeterOptions): AgentMeter {
    return new SdkMeter(this.#provider.getMeter(name, version, options), this.#faults, () => (this.#instruments += 1));
  }

  /** The SDK runs callbacks itself when it collects. */
  observe(): Promise<void> {
    return Promise.resolve();
  }

  sendKept(source: KeptSource): void {
    this.#sending?.kept.attach(source);
  }

  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#sending === undefined) return true;
    const { reader, outcomes } = this.#sending;
    const arrived = reader.forceFlush().then(() => outcomes.arrived);
    return within(arrived, timeoutMs, false, false);
  }

  shutdown(): Promise<void> {
    this.#ended ??= this.#provider.shutdown().catch(() => undefined);
    return this.#ended;
  }

  /** The SDK does not tell how many series it has, nor which are over their limit. */
  stats(): MeterProviderStats {
    return { instruments: this.#instruments, series: undefined, dropped: { ...this.#faults.counts }, overflowing: [] };
  }
}
