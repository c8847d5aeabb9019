/**
 * What one measurement costs: `record.js ROW CONTENDER EFFORT` prints the ns of one. One contender in one process, as the
 * engine's optimiser would else serve one at the cost of another.
 */
import { setFlagsFromString } from 'node:v8';
import type { Meter } from '@opentelemetry/api';
import type { AgentMeter } from '../../../agent/instrument/metrics/contract.ts';
import { loadAgent } from './contender.ts';
import { CALLS, type EffortName, EFFORTS, nsPerCall } from './timing.ts';

const SERIES = 1000;

/** As an HTTP server has them: few methods, some status codes, many routes. */
const SETS: readonly Record<string, string | number>[] = Array.from({ length: SERIES }, (_, i) => ({
  'http.request.method': ['GET', 'POST', 'PUT', 'DELETE'][i % 4]!,
  'http.response.status_code': [200, 201, 404, 500][(i >> 2) % 4]!,
  'http.route': `/api/v1/things/${i >> 4}/:id`,
  'url.scheme': 'https',
}));
/** The same for prom-client, whose labels have names without dots. */
const LABELS: readonly Record<string, string | number>[] = SETS.map((set) =>
  Object.fromEntries(Object.entries(set).map(([key, value]) => [key.replaceAll('.', '_'), value])),
);
const LABEL_NAMES = Object.keys(LABELS[0]!);
/** No order that a processor's caches could be glad of. */
const ORDER = Uint16Array.from({ length: CALLS }, (_, i) => (i * 7919) % SERIES);
/** Durations as servers have them, in ms: half of them between 12 and 50, one in a hundred above 250. */
const DURATIONS = Float64Array.from({ length: CALLS }, (_, i) => 25 * Math.exp(normal((i * 7919 + 0.5) % CALLS)));

/** A normally distributed number for the i-th of CALLS: a logistic one, which differs little. */
function normal(i: number): number {
  const share = (i + 0.5) / (CALLS + 1);
  return Math.log(share / (1 - share)) / 1.7;
}

type Batch = () => unknown;
type Contenders = Readonly<Record<string, () => Promise<Batch>>>;

async function sdkMeter(): Promise<Meter> {
  const { MeterProvider, PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  // The agent's own interval, to the same collector.
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: 5000,
    exportTimeoutMillis: 4000,
  });
  return new MeterProvider({ readers: [reader] }).getMeter('bench');
}

async function agentMeter(): Promise<AgentMeter> {
  const { engine } = await loadAgent();
  if (engine === undefined) throw new Error('cannot measure: the agent did not start');
  return engine.getMeter('bench');
}

const counter: Contenders = {
  ours: async () => {
    const made = (await agentMeter()).createCounter('bench.requests');
    return () => {
      for (let i = 0; i < CALLS; i++) made.add(1, SETS[ORDER[i]!]);
    };
  },
  'sdk-metrics': async () => {
    const made = (await sdkMeter()).createCounter('bench.requests');
    return () => {
      for (let i = 0; i < CALLS; i++) made.add(1, SETS[ORDER[i]!]);
    };
  },
  'prom-client': async () => {
    const { Counter } = await import('prom-client');
    const made = new Counter({ name: 'bench_requests', help: 'requests', labelNames: LABEL_NAMES });
    return () => {
      for (let i = 0; i < CALLS; i++) made.inc(LABELS[ORDER[i]!]!, 1);
    };
  },
};

/** Of a peer that cannot bind its cheapest way: one set of attributes, the same object each time. */
const boundCounter: Contenders = {
  ours: async () => {
    const made = (await agentMeter()).createCounter('bench.requests');
    const bound = SETS.map((set) => made.bind(set));
    return () => {
      for (let i = 0; i < CALLS; i++) bound[ORDER[i]!]!.add(1);
    };
  },
  'sdk-metrics': counter['sdk-metrics']!,
  'prom-client': async () => {
    const { Counter } = await import('prom-client');
    const made = new Counter({ name: 'bench_requests', help: 'requests', labelNames: LABEL_NAMES });
    const bound = LABELS.map((labels) => made.labels(labels));
    return () => {
      for (let i = 0; i < CALLS; i++) bound[ORDER[i]!]!.inc(1);
    };
  },
};

const boundHistogram: Contenders = {
  ours: async () => {
    const bound = (await agentMeter()).createHistogram('bench.duration').bind(SETS[0]);
    return () => {
      for (let i = 0; i < CALLS; i++) bound.record(DURATIONS[i]!);
    };
  },
  'sdk-metrics': async () => {
    const made = (await sdkMeter()).createHistogram('bench.duration');
    const attributes = SETS[0]!;
    return () => {
      for (let i = 0; i < CALLS; i++) made.record(DURATIONS[i]!, attributes);
    };
  },
  'prom-client': async () => {
    const { Histogram } = await import('prom-client');
    const buckets = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];
    const made = new Histogram({ name: 'bench_duration', help: 'durations', labelNames: LABEL_NAMES, buckets });
    const bound = made.labels(LABELS[0]!);
    return () => {
      for (let i = 0; i < CALLS; i++) bound.observe(DURATIONS[i]!);
    };
  },
};

type Numbers = (number: number) => number;
type PromisedNumbers = (number: number) => Promise<number>;

const repeat = (fn: Numbers): Batch => {
  return () => {
    let sum = 0;
    for (let i = 0; i < CALLS; i++) sum += fn(i);
    return sum;
  };
};
const repeatAwaited = (fn: PromisedNumbers): Batch => {
  return async () => {
    let sum = 0;
    for (let i = 0; i < CALLS; i++) sum += await fn(i);
    return sum;
  };
};
const sync: Numbers = (number) => number + 1;
const asynchronous: PromisedNumbers = async (number) => number + 1;

const trackedSync: Contenders = {
  bare: async () => repeat(sync),
  ours: async () => repeat((await loadAgent()).tracked('bench.sync', sync)),
  'sdk-metrics': async () => {
    const made = (await sdkMeter()).createHistogram('op.duration');
    return repeat((number) => {
      const startMs = performance.now();
      const result = sync(number);
      made.record((performance.now() - startMs) / 1000, { 'op.name': 'bench.sync', outcome: 'ok' });
      return result;
    });
  },
};

const trackedAsync: Contenders = {
  bare: async () => repeatAwaited(asynchronous),
  ours: async () => repeatAwaited((await loadAgent()).tracked('bench.async', asynchronous)),
  'sdk-metrics': async () => {
    const made = (await sdkMeter()).createHistogram('op.duration');
    return repeatAwaited(async (number) => {
      const startMs = performance.now();
      const result = await asynchronous(number);
      made.record((performance.now() - startMs) / 1000, { 'op.name': 'bench.async', outcome: 'ok' });
      return result;
    });
  },
};

const ROWS: Readonly<Record<string, Contenders>> = {
  counter,
  'bound-counter': boundCounter,
  'bound-histogram': boundHistogram,
  'tracked-sync': trackedSync,
  'tracked-async': trackedAsync,
};

// A loop that V8 enters in its middle, on-stack replacement, goes on to look up what it could know, now on one run and now not:
// 2.5 ns of a bound add that are the bench's own.
if (process.versions['bun'] === undefined) setFlagsFromString('--no-use-osr');

const [row, contender, effort] = process.argv.slice(2);
const make = ROWS[row ?? '']?.[contender ?? ''];
if (make === undefined) throw new Error(`cannot measure ${row} of ${contender}: there is no such measurement`);
const ns = await nsPerCall(await make(), EFFORTS[(effort ?? 'full') as EffortName]);
console.log(JSON.stringify({ value: ns }));
process.exit();
