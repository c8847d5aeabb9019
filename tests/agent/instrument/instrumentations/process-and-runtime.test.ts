import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeasuredApp } from '../../../support/measured-app.ts';

/** As the semantic conventions have them: unit, and whether it is a gauge or what kind of sum. */
const PROCESS = {
  'process.cpu.time': ['s', 'monotonic'],
  'process.cpu.utilization': ['1', 'gauge'],
  'process.memory.usage': ['By', 'sum'],
  'process.memory.virtual': ['By', 'sum'],
  'process.uptime': ['s', 'gauge'],
  'process.thread.count': ['{thread}', 'sum'],
  'process.paging.faults': ['{fault}', 'monotonic'],
  'process.context_switches': ['{context_switch}', 'monotonic'],
} as const;
const DELAYS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((name) => `nodejs.eventloop.delay.${name}`);
const HEAP = [
  'v8js.memory.heap.used',
  'v8js.memory.heap.space.size',
  'v8js.memory.heap.space.available_size',
  'v8js.memory.heap.space.physical_size',
];

let app: MeasuredApp;
afterEach(async () => {
  await app.close();
  expect(app.faults).toEqual([]);
});

describe('instrumentation process', () => {
  beforeEach(() => {
    app = new MeasuredApp(['process']);
  });

  it.runIf(process.platform === 'linux')('tells the metrics of the conventions, by name, unit and kind', async () => {
    const kinds = new Map(
      (await app.collect()).map(({ metric, unit, type, monotonic }) => [
        metric,
        [unit, type === 'gauge' ? 'gauge' : monotonic ? 'monotonic' : 'sum'],
      ]),
    );
    // Kernels before 6.2 do not say how many descriptors there are without a list of them.
    kinds.delete('process.unix.file_descriptor.count');
    expect(Object.fromEntries(kinds)).toEqual(PROCESS);
  });

  it('agrees with what the process knows of itself', async () => {
    const before = process.resourceUsage();
    const points = await app.collect();
    const after = process.resourceUsage();
    const value = (metric: string, attributes = {}): number =>
      points.find((point) => point.metric === metric && same(point.attributes, attributes))!.value;
    const user = value('process.cpu.time', { 'cpu.mode': 'user' }) * 1e6;
    expect(user).toBeGreaterThanOrEqual(before.userCPUTime - 1);
    expect(user).toBeLessThanOrEqual(after.userCPUTime + 1);
    const rss = process.memoryUsage.rss();
    expect(value('process.memory.usage') / rss).toBeGreaterThan(0.5);
    expect(value('process.memory.usage') / rss).toBeLessThan(2);
    expect(value('process.uptime')).toBeLessThanOrEqual(process.uptime());
    expect(value('process.thread.count')).toBeGreaterThan(1);
    expect(value('process.memory.virtual')).toBeGreaterThan(rss);
    expect(value('process.paging.faults', { 'system.paging.fault.type': 'minor' })).toBeGreaterThan(0);
  });

  it('tells shares of the CPUs since the last collection, between 0 and about 1', async () => {
    await app.collect();
    const until = performance.now() + 30;
    while (performance.now() < until);
    const shares = (await app.collect()).filter(({ metric }) => metric === 'process.cpu.utilization');
    expect(shares.map(({ attributes }) => attributes['cpu.mode'])).toEqual(['user', 'system']);
    const sum = shares.reduce((total, { value }) => total + value, 0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(1.5);
  });
});

describe('instrumentation runtime', () => {
  beforeEach(() => {
    app = new MeasuredApp(['runtime']);
  });

  it('tells how late the event loop was since the last collection, and nothing before it was measured', async () => {
    const first = (await app.collect()).filter(({ metric }) => DELAYS.includes(metric));
    expect(first).toEqual([]);
    await turn(50);
    const until = performance.now() + 100;
    while (performance.now() < until);
    await turn(50);
    const stalled = (await app.collect()).filter(({ metric }) => DELAYS.includes(metric));
    expect(stalled.map(({ metric, unit }) => [metric, unit])).toEqual(DELAYS.map((metric) => [metric, 's']));
    const of = (name: string): number => stalled.find(({ metric }) => metric.endsWith(name))!.value;
    expect(of('.max')).toBeGreaterThan(0.09);
    expect(of('.min')).toBeLessThanOrEqual(of('.p50'));
    expect(of('.p99')).toBeLessThanOrEqual(of('.max') * 1.01);
  });

  it('tells the time that the loop was active and idle, and how much of it since the last time', async () => {
    await turn(20);
    const points = await app.collect();
    const times = points.filter(({ metric }) => metric === 'nodejs.eventloop.time');
    expect(times.map(({ attributes, unit, monotonic }) => [attributes['nodejs.eventloop.state'], unit, monotonic])).toEqual([
      ['active', 's', true],
      ['idle', 's', true],
    ]);
    const [utilization] = points.filter(({ metric }) => metric === 'nodejs.eventloop.utilization');
    expect(utilization!.value).toBeGreaterThan(0);
    expect(utilization!.value).toBeLessThanOrEqual(1);
  });

  it('tells each space of the heap, in bytes', async () => {
    const points = (await app.collect()).filter(({ metric }) => metric.startsWith('v8js.memory'));
    expect(new Set(points.map(({ metric }) => metric))).toEqual(new Set(HEAP));
    expect(points.every(({ unit, value }) => unit === 'By' && value >= 0)).toBe(true);
    const used = points.filter(({ metric }) => metric === 'v8js.memory.heap.used');
    const total = used.reduce((sum, { value }) => sum + value, 0);
    expect(total / process.memoryUsage().heapUsed).toBeGreaterThan(0.5);
    expect(used.map(({ attributes }) => attributes['v8js.heap.space.name'])).toContain('old_space');
  });

  it('tells durations of garbage collections by their type', async () => {
    let points: Awaited<ReturnType<MeasuredApp['collect']>> = [];
    while (points.length === 0) {
      for (let round = 0; round < 1000; round++) Array.from({ length: 1000 }, () => round);
      await turn(5);
      points = (await app.collect()).filter(({ metric }) => metric === 'v8js.gc.duration');
    }
    const types = points.map(({ attributes }) => attributes['v8js.gc.type']);
    expect(types.every((type) => ['minor', 'major', 'incremental', 'weakcb'].includes(String(type)))).toBe(true);
    expect(points[0]!.unit).toBe('s');
    expect(points[0]!.tree['explicitBounds']).toEqual([0.01, 0.1, 1, 10]);
  });
});

function same(left: Readonly<Record<string, unknown>>, right: Readonly<Record<string, unknown>>): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

async function turn(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
