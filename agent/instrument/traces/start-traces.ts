import { apiGlobal } from '../api-global.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { packagesFolder } from '../node-modules.ts';
import type { ResourceAttributes } from '../resource.ts';
import { within } from '../within.ts';
import { loadOfficialPackages, type WantedInstrumentations } from './official-packages.ts';

export interface TraceOptions {
  /** Where spans go: the whole URL, with its path. Headers, timeouts and the sampler are read by the SDK from OTEL_*. */
  readonly url: string;
  readonly resource: ResourceAttributes;
  readonly instrumentations: WantedInstrumentations;
  /** The file from which packages are looked for; default: the program, or the folder it is started in. */
  readonly program?: string;
}

export interface Traces {
  /** Sends the spans that have ended. Never rejects, and never takes longer. */
  flush(timeoutMs?: number): Promise<void>;
  /** Sends them and ends. Never rejects. */
  shutdown(): Promise<void>;
}

/** Official instrumentations of what the agent measures itself. Their spans are wanted; their metrics would be there twice. */
const MEASURED_BY_THE_AGENT = /\/instrumentation-(http|undici|runtime-node)$/;

/**
 * Traces by the official SDK (`@opentelemetry/sdk-node`), which the application has installed: `AGENT_TRACES=1`. It exports by
 * OTLP from the application's thread. Throws when it is not installed or cannot start.
 */
export function startTraces({ url, resource, instrumentations: wanted, program = `${packagesFolder()}/` }: TraceOptions): Traces {
  const { sdk, exporter, instrumentations } = loadOfficialPackages(program, wanted);
  const attributes = Object.entries(resource).filter(([, value]) => value !== undefined);
  const running = new sdk.NodeSDK({
    resource: sdk.resources.resourceFromAttributes(Object.fromEntries(attributes)),
    autoDetectResources: false,
    // Metrics are the agent's.
    metricReaders: [],
    traceExporter: new exporter.OTLPTraceExporter({ url }),
    instrumentations: [...instrumentations],
  });
  withoutLogs(() => running.start());
  const nothing = sdk.api.createNoopMeter();
  for (const each of instrumentations)
    if (MEASURED_BY_THE_AGENT.test(each.instrumentationName)) each.setMeterProvider({ getMeter: () => nothing });
  const flush = (timeoutMs: number = EXPORT_LIMITS.flushMs): Promise<void> => within(flushed(), timeoutMs, undefined, true);
  // The SDK's own timer lets the process end.
  const endOfLoop = (): void => void flush();
  process.once('beforeExit', endOfLoop);
  return {
    flush,
    shutdown: () => {
      process.removeListener('beforeExit', endOfLoop);
      return within(running.shutdown(), EXPORT_LIMITS.flushMs, undefined, true);
    },
  };
}

/** The spans of whoever provides them: it is the application's own provider where it registered one first. */
async function flushed(): Promise<void> {
  const provider = apiGlobal()?.trace?.getDelegate?.() as { forceFlush?(): Promise<void> } | undefined;
  await provider?.forceFlush?.();
}

/** The SDK would export logs, too, where nothing is said of them. */
function withoutLogs(start: () => void): void {
  if (process.env['OTEL_LOGS_EXPORTER'] !== undefined) return start();
  process.env['OTEL_LOGS_EXPORTER'] = 'none';
  try {
    start();
  } finally {
    delete process.env['OTEL_LOGS_EXPORTER'];
  }
}
