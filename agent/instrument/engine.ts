import type { metrics } from '@opentelemetry/api';
import { deafCopy, versionToRegister } from './api-copy.ts';
import { apiGlobal, apiGlobalOf } from './api-global.ts';
import type { InstrumentEngine, OnFault, SeriesSink, View } from './metrics/contract.ts';
import { AgentMeterProvider } from './metrics/provider.ts';
import type { Settings } from './settings.ts';

/** The agent's own MeterProvider, as its settings want it. */
export function startEngine(
  { metrics: wanted }: Settings,
  sink: SeriesSink,
  onFault: OnFault,
  views: readonly View[] = [],
): AgentMeterProvider {
  return new AgentMeterProvider({
    sink,
    onFault,
    views,
    histogramAggregation: wanted.histogramAggregation,
    exemplarFilter: wanted.exemplarFilter,
  });
}

/** Registers it with the API, unless somebody else has: the application's choice stands, and false comes back. */
export function register(engine: InstrumentEngine, warn: (line: string) => void): boolean {
  const there = apiGlobal();
  if (there?.metrics !== undefined) {
    warn(
      `cannot register the agent's MeterProvider: ${nameOf(there.metrics)} is there already; what the application measures by ` +
        'itself goes there (npx @periscope-otel/agent doctor)',
    );
    return false;
  }
  const version = there?.version ?? versionToRegister();
  if (version === undefined) registerWhenLoaded(engine);
  else apiGlobalOf(version).metrics = engine;
  const deaf = there === undefined ? undefined : deafCopy();
  if (deaf !== undefined) warn(deaf);
  return true;
}

/** No copy is installed where one would be looked for: if there is one at all it is in the application's own file, which a bundler
 *  made of it and of the agent. */
function registerWhenLoaded(engine: InstrumentEngine): void {
  const registering = (api: { readonly metrics: typeof metrics }): void => void api.metrics.setGlobalMeterProvider(engine);
  void import('@opentelemetry/api').then(registering).catch(() => undefined);
}

function nameOf(provider: object): string {
  return provider.constructor?.name ?? 'another provider';
}
