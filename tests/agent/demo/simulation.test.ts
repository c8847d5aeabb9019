import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Simulation } from '../../../agent/demo/simulation.ts';
import type { DemoRequest } from '../../../agent/demo/outbox.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { attributeOf, itemsOf, type Item } from '../../support/items.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';

const START_MS = 1_800_000_000_000;
const STEP_MS = 500;

interface Told {
  readonly requests: readonly { readonly atMs: number; readonly request: DemoRequest }[];
  readonly news: readonly { readonly second: number; readonly text: string }[];
}

function tell(seed: string, seconds: number, stepMs = STEP_MS): Told {
  const simulation = new Simulation(seed, START_MS);
  const [all, told]: [Told['requests'][number][], Told['news'][number][]] = [[], []];
  for (let atMs = START_MS; atMs <= START_MS + seconds * 1000; atMs += stepMs) {
    const { requests, news } = simulation.step(atMs);
    all.push(...requests.map((request) => ({ atMs, request })));
    told.push(...news.map((text) => ({ second: (atMs - START_MS) / 1000, text })));
  }
  return { requests: all, news: told };
}

const digest = ({ requests }: Told): string => {
  const hash = createHash('sha256');
  for (const { request } of requests) hash.update(request.signal).update(request.bytes);
  return hash.digest('hex');
};

interface ItemAt {
  readonly atMs: number;
  readonly item: Item;
}

function items({ requests }: Pick<Told, 'requests'>, signal: Signal): ItemAt[] {
  return requests
    .filter(({ request }) => request.signal === signal)
    .flatMap(({ atMs, request }) => itemsOf(signal, decode(signal, request.bytes)).map((item) => ({ atMs, item })));
}

const serviceOf = ({ resource }: Item): string => attributeOf(resource, 'service.name') ?? '';
const hex = (value: unknown): string => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : '');
const minute = tell('1', 60);
const read = {
  metrics: items(minute, 'metrics'),
  traces: items(minute, 'traces'),
  logs: items(minute, 'logs'),
};

describe('the shop', () => {
  it('tells the same story, byte by byte, for the same seed and start, and another one for another seed', () => {
    expect(digest(tell('7', 20))).toBe(digest(tell('7', 20)));
    expect(digest(tell('7', 20))).not.toBe(digest(tell('8', 20)));
  });

  it('sends metrics and logs of all six services at once, and spans within a second', () => {
    const first = tell('1', 0);
    const services = (signal: Signal): string[] => [...new Set(items(first, signal).map(({ item }) => serviceOf(item)))].sort();
    const six = ['cart', 'catalog', 'checkout', 'payment', 'shipping', 'storefront'];
    expect(services('metrics')).toEqual(six);
    expect(services('logs')).toEqual(six);
    expect(items(tell('1', 1), 'traces').length).toBeGreaterThan(10);
  });

  it('counts what it sends: hundreds of items a second', () => {
    for (const signal of SIGNALS) {
      const counted = minute.requests.filter(({ request }) => request.signal === signal).map(({ request }) => request.items);
      expect(counted.reduce((sum, count) => sum + count)).toBe(read[signal].length);
    }
    const perSecond = (read.metrics.length + read.traces.length + read.logs.length) / 60;
    expect(perSecond).toBeGreaterThan(300);
    expect(perSecond).toBeLessThan(5000);
  });

  it('back-dates nothing and is never ahead, not even after a sleep', () => {
    const simulation = new Simulation('1', START_MS);
    simulation.step(START_MS);
    for (const signal of SIGNALS) {
      for (const { atMs, item } of read[signal]) {
        const { timeUnixNano, endTimeUnixNano } = item.item;
        const ageMs = atMs - Number((timeUnixNano ?? endTimeUnixNano) as bigint) / 1e6;
        expect(ageMs).toBeGreaterThanOrEqual(-0.001);
        expect(ageMs).toBeLessThanOrEqual(STEP_MS + 0.001);
      }
    }
    const afterMs = START_MS + 3_600_000;
    for (const { signal, bytes } of simulation.step(afterMs).requests) {
      for (const { item } of itemsOf(signal, decode(signal, bytes))) {
        const end = Number((item['timeUnixNano'] ?? item['endTimeUnixNano']) as bigint) / 1e6;
        expect(afterMs - end).toBeLessThanOrEqual(2001);
      }
    }
  });

  it('has whole traces: every parent is there, a visit passes several services, and an order all six', () => {
    const spans = read.traces.map(({ item }) => ({ service: serviceOf(item), span: item.item }));
    const traces = new Map<string, typeof spans>();
    for (const each of spans) traces.set(hex(each.span['traceId']), [...(traces.get(hex(each.span['traceId'])) ?? []), each]);
    const lastMs = START_MS + 50_000;
    const visits = [...traces.values()].map((all) => {
      const ids = new Set(all.map(({ span }) => hex(span['spanId'])));
      const begun = Math.min(...all.map(({ span }) => Number(span['startTimeUnixNano'] as bigint) / 1e6));
      // One that is under way has its root to come.
      if (begun < lastMs)
        for (const { span } of all) if (hex(span['parentSpanId']) !== '') expect(ids).toContain(hex(span['parentSpanId']));
      return new Set(all.map(({ service }) => service)).size;
    });
    expect(visits.filter((services) => services === 6).length).toBeGreaterThan(20);
    expect(visits.filter((services) => services > 1).length).toBeGreaterThan(visits.length * 0.9);
  });

  it('has logs that belong to those traces', () => {
    const traces = new Set(read.traces.map(({ item }) => hex(item.item['traceId'])));
    const ids = read.logs.flatMap(({ item }) => hex(item.item['traceId']) || []);
    expect(ids.length).toBeGreaterThan(500);
    for (const id of ids) expect(traces).toContain(id);
  });

  it('has metrics of every type, cumulative ones that never fall while a process lives', () => {
    const types = new Set<string>();
    const last = new Map<string, number>();
    for (const { item } of read.metrics) {
      const metric = item.metric as Tree;
      types.add(Object.keys(metric).find((name) => !['name', 'unit', 'description'].includes(name)) ?? '');
      const { startTimeUnixNano, attributes, asInt, asDouble, count } = item.item;
      if (metric['gauge'] !== undefined || (metric['sum'] as Tree | undefined)?.['isMonotonic'] === undefined) continue;
      const id = attributeOf(item.resource, 'service.instance.id');
      const key = JSON.stringify([id, metric['name'], String(startTimeUnixNano), attributes], (_, v) =>
        typeof v === 'bigint' ? String(v) : v,
      );
      const value = Number(asInt ?? asDouble ?? count);
      expect(value).toBeGreaterThanOrEqual(last.get(key) ?? 0);
      last.set(key, value);
    }
    expect([...types].sort()).toEqual(['exponentialHistogram', 'gauge', 'histogram', 'sum', 'summary']);
  });

  it('has rows for MASTER_PERF among its points and records', () => {
    const categories = (signal: Signal): Set<string | undefined> =>
      new Set(read[signal].map(({ item }) => attributeOf(item.item, 'perf.category')));
    expect(categories('metrics')).toContain('R2');
    expect(categories('logs')).toContain('Security');
  });
});

describe('what happens in the shop', () => {
  const long = tell('1', 900, 1000);
  const sumAt = (name: string, second: number): number =>
    items({ requests: long.requests.filter(({ atMs }) => atMs === START_MS + second * 1000) }, 'metrics')
      .filter(({ item }) => item.metric?.['name'] === name)
      .reduce((sum, { item }) => sum + Number(item.item['asDouble'] ?? item.item['asInt'] ?? 0), 0);
  const secondOf = (text: RegExp): number =>
    long.news.find((each) => text.test(each.text))?.second ?? expect.unreachable(`${text} does not happen`);

  it('is told as it begins and ends', () => {
    const told = (word: string): number => long.news.filter(({ text }) => text.startsWith(word)).length;
    expect(told('incident: ')).toBeGreaterThan(4);
    expect(told('over: ')).toBeGreaterThan(4);
    expect(told('deployment: ')).toBeGreaterThan(3);
  });

  it('shows in the data: a slow shipping makes its queue grow, and then it shrinks', () => {
    const [begin, over] = [secondOf(/^incident: shipping is slow/), secondOf(/^over: shipping is slow/)];
    const depth = (second: number): number => sumAt('shop.shipping.queue.depth', second);
    expect(depth(over - 1) - depth(begin)).toBeGreaterThan(30);
    expect(depth(over + 60)).toBeLessThan(10);
  });

  it('shows in the data: a leak fills the memory of one process', () => {
    const begin = secondOf(/^incident: cart leaks/);
    expect(sumAt('process.memory.usage', begin + 40) - sumAt('process.memory.usage', begin)).toBeGreaterThan(150e6);
  });
});
