import type { metrics } from '@opentelemetry/api';
import { copyToRegister, deafCopy, programCopy } from './api-copy.ts';
import { apiGlobal, apiGlobalOf } from './api-global.ts';
import { nodeFs } from './builtins.ts';
import { IS_BUN } from './instrumentations/bun.ts';
import type { InstrumentEngine, OnFault, SeriesSink, View } from './metrics/contract.ts';
import { AgentMeterProvider } from './metrics/provider.ts';
import type { Settings } from './settings.ts';

/** The agent's own MeterProvider, as its settings want it. */
export function startEngine(
  { metrics: wanted, views, advice }: Settings,
  sink: SeriesSink,
  onFault: OnFault,
  ownAdvice: readonly View[],
): AgentMeterProvider {
  return new AgentMeterProvider({
    sink,
    onFault,
    views,
    advice: [...advice, ...ownAdvice],
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
  const program = programCopy();
  const version = there?.version ?? copyToRegister(program)?.version;
  if (version === undefined) registerBundled(engine);
  else apiGlobalOf(version).metrics = engine;
  const deaf = deafCopy(program);
  if (deaf !== undefined) warn(deaf);
  return true;
}

/** Of a bundler, which puts in its place what it names, and of Bun. In an ES module of Node there is none. */
declare const require: (name: '@opentelemetry/api') => Api;
type Api = { readonly metrics: typeof metrics };

/** No copy is installed where one would be looked for: if there is one at all it is in the application's own file, which a bundler
 *  made of it and of the agent. */
function registerBundled(engine: InstrumentEngine): void {
  if (isInItsOwnFile()) return;
  const registering = (api: Api): void => void api.metrics.setGlobalMeterProvider(engine);
  try {
    // At once: what the rest of the file measures with is made before a promise has its turn.
    registering(require('@opentelemetry/api'));
  } catch {
    void import('@opentelemetry/api').then(registering).catch(() => undefined);
  }
}

/** As it is installed: beside the program of its worker. Then nobody has put a copy in: Bun would fetch one from the network, and
 *  Node take 2 ms to find none. On Node somebody may have put the worker's program beside a file of their own. */
function isInItsOwnFile(): boolean {
  const { url } = import.meta;
  return (IS_BUN || OWN_PLACE.test(url)) && nodeFs.existsSync(new URL('./worker.js', url));
}

/** Where the package has its bundles. */
const OWN_PLACE = /\/dist\/node\/[\w-]+\/index\.js$/;

function nameOf(provider: object): string {
  return provider.constructor?.name ?? 'another provider';
}
