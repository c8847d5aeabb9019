import type { BatchObservableResult, Histogram, Meter, Observable } from '@opentelemetry/api';
import type { IntervalHistogram, PerformanceObserverEntryList } from 'node:perf_hooks';
import { IS_BUN } from './bun.ts';
import type { Instrumentation, Stop, Tools } from './contract.ts';

/** Between two samples of the event loop's delay, in ms; that of the official instrumentation, as the delay holds it. */
const DELAY_RESOLUTION_MS = 10;
/** `detail.kind` of a garbage collection: NODE_PERFORMANCE_GC_* of node:perf_hooks. */
const GC_TYPES: Readonly<Record<number, string>> = { 1: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb' };
const GC_BUCKETS_S = [0.01, 0.1, 1, 10];

/** The event loop, garbage collection and V8's heap. What Bun does not measure is not there, instead of zero. Nothing of it begins
 *  while the application starts: to load node:perf_hooks, and to watch, is a millisecond. */
export const runtime: Instrumentation = {
  name: 'runtime',
  start(tools) {
    const stops = [tools.soon(() => eventLoopDelay(tools))];
    if (!IS_BUN)
      stops.push(
        tools.soon(() => garbageCollection(tools)),
        tools.later(() => eventLoopTime(tools)),
        tools.later(() => heap(tools)),
      );
    return { stop: () => stops.forEach((stop) => stop()) };
  },
};

const perfHooks = () => process.getBuiltinModule('node:perf_hooks');

function observing(
  { meter, quietly }: Pick<Tools, 'meter' | 'quietly'>,
  observables: readonly Observable[],
  observe: (result: BatchObservableResult) => void,
): Stop {
  const callback = quietly(observe);
  const list = [...observables];
  meter.addBatchObservableCallback(callback, list);
  return () => meter.removeBatchObservableCallback(callback, list);
}

/** Since the last collection, at first since now. */
function eventLoopDelay(tools: Tools): Stop {
  const histogram = perfHooks().monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  histogram.enable();
  const stop = tools.later(() => observingDelay(tools, histogram));
  return () => {
    histogram.disable();
    stop();
  };
}

function observingDelay(tools: Tools, histogram: IntervalHistogram): Stop {
  const gauge = (name: string, description: string): Observable =>
    tools.meter.createObservableGauge(`nodejs.eventloop.delay.${name}`, { description, unit: 's' });
  const observed: readonly (readonly [Observable, () => number])[] = [
    [gauge('min', 'Event loop minimum delay.'), () => histogram.min],
    [gauge('max', 'Event loop maximum delay.'), () => histogram.max],
    [gauge('mean', 'Event loop mean delay.'), () => histogram.mean],
    [gauge('stddev', 'Event loop standard deviation delay.'), () => histogram.stddev],
    [gauge('p50', 'Event loop 50 percentile delay.'), () => histogram.percentile(50)],
    [gauge('p90', 'Event loop 90 percentile delay.'), () => histogram.percentile(90)],
    [gauge('p99', 'Event loop 99 percentile delay.'), () => histogram.percentile(99)],
  ];
  const instruments = observed.map(([instrument]) => instrument);
  return observing(tools, instruments, (result) => {
    // Nothing was sampled: a loop that stood still all the time, or two collections at once.
    if (histogram.count === 0) return;
    for (const [instrument, read] of observed) result.observe(instrument, read() / 1e9);
    histogram.reset();
  });
}

function eventLoopTime(tools: Tools): Stop {
  const { meter } = tools;
  const { eventLoopUtilization } = perfHooks().performance;
  const utilization = meter.createObservableGauge('nodejs.eventloop.utilization', {
    description: 'Event loop utilization.',
    unit: '1',
  });
  const time = meter.createObservableCounter('nodejs.eventloop.time', {
    description: 'Cumulative duration of time the event loop has been in each state.',
    unit: 's',
  });
  let last: ReturnType<typeof eventLoopUtilization> | undefined;
  return observing(tools, [utilization, time], (result) => {
    const now = eventLoopUtilization();
    // At first since the loop began to turn.
    const since = last === undefined ? now : eventLoopUtilization(now, last);
    last = now;
    if (since.active + since.idle > 0) result.observe(utilization, since.utilization);
    // Before the loop has turned once both are zero, which means that they are not known.
    if (now.active + now.idle === 0) return;
    result.observe(time, now.active / 1000, { 'nodejs.eventloop.state': 'active' });
    result.observe(time, now.idle / 1000, { 'nodejs.eventloop.state': 'idle' });
  });
}

function garbageCollection({ meter, quietly }: Tools): Stop {
  let durations: Histogram | undefined;
  const record = quietly((list: PerformanceObserverEntryList) => {
    for (const entry of list.getEntries()) {
      const type = GC_TYPES[(entry as { detail?: { kind?: number } }).detail?.kind ?? 0];
      if (type === undefined) continue;
      durations ??= meter.createHistogram('v8js.gc.duration', {
        description: 'Garbage collection duration.',
        unit: 's',
        advice: { explicitBucketBoundaries: GC_BUCKETS_S },
      });
      durations.record(entry.duration / 1000, { 'v8js.gc.type': type });
    }
  });
  const observer = new (perfHooks().PerformanceObserver)(record);
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

function heap(tools: Tools): Stop {
  const { meter } = tools;
  const used = bytes(meter, 'v8js.memory.heap.used', 'Heap Memory size allocated.');
  const size = bytes(meter, 'v8js.memory.heap.space.size', 'Total heap memory size pre-allocated for a heap space.');
  const available = bytes(meter, 'v8js.memory.heap.space.available_size', 'Heap space available size.');
  const physical = bytes(meter, 'v8js.memory.heap.space.physical_size', 'Committed size of a heap space.');
  const inUse = new Set<string>();
  return observing(tools, [used, size, available, physical], (result) => {
    for (const space of process.getBuiltinModule('node:v8').getHeapSpaceStatistics()) {
      // V8 lists spaces that a process never has; one that it had and gave back is at zero.
      if (space.space_size > 0) inUse.add(space.space_name);
      if (!inUse.has(space.space_name)) continue;
      const attributes = { 'v8js.heap.space.name': space.space_name };
      result.observe(used, space.space_used_size, attributes);
      result.observe(size, space.space_size, attributes);
      result.observe(available, space.space_available_size, attributes);
      result.observe(physical, space.physical_space_size, attributes);
    }
  });
}

function bytes(meter: Meter, name: string, description: string): Observable {
  // ValueType.INT of the API, from which nothing but types is imported.
  return meter.createObservableUpDownCounter(name, { description, unit: 'By', valueType: 0 });
}
