/**
 * 100 cycles of 1,900 sets of attributes that were never seen, each counted once, with a collection after each cycle:
 * `cap.js CONTENDER`. Of the agent the collector says what arrived; of the SDK its own reader says what it would send.
 */
import type { Counter } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { loadAgent } from './contender.ts';
import { CAP_CYCLES, CAP_METRIC, CAP_SETS } from './cap-load.ts';

async function cycles(counter: Counter, collect: () => Promise<unknown>): Promise<void> {
  for (let cycle = 0; cycle < CAP_CYCLES; cycle++) {
    for (let set = 0; set < CAP_SETS; set++) counter.add(1, { user: `user-${cycle}-${set}`, plan: 'gold' });
    await collect();
  }
}

async function agent(): Promise<object> {
  const { engine, flush } = await loadAgent();
  let delivered = 0;
  await cycles(engine!.getMeter('bench').createCounter(CAP_METRIC), async () => {
    if (await flush(5000)) delivered += 1;
  });
  return { delivered };
}

async function sdk(): Promise<object> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const provider = new MeterProvider({ readers: [reader] });
  let points: readonly { readonly value: unknown }[] = [];
  await cycles(provider.getMeter('bench').createCounter(CAP_METRIC), async () => {
    const { resourceMetrics } = await reader.collect();
    points = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap<{ readonly value: unknown }>(({ dataPoints }) => dataPoints),
    );
  });
  return { series: points.length, total: points.reduce((sum, { value }) => sum + Number(value), 0) };
}

console.log(JSON.stringify(await (process.argv[2] === 'ours' ? agent() : sdk())));
process.exit();
