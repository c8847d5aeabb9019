import type { Attributes, Counter, Histogram, MeterProvider } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider as SdkProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { encodeResource } from '../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../agent/instrument/encode/reader.ts';
import { AgentMeterProvider } from '../../agent/instrument/metrics/provider.ts';
import type { KernelCase } from './cases.ts';

/** Measurements of one run: its time in us is that of one measurement in ns. */
const CALLS = 1000;
const SERIES = 1000;
const EXPORTED = 10_000;
const LIMIT = 20_000;
const INPUTS = 8;

/** What measuring costs, with the agent's own engine and with the official SDK in the same process: the cases of both are
 *  named alike. Each run makes 1,000 measurements, over 1,000 series where there are attributes. */
export function* agentCases(): Generator<KernelCase> {
  const own = ownEngine();
  const sdk = new SdkProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
        exportIntervalMillis: 2 ** 30,
      }),
    ],
  });
  for (const [engine, provider] of [
    ['agent', own.provider],
    ['sdk-metrics', sdk],
  ] as const)
    yield* measuringCases(engine, provider);
  yield* boundCases(own);
  yield* exportCases();
}

interface OwnEngine {
  readonly provider: AgentMeterProvider;
  readonly reader: CellReader;
}

function ownEngine(): OwnEngine {
  const reader = new CellReader({ resource: encodeResource({ 'service.name': 'bench' }), temporality: 'cumulative' });
  const provider = new AgentMeterProvider({
    sink: reader,
    onFault: () => undefined,
    cardinalityLimit: LIMIT,
    views: [{ instrumentName: 'spread', aggregation: { type: 'base2_exponential_bucket_histogram' } }],
  });
  return { provider, reader };
}

function* measuringCases(engine: string, provider: MeterProvider): Generator<KernelCase> {
  const meter = provider.getMeter('bench');
  const counter = meter.createCounter('counter');
  const histogram = meter.createHistogram('histogram');
  for (const keys of [0, 3, 4, 10]) {
    const sets = attributeSets(keys);
    yield named(`counter.add, ${keys} attributes, ${engine}`, (input) => add(counter, sets, input));
  }
  const sets = attributeSets(4);
  yield named(`histogram.record, 4 attributes, ${engine}`, (input) => record(histogram, sets, input));
}

/** As an HTTP server has them: few methods, some status codes, many routes; made once, as the cost of making an object is not
 *  that of measuring. */
function attributeSets(keys: number): readonly Attributes[] {
  return Array.from({ length: keys === 0 ? 1 : SERIES }, (_, i) => {
    const all: [string, string | number][] = [
      ['http.request.method', ['GET', 'POST', 'PUT', 'DELETE'][i % 4]!],
      ['http.response.status_code', [200, 201, 404, 500][(i >> 2) % 4]!],
      ['http.route', `/api/v1/things/${i >> 4}/:id`],
      ['url.scheme', 'https'],
      ...Array.from({ length: 6 }, (_unused, k): [string, string] => [`attribute.${k}`, `value-${i % (k + 2)}`]),
    ];
    return Object.fromEntries(all.slice(0, keys));
  });
}

function add(counter: Counter, sets: readonly Attributes[], input: number): void {
  for (let i = 0; i < CALLS; i++) counter.add(1, sets[(i * 7 + input) % sets.length]);
}

function record(histogram: Histogram, sets: readonly Attributes[], input: number): void {
  for (let i = 0; i < CALLS; i++) histogram.record(i, sets[(i * 7 + input) % sets.length]);
}

function* boundCases({ provider }: OwnEngine): Generator<KernelCase> {
  const meter = provider.getMeter('bound');
  const counters = attributeSets(4).map((attributes) => meter.createCounter('counter').bind(attributes));
  yield named('bound counter, 1,000 series', () => {
    for (let i = 0; i < CALLS; i++) counters[i]!.add(1);
  });
  const durations = Float64Array.from({ length: CALLS }, (_, i) => Math.exp(((i * 7919) % CALLS) / 100));
  const likely = Float64Array.from({ length: CALLS }, (_, i) => 12 + (i % 10));
  const histogram = meter.createHistogram('histogram').bind({ a: 1 });
  const spread = meter.createHistogram('spread').bind({ a: 1 });
  for (const [values, list] of [
    ['values in one bucket', likely],
    ['values of five magnitudes', durations],
  ] as const) {
    yield named(`bound histogram, ${values}`, () => {
      for (let i = 0; i < CALLS; i++) histogram.record(list[i]!);
    });
    yield named(`bound exponential histogram, ${values}`, () => {
      for (let i = 0; i < CALLS; i++) spread.record(list[i]!);
    });
  }
}

/** What the thread that encodes is busy with: cells to requests, uncompressed. */
function* exportCases(): Generator<KernelCase> {
  for (const kind of ['counters', 'histograms'] as const) {
    const { provider, reader } = ownEngine();
    const meter = provider.getMeter('export');
    for (let i = 0; i < EXPORTED; i++) {
      const attributes = { method: 'GET', route: `/api/v1/things/${i}/:id`, status: 200, shard: i % 10 };
      if (kind === 'counters') meter.createCounter('counter').add(i + 1, attributes);
      else meter.createHistogram('histogram').record(i, attributes);
    }
    const collect = (): number => reader.collect(1n, 2 ** 22).requests.reduce((sum, { body }) => sum + body.length, 0);
    const bytes = collect();
    yield { name: `encode 10,000 ${kind}`, bytes, items: EXPORTED, inputs: 1, run: collect };
  }
}

function named(name: string, run: (input: number) => void): KernelCase {
  return { name, bytes: 0, items: CALLS, inputs: INPUTS, run };
}
