import type { Meter } from '@opentelemetry/api';
import { bunServe } from './bun-serve.ts';
import type { Instrumentation, InstrumentationSettings, InstrumentationState, Started, Stop, Tools } from './contract.ts';
import { express } from './express.ts';
import { fastify } from './fastify.ts';
import { fetchClient } from './fetch.ts';
import { httpClient } from './http-client.ts';
import { httpServer } from './http-server.ts';
import { INSTRUMENTATION_LIMITS } from './limits.ts';
import { OwnTraffic } from './own-traffic.ts';
import { processMetrics } from './process.ts';
import { Routes } from './routes.ts';
import { runtime } from './runtime.ts';

export type { InstrumentationSettings, InstrumentationState } from './contract.ts';
export { honoRoutes } from './hono.ts';
export { setRoute } from './routes.ts';
export { type S3PerfRow, trackS3, type TrackS3Options } from './s3.ts';

const INSTRUMENTATIONS: readonly Instrumentation[] = [
  httpServer,
  httpClient,
  fetchClient,
  bunServe,
  fastify,
  express,
  runtime,
  processMetrics,
];

/** Names of the official packages, which people have in OTEL_NODE_*_INSTRUMENTATIONS, and what they mean here. */
const OFFICIAL_NAMES: Readonly<Record<string, readonly string[]>> = {
  http: ['http-server', 'http-client', 'bun-serve'],
  undici: ['fetch'],
  'runtime-node': ['runtime'],
  'host-metrics': ['process'],
};

export interface Instrumentations {
  /** Gives back what was wrapped. Safe twice. */
  stop(): void;
  report(): readonly InstrumentationState[];
}

/**
 * Starts what this runtime has use for. Never throws: what cannot start is off, and the report says why. What runs never
 * throws into the application either.
 */
export function startInstrumentations(meter: Meter, settings: InstrumentationSettings = {}): Instrumentations {
  return startThese(INSTRUMENTATIONS, meter, settings);
}

/** The same with these alone: a bundle holds those that it was built for. */
export function startThese(
  instrumentations: readonly Instrumentation[],
  meter: Meter,
  settings: InstrumentationSettings,
): Instrumentations {
  const shared = { meter, ownTraffic: new OwnTraffic(settings.ownEndpoints), routes: new Routes() };
  const started = instrumentations.map((instrumentation) => ({
    name: instrumentation.name,
    outcome: start(instrumentation, { ...shared, ...toolsFor(instrumentation.name, settings) }, settings),
  }));
  let stopped = false;
  return {
    stop: () => {
      if (stopped) return;
      stopped = true;
      // The last one first: two that wrapped the same thing unwrap it in turn.
      for (const { outcome } of started.toReversed()) if ('stop' in outcome) outcome.stop();
    },
    report: () => [
      ...started.map(({ name, outcome }) => state(name, outcome, stopped)),
      { name: 'hono', on: false, why: 'it tells routes to its middleware only: app.use(honoRoutes()) turns them on' },
      { name: 's3', on: false, why: 'it is turned on per client: trackS3(client)' },
    ],
  };
}

function start(instrumentation: Instrumentation, tools: Tools, settings: InstrumentationSettings): Started {
  const { enabled, disabled = [] } = settings.instrumentations ?? {};
  const { name } = instrumentation;
  if (enabled !== undefined && !named(enabled).has(name)) return { why: 'it is not among the enabled instrumentations' };
  if (named(disabled).has(name)) return { why: 'it is disabled' };
  try {
    return instrumentation.start(tools);
  } catch (error) {
    return { why: `cannot start instrumentation ${name}: ${String(error)}` };
  }
}

function named(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => OFFICIAL_NAMES[name] ?? [name]));
}

function state(name: string, outcome: Started, stopped: boolean): InstrumentationState {
  if ('why' in outcome) return { name, on: false, why: outcome.why };
  return stopped ? { name, on: false, why: 'it was stopped' } : { name, on: true };
}

function toolsFor(name: string, settings: InstrumentationSettings): Pick<Tools, 'later' | 'quietly' | 'soon'> {
  const quietly = quietFor(name, settings);
  return {
    quietly,
    later: (begin) => {
      if (settings.later === undefined) return begin();
      const begun = once(begin, quietly);
      settings.later(begun.step);
      return begun.stop;
    },
    soon: (begin) => {
      if (settings.later === undefined) return begin();
      const begun = once(begin, quietly);
      settings.later(begun.step);
      const timer = setTimeout(begun.step, INSTRUMENTATION_LIMITS.beginDelayMs);
      timer.unref();
      return () => {
        clearTimeout(timer);
        begun.stop();
      };
    },
  };
}

/** Begins with the first step, and never once it was stopped. */
function once(begin: () => Stop, quietly: Tools['quietly']): { readonly step: () => void; readonly stop: Stop } {
  let stop: Stop | undefined;
  let over = false;
  return {
    step: quietly(() => {
      if (over) return;
      over = true;
      stop = begin();
    }),
    stop: () => {
      over = true;
      stop?.();
    },
  };
}

/** What a step throws is told once per instrumentation, and stays here. */
function quietFor(name: string, { onFault }: InstrumentationSettings): Tools['quietly'] {
  let told = false;
  return (step) =>
    (...given) => {
      try {
        step(...given);
      } catch (error) {
        if (told) return;
        told = true;
        onFault?.(name, error);
      }
    };
}
