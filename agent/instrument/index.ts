/**
 * `@periscope-otel/agent`: importing it starts the agent. Here its parts are put together, and here alone flags are asked for
 * (docs/decisions/0027): what is behind a flag that a bundle was built without is not in it.
 *
 * Nothing here throws into the application.
 */
import { feature } from 'bun:bundle';
import { startEngine } from './engine.ts';
import type { InstrumentEngine } from './metrics/contract.ts';
import { MockApi } from './mock/mock-api.ts';

const { env } = process;

/** What would be sent, kept in memory: with `AGENT_MOCK_API=1`, in a bundle with the flag MOCK_API. */
export const mockApi: MockApi | undefined = feature('MOCK_API') ? startedMock() : undefined;

/** The MeterProvider of the agent; undefined while nobody would read what it measures. */
export const engine: InstrumentEngine | undefined = feature('METRICS') ? startedEngine() : undefined;

function startedMock(): MockApi | undefined {
  return env['AGENT_MOCK_API'] === '1'
    ? new MockApi({ 'service.name': env['OTEL_SERVICE_NAME'] ?? 'unknown_service' })
    : undefined;
}

function startedEngine(): InstrumentEngine | undefined {
  if (mockApi === undefined) return undefined;
  const started = startEngine(mockApi.sink, tell);
  mockApi.attach(started.engine);
  return started.engine;
}

/** A line for whoever debugs the agent. */
function tell(text: string): void {
  if (feature('DEBUG')) process.stderr.write(`periscope-agent debug: ${text}\n`);
}
