import { apiGlobal } from '../api-global.ts';
import type { EndPart } from '../export/flush-at-end.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { packagesFolder } from '../node-modules.ts';
import { type ResourceAttributes, withoutUndefined } from '../resource.ts';
import { within } from '../within.ts';
import {
  loadOfficialPackages,
  type OfficialPackages,
  type SpanExporter,
  type WantedInstrumentations,
} from './official-packages.ts';
import type { SpanSending, SpanSendingOptions } from './span-sending.ts';

/** Of spans the sampler, limits and batches are read by the SDK from OTEL_*. */
export interface TraceOptions extends SpanSendingOptions {
  readonly resource: ResourceAttributes;
  readonly instrumentations: WantedInstrumentations;
  /** The file from which packages are looked for; default: the program, or the folder it is started in. */
  readonly program?: string;
}

export interface Traces extends EndPart {
  /** Sends the spans that have ended. Never rejects, and never takes longer. */
  flush(timeoutMs?: number): Promise<void>;
  /** Sends them and ends. Never rejects. */
  shutdown(): Promise<void>;
}

/** Official instrumentations of what the agent measures itself. Their spans are wanted; their metrics would be there twice. */
const MEASURED_BY_THE_AGENT = /\/instrumentation-(http|undici|runtime-node)$/;

/**
 * Traces by the official SDK (`@opentelemetry/sdk-node`), which the application has installed: `AGENT_TRACES=1`. Its batches are
 * sent by a thread of their own. Throws when it is not installed or cannot start.
 */
export function startTraces(options: TraceOptions): Traces {
  const flush = (timeoutMs: number = EXPORT_LIMITS.flushMs): Promise<void> => within(flushed(), timeoutMs, undefined, true);
  // Before the packages, which take a tenth of a second: it is there when the application begins.
  const loading = import('./span-sending.ts');
  const packages = loadOfficialPackages(options.program ?? `${packagesFolder()}/`, options.instrumentations);
  const official = (): SpanExporter => new packages.exporter.OTLPTraceExporter({ url: options.otlp.url });
  let sending: SpanSending | undefined;
  const loaded = loading.then(
    ({ spanSending }) => (sending = spanSending(options, packages.serialize, official, flush)),
    official,
  );
  const before = provider();
  const running = startSdk(packages, options.resource, {
    // Not by the promise where it is there: the process may end now.
    export: (spans, done) =>
      sending === undefined ? void loaded.then((exporter) => exporter.export(spans, done)) : sending.export(spans, done),
    shutdown: () => loaded.then((exporter) => exporter.shutdown()),
  });
  // Where the application registered one first, that has its own exporter.
  const isOurs = provider() !== before;
  return {
    flush,
    turning: (timeoutMs) => (isOurs && sending?.isThreaded === true ? undefined : flush(timeoutMs)),
    beginFlush: (timeoutMs) => sending?.beginFlush(timeoutMs),
    shutdown: () => within(running.shutdown(), EXPORT_LIMITS.flushMs, undefined, true),
  };
}

function startSdk(
  { sdk, instrumentations }: OfficialPackages,
  resource: ResourceAttributes,
  traceExporter: SpanExporter,
): { shutdown(): Promise<void> } {
  const running = new sdk.NodeSDK({
    resource: sdk.resources.resourceFromAttributes(withoutUndefined(resource)),
    autoDetectResources: false,
    // Metrics are the agent's.
    metricReaders: [],
    traceExporter,
    instrumentations: [...instrumentations],
  });
  // It would export logs, too, where nothing is said of them.
  const { env } = process;
  const logs = env['OTEL_LOGS_EXPORTER'];
  env['OTEL_LOGS_EXPORTER'] ??= 'none';
  try {
    running.start();
  } finally {
    if (logs === undefined) delete env['OTEL_LOGS_EXPORTER'];
  }
  const nothing = sdk.api.createNoopMeter();
  for (const each of instrumentations)
    if (MEASURED_BY_THE_AGENT.test(each.instrumentationName)) each.setMeterProvider({ getMeter: () => nothing });
  return running;
}

interface Provider {
  forceFlush?(): Promise<void>;
}

/** Whoever provides spans. */
function provider(): Provider | undefined {
  return apiGlobal()?.trace?.getDelegate?.() as Provider | undefined;
}

async function flushed(): Promise<void> {
  await provider()?.forceFlush?.();
}
