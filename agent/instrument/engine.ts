import { metrics } from '@opentelemetry/api';
import type { InstrumentEngine, SeriesSink, View } from './metrics/contract.ts';
import { AgentMeterProvider } from './metrics/provider.ts';

export interface StartedEngine {
  readonly engine: InstrumentEngine;
  /** Whether the API's instruments are ours; false when another provider was there first, which is left alone. */
  readonly registered: boolean;
}

/** Makes the MeterProvider and registers it with the API, unless somebody else has: the application's choice stands. */
export function startEngine(sink: SeriesSink, tell: (text: string) => void, views: readonly View[] = []): StartedEngine {
  const engine = new AgentMeterProvider({ sink, views, onFault: (_kind, detail) => tell(detail) });
  const registered = metrics.setGlobalMeterProvider(engine);
  if (!registered) {
    tell(
      `cannot register the agent's MeterProvider: ${nameOf(metrics.getMeterProvider())} is there already, or another copy of ` +
        '@opentelemetry/api; what the application measures goes there',
    );
  }
  return { engine, registered };
}

function nameOf(provider: object): string {
  return provider.constructor?.name ?? 'another provider';
}
