import { metrics } from '@opentelemetry/api';
import { deafCopy } from './api-copy.ts';
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
  if (metrics.setGlobalMeterProvider(engine)) {
    const deaf = deafCopy();
    if (deaf !== undefined) warn(deaf);
    return true;
  }
  warn(
    `cannot register the agent's MeterProvider: ${nameOf(metrics.getMeterProvider())} is there already, or another version of ` +
      '@opentelemetry/api is; what the application measures by itself goes there (npx @periscope-otel/agent doctor)',
  );
  return false;
}

function nameOf(provider: object): string {
  return provider.constructor?.name ?? 'another provider';
}
