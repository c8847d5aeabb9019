import { ValueType } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentMeter, AgentMeterOptions, Temporality, View } from '../../agent/instrument/metrics/contract.ts';
import { textOf, type DecodedPoint } from './metric-points.ts';

/** What both engines are made with. */
export interface BehaviourOptions {
  readonly views?: readonly View[];
  readonly cardinalityLimit?: number;
  readonly advice?: readonly View[];
  readonly temporality?: Temporality;
  readonly histogramAggregation?: 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
}

export interface MeasuredEngine {
  meter(name?: string, version?: string, options?: AgentMeterOptions): AgentMeter;
  /** Observes, collects, delivers, decodes. */
  collect(): Promise<readonly DecodedPoint[]>;
  stop(): Promise<void>;
}

const values = (points: readonly DecodedPoint[]): Record<string, number> =>
  Object.fromEntries(points.map(({ attributes, value }) => [textOf(attributes), value]));
const only = (points: readonly DecodedPoint[]): DecodedPoint => {
  expect(points).toHaveLength(1);
  return points[0]!;
};
const counts = (list: unknown): number[] => ((list ?? []) as readonly bigint[]).map(Number);
const DEFAULT_BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];
const METRIC = 'm';

/** What the specification says an application may rely on, whichever engine measures. */
export function describeMetricBehaviour(name: string, make: (options?: BehaviourOptions) => Promise<MeasuredEngine>): void {
  let started: MeasuredEngine[] = [];
  const engine = async (options?: BehaviourOptions): Promise<MeasuredEngine> => {
    const made = await make(options);
    started.push(made);
    return made;
  };
  afterEach(async () => {
    for (const each of started) await each.stop();
    started = [];
  });

  describe(`${name}: instruments`, () => {
    it('a counter adds up per set of attributes, whatever their order', async () => {
      const measured = await engine();
      const counter = measured.meter().createCounter(METRIC, { unit: 'By', description: 'what it counts' });
      counter.add(1, { a: 'x', b: 2 });
      counter.add(2, { b: 2, a: 'x' });
      counter.add(4, { a: 'x', b: '2' });
      counter.add(8);
      counter.add(16, {});
      const points = await measured.collect();
      expect(values(points)).toEqual({ '[["a","x"],["b",2]]': 3, '[["a","x"],["b","2"]]': 4, '[]': 24 });
      expect(points[0]).toMatchObject({
        metric: METRIC,
        unit: 'By',
        description: 'what it counts',
        type: 'sum',
        monotonic: true,
      });
    });

    it('a counter refuses what is below zero', async () => {
      const measured = await engine();
      const counter = measured.meter().createCounter(METRIC);
      counter.add(5);
      counter.add(-3);
      expect(only(await measured.collect()).value).toBe(5);
    });

    it('an up-down counter goes down, and is not monotonic', async () => {
      const measured = await engine();
      const counter = measured.meter().createUpDownCounter(METRIC);
      counter.add(5);
      counter.add(-8);
      expect(only(await measured.collect())).toMatchObject({ value: -3, type: 'sum', monotonic: false });
    });

    it('a gauge keeps the last value', async () => {
      const measured = await engine();
      const gauge = measured.meter().createGauge(METRIC);
      gauge.record(5, { a: 1 });
      gauge.record(-2.5, { a: 1 });
      expect(only(await measured.collect())).toMatchObject({ value: -2.5, type: 'gauge', temporality: undefined });
    });

    it('integers leave as integers, other numbers as doubles', async () => {
      const measured = await engine();
      measured.meter().createUpDownCounter('whole', { valueType: ValueType.INT }).add(-5_000_000_000);
      measured.meter().createUpDownCounter('real').add(-5_000_000_000);
      const trees = Object.fromEntries((await measured.collect()).map(({ metric, tree }) => [metric, tree]));
      expect(trees['whole']?.['asInt']).toBe(-5_000_000_000n);
      expect(trees['real']?.['asDouble']).toBe(-5_000_000_000);
    });

    it('attributes keep their types', async () => {
      const measured = await engine();
      const attributes = { text: 'ü€𝄞', whole: -3, real: 0.5, truth: false, list: ['a', 'b'], numbers: [1, 2.5] };
      measured.meter().createCounter(METRIC).add(1, attributes);
      expect(only(await measured.collect()).attributes).toEqual(attributes);
    });

    it('a bound instrument measures into the series of its attributes', async () => {
      const measured = await engine();
      const counter = measured.meter().createCounter(METRIC);
      const bound = counter.bind({ a: 1, b: 2 });
      counter.bind({ never: 'used' });
      bound.add(1);
      bound.add(2);
      counter.add(4, { b: 2, a: 1 });
      expect(values(await measured.collect())).toEqual({ '[["a",1],["b",2]]': 7 });
      bound.add(1);
      expect(values(await measured.collect())).toEqual({ '[["a",1],["b",2]]': 8 });
    });

    it('what a caller does with his attributes afterwards changes nothing', async () => {
      const measured = await engine();
      const counter = measured.meter().createCounter(METRIC);
      const attributes = { a: 'before', list: ['x'] };
      const bound = counter.bind({ ...attributes });
      counter.add(1, { ...attributes });
      attributes.a = 'after';
      attributes.list.push('y');
      bound.add(1);
      expect(only(await measured.collect()).attributes['a']).toBe('before');
    });

    it('the same instrument asked for twice is one; with another unit it is two', async () => {
      const measured = await engine();
      measured.meter().createCounter(METRIC, { unit: 's' }).add(1);
      measured.meter().createCounter(METRIC, { unit: 's' }).add(2);
      measured.meter().createCounter(METRIC, { unit: 'ms' }).add(4);
      const points = await measured.collect();
      expect(points.map(({ unit, value }) => [unit, value]).toSorted()).toEqual([
        ['ms', 4],
        ['s', 3],
      ]);
    });

    it('instruments of two meters stay apart, and carry name and version of theirs', async () => {
      const measured = await engine();
      measured.meter('one', '1.0').createCounter(METRIC).add(1);
      measured.meter('two').createCounter(METRIC).add(2);
      expect((await measured.collect()).map(({ meter, value }) => [meter, value]).toSorted()).toEqual([
        ['one', 1],
        ['two', 2],
      ]);
    });

    it('an instrument with a name that the specification does not allow is exported all the same', async () => {
      const measured = await engine();
      const names = ['1st', 'a b', 'ä', `a${'b/-_.'.repeat(50)}`];
      for (const each of names) measured.meter().createCounter(each).add(1);
      expect((await measured.collect()).map(({ metric }) => metric).toSorted()).toEqual(names.toSorted());
    });
  });

  describe(`${name}: histograms`, () => {
    it('bounds belong to the bucket below them', async () => {
      const measured = await engine();
      const histogram = measured.meter().createHistogram(METRIC, { advice: { explicitBucketBoundaries: [1, 2, 5] } });
      for (const value of [0, 1, 1.5, 2, 2.0001, 5, 5.1, 100]) histogram.record(value);
      const { tree, type } = only(await measured.collect());
      expect(type).toBe('histogram');
      expect(tree['explicitBounds']).toEqual([1, 2, 5]);
      expect(counts(tree['bucketCounts'])).toEqual([2, 2, 2, 2]);
      expect(tree).toMatchObject({ count: 8n, min: 0, max: 100 });
      expect(tree['sum']).toBeCloseTo(116.6001, 9);
    });

    it('without advice the bounds are those of the specification', async () => {
      const measured = await engine();
      measured.meter().createHistogram(METRIC).record(7);
      const { tree } = only(await measured.collect());
      expect(tree['explicitBounds']).toEqual(DEFAULT_BOUNDS);
      expect(counts(tree['bucketCounts'])).toEqual([0, 0, 1, ...Array<number>(13).fill(0)]);
    });

    it('a histogram refuses what is below zero', async () => {
      const measured = await engine();
      const histogram = measured.meter().createHistogram(METRIC);
      histogram.record(-1);
      histogram.record(3);
      expect(only(await measured.collect()).tree).toMatchObject({ count: 1n, sum: 3 });
    });

    it('an exponential histogram covers what it saw in at most 160 buckets', async () => {
      const measured = await engine({ histogramAggregation: 'base2_exponential_bucket_histogram' });
      const histogram = measured.meter().createHistogram(METRIC);
      for (const value of [0, 1, 1, 2, 4, 1024]) histogram.record(value);
      const { tree, type } = only(await measured.collect());
      expect(type).toBe('exponentialHistogram');
      // Ten octaves in 160 buckets: 2^3 in each.
      expect(tree).toMatchObject({ count: 6n, sum: 1032, scale: 3, zeroCount: 1n, min: 0, max: 1024 });
      const { offset = 0, bucketCounts } = tree['positive'] as { offset?: number; bucketCounts: bigint[] };
      const held = counts(bucketCounts).flatMap((count, place) => (count === 0 ? [] : [[offset + place, count]]));
      expect(held).toEqual([
        [-1, 2],
        [7, 1],
        [15, 1],
        [79, 1],
      ]);
    });
  });

  describe(`${name}: temporality`, () => {
    it('cumulative: the start stays, the values go on', async () => {
      const measured = await engine();
      const counter = measured.meter().createCounter(METRIC);
      counter.add(1);
      const first = only(await measured.collect());
      counter.add(2);
      const second = only(await measured.collect());
      const third = only(await measured.collect());
      expect([first.value, second.value, third.value]).toEqual([1, 3, 3]);
      expect(first.temporality).toBe(2);
      expect(second.startNs).toBe(first.startNs);
      expect(second.timeNs).toBeGreaterThan(first.timeNs);
      expect(first.timeNs).toBeGreaterThanOrEqual(first.startNs);
    });

    it('delta: each collection tells what came since the one before, and begins where that ended', async () => {
      const measured = await engine({ temporality: 'delta' });
      const counter = measured.meter().createCounter(METRIC);
      const histogram = measured.meter().createHistogram('h', { advice: { explicitBucketBoundaries: [10] } });
      counter.add(1);
      histogram.record(5);
      const [first, firstHistogram] = (await measured.collect()).toSorted(byMetricDown);
      counter.add(2);
      histogram.record(50);
      const [second, secondHistogram] = (await measured.collect()).toSorted(byMetricDown);
      expect([first?.value, second?.value]).toEqual([1, 2]);
      expect([first?.temporality, secondHistogram?.temporality]).toEqual([1, 1]);
      expect(second?.startNs).toBe(first?.timeNs);
      expect([firstHistogram?.tree, secondHistogram?.tree].map((tree) => counts(tree?.['bucketCounts']))).toEqual([
        [1, 0],
        [0, 1],
      ]);
      expect(secondHistogram?.tree).toMatchObject({ count: 1n, sum: 50 });
    });

    it('delta: up-down counters stay cumulative', async () => {
      const measured = await engine({ temporality: 'delta' });
      const counter = measured.meter().createUpDownCounter(METRIC);
      counter.add(1);
      await measured.collect();
      counter.add(2);
      expect(only(await measured.collect())).toMatchObject({ value: 3, temporality: 2 });
    });

    it('delta: an observable counter tells the difference; lowmemory: the whole', async () => {
      for (const [temporality, expected] of [
        ['delta', [3, 4]],
        ['lowmemory', [3, 7]],
      ] as const) {
        const measured = await engine({ temporality });
        let total = 3;
        const observable = measured.meter().createObservableCounter(METRIC);
        observable.addCallback((result) => result.observe(total));
        const first = only(await measured.collect());
        total = 7;
        const second = only(await measured.collect());
        expect([first.value, second.value]).toEqual(expected);
      }
    });

    it('delta: an exponential histogram tells what came since', async () => {
      const measured = await engine({ temporality: 'delta', histogramAggregation: 'base2_exponential_bucket_histogram' });
      const histogram = measured.meter().createHistogram(METRIC);
      for (const value of [1, 2, 0]) histogram.record(value);
      await measured.collect();
      for (const value of [2, 2, 1024]) histogram.record(value);
      const { tree } = only(await measured.collect());
      expect(tree).toMatchObject({ count: 3n, sum: 1028 });
      expect(tree['zeroCount'] ?? 0n).toBe(0n);
      const { bucketCounts } = tree['positive'] as { bucketCounts: bigint[] };
      expect(counts(bucketCounts).filter((count) => count > 0)).toEqual([2, 1]);
    });
  });

  describe(`${name}: observables`, () => {
    it('each kind gives what its callback observes', async () => {
      const measured = await engine();
      const meter = measured.meter();
      meter.createObservableCounter('c').addCallback((result) => result.observe(5, { a: 1 }));
      meter.createObservableUpDownCounter('u').addCallback((result) => result.observe(-5));
      meter.createObservableGauge('g').addCallback(async (result) => {
        await Promise.resolve();
        result.observe(0.5);
      });
      const found = (await measured.collect()).map(({ metric, type, value, monotonic }) => [metric, type, value, monotonic]);
      expect(found.toSorted()).toEqual([
        ['c', 'sum', 5, true],
        ['g', 'gauge', 0.5, false],
        ['u', 'sum', -5, false],
      ]);
    });

    it('a batch callback observes the instruments it was registered for, and no others', async () => {
      const measured = await engine();
      const meter = measured.meter();
      const [one, two, other] = ['one', 'two', 'other'].map((each) => meter.createObservableGauge(each));
      meter.addBatchObservableCallback(
        (result) => {
          result.observe(one!, 1);
          result.observe(two!, 2);
          result.observe(other!, 3);
        },
        [one!, two!],
      );
      const points = await measured.collect();
      expect(points.map(({ metric, value }) => [metric, value]).toSorted()).toEqual([
        ['one', 1],
        ['two', 2],
      ]);
    });

    it('a callback that throws spoils nothing else, one that was removed is not called', async () => {
      const measured = await engine();
      const meter = measured.meter();
      meter.createObservableGauge('bad').addCallback(() => {
        throw new Error('on purpose');
      });
      meter.createObservableGauge('good').addCallback((result) => result.observe(1));
      const gone = meter.createObservableGauge('gone');
      const callback = (): void => expect.unreachable();
      gone.addCallback(callback);
      gone.removeCallback(callback);
      expect((await measured.collect()).map(({ metric }) => metric)).toEqual(['good']);
    });
  });

  describe(`${name}: views`, () => {
    it('rename an instrument and describe it', async () => {
      const measured = await engine({ views: [{ instrumentName: METRIC, name: 'renamed', description: 'by a view' }] });
      measured.meter().createCounter(METRIC).add(1);
      expect(only(await measured.collect())).toMatchObject({ metric: 'renamed', description: 'by a view', value: 1 });
    });

    it('keep the attributes they list, and add up what becomes one', async () => {
      const measured = await engine({ views: [{ instrumentName: METRIC, attributeKeys: ['a'] }] });
      const counter = measured.meter().createCounter(METRIC);
      counter.add(1, { a: 1, b: 1 });
      counter.add(2, { b: 2, a: 1 });
      counter.add(4, { b: 3 });
      expect(values(await measured.collect())).toEqual({ '[["a",1]]': 3, '[]': 4 });
    });

    it('keep the attributes that a filter lets through', async () => {
      const attributeFilter = { has: (key: string) => key.startsWith('a.') };
      const measured = await engine({ views: [{ instrumentName: METRIC, attributeFilter, attributeKeys: ['b'] }] });
      const counter = measured.meter().createCounter(METRIC);
      counter.add(1, { 'a.x': 1, b: 1 });
      counter.add(2, { b: 2, 'a.x': 1 });
      counter.bind({ c: 3 }).add(4);
      expect(values(await measured.collect())).toEqual({ '[["a.x",1]]': 3, '[]': 4 });
    });

    it('set bounds, aggregation, and what is dropped, by wildcard, kind, unit and meter', async () => {
      const measured = await engine({
        views: [
          {
            instrumentKind: 'histogram',
            instrumentUnit: 's',
            aggregation: { type: 'explicit_bucket_histogram', boundaries: [1, 2] },
          },
          { instrumentName: 'noisy.*', aggregation: { type: 'drop' } },
          { instrumentName: 'fine', aggregation: { type: 'base2_exponential_bucket_histogram', maxSize: 20 } },
          { meterName: 'of-this', aggregation: { type: 'sum' } },
        ],
      });
      measured.meter().createHistogram('seconds', { unit: 's' }).record(1.5);
      measured.meter().createHistogram('other', { unit: 'ms' }).record(1.5);
      measured.meter().createCounter('noisy.one').add(1);
      measured.meter().createCounter('noisier').add(1);
      measured.meter().createHistogram('fine').record(3);
      measured.meter('of-this').createHistogram('summed').record(4);
      const points = await measured.collect();
      const by = Object.fromEntries(points.map((point) => [point.metric, point]));
      expect(Object.keys(by).toSorted()).toEqual(['fine', 'noisier', 'other', 'seconds', 'summed']);
      expect(by['seconds']?.tree['explicitBounds']).toEqual([1, 2]);
      expect(by['other']?.tree['explicitBounds']).toEqual(DEFAULT_BOUNDS);
      expect(by['fine']?.type).toBe('exponentialHistogram');
      expect(by['summed']).toMatchObject({ type: 'sum', value: 4 });
    });

    it('give a metric each where several select an instrument', async () => {
      const measured = await engine({
        views: [
          { instrumentName: METRIC, name: 'one', attributeKeys: ['a'] },
          { instrumentName: METRIC, name: 'two', attributeKeys: [] },
        ],
      });
      const histogram = measured.meter().createHistogram(METRIC);
      histogram.record(1, { a: 1 });
      histogram.bind({ a: 2 }).record(2);
      const points = await measured.collect();
      const found = points.map(({ metric, attributes, tree }) => [metric, textOf(attributes), Number(tree['count'])]);
      expect(found.toSorted()).toEqual([
        ['one', '[["a",1]]', 1],
        ['one', '[["a",2]]', 1],
        ['two', '[]', 2],
      ]);
    });
  });

  describe(`${name}: the cardinality limit`, () => {
    it.each(['cumulative', 'delta'] as const)('%s: sets over it are counted together', async (temporality) => {
      const measured = await engine({ cardinalityLimit: 5, temporality });
      const counter = measured.meter().createCounter(METRIC);
      for (let i = 0; i < 20; i++) counter.add(1, { i });
      const points = await measured.collect();
      expect(points).toHaveLength(5);
      expect(points.find(({ attributes }) => attributes['otel.metric.overflow'] === true)?.value).toBe(16);
      expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(20);
    });

    it('is that of the kind of instrument, where it has one, and below that of a view', async () => {
      const advice: readonly View[] = [
        { cardinalityLimit: 3 },
        { instrumentKind: 'counter', cardinalityLimit: 5 },
        { instrumentKind: 'observable_up_down_counter', cardinalityLimit: 4 },
      ];
      const measured = await engine({ advice, views: [{ instrumentName: 'viewed', cardinalityLimit: 6 }] });
      const meter = measured.meter();
      meter.createObservableUpDownCounter('observed').addCallback((result) => {
        for (let i = 0; i < 20; i++) result.observe(1, { i });
      });
      const recording = [
        meter.createCounter('counter'),
        meter.createCounter('viewed'),
        meter.createUpDownCounter('up_down_counter'),
      ];
      for (const each of recording) for (let i = 0; i < 20; i++) each.add(1, { i });
      const points = await measured.collect();
      const count = (metric: string): number => points.filter((point) => point.metric === metric).length;
      expect(['counter', 'viewed', 'up_down_counter', 'observed'].map(count)).toEqual([5, 6, 3, 4]);
    });
  });
}

const byMetricDown = (left: DecodedPoint, right: DecodedPoint): number => (left.metric < right.metric ? 1 : -1);
