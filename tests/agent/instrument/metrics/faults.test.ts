import { describe, expect, it } from 'vitest';
import type { FaultKind } from '../../../../agent/instrument/metrics/contract.ts';
import { METRIC_LIMITS } from '../../../../agent/instrument/metrics/limits.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';
import { textOf } from '../../../support/metric-points.ts';

/** What a program may hand in that is not what the types say. */
const as = <T>(value: unknown): T => value as T;

function kinds(engine: OwnEngine): Partial<Record<FaultKind, number>> {
  return Object.fromEntries(Object.entries(engine.provider.stats().dropped).filter(([, count]) => count > 0));
}

describe('what cannot be measured', () => {
  it.each<[unknown, FaultKind]>([
    [Number.NaN, 'nan'],
    [Infinity, 'infinite'],
    [-Infinity, 'infinite'],
    [-1, 'negative'],
    ['5', 'type'],
    [5n, 'type'],
    [undefined, 'type'],
    [null, 'type'],
    [{ valueOf: () => 5 }, 'type'],
    [Symbol('5'), 'type'],
  ])('%s is counted as %s and spoils nothing, unbound or bound', (value, kind) => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    const counter = meter.createCounter('c');
    const histogram = meter.createHistogram('h');
    const exponential = new OwnEngine({ histogramAggregation: 'base2_exponential_bucket_histogram' });
    const spread = exponential.provider.getMeter('test').createHistogram('e');
    for (const measure of [
      () => counter.add(as(value), { a: 1 }),
      () => counter.bind({ a: 1 }).add(as(value)),
      () => histogram.record(as(value)),
      () => histogram.bind().record(as(value)),
      () => spread.bind().record(as(value)),
    ])
      measure();
    expect(engine.collect()).toEqual([]);
    expect(exponential.collect()).toEqual([]);
    expect(kinds(engine)).toEqual({ [kind]: 4 });
    counter.add(1, { a: 1 });
    histogram.record(1);
    expect(engine.collect()).toHaveLength(2);
    expect(engine.faults.map(({ kind: told }) => told)).toEqual([kind, kind]);
    expect(engine.faults[0]?.detail).toMatch(/^cannot record a measurement of c: /);
  });

  it('a sum that would become infinite stays as it is', () => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    const instruments = [meter.createCounter('c').bind(), meter.createUpDownCounter('u').bind()];
    for (const bound of instruments) {
      bound.add(Number.MAX_VALUE);
      bound.add(Number.MAX_VALUE);
    }
    const histogram = meter.createHistogram('h');
    histogram.record(Number.MAX_VALUE);
    histogram.record(Number.MAX_VALUE);
    const points = engine.collect();
    expect(points.map(({ tree }) => tree['asDouble'] ?? tree['sum'])).toEqual(Array(3).fill(Number.MAX_VALUE));
    expect(kinds(engine)).toEqual({ infinite: 3 });
  });

  it('gauges and up-down counters take numbers below zero, but nothing that is no number', () => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    const gauge = meter.createGauge('g');
    gauge.record(-5);
    gauge.record(Number.NaN);
    gauge.record(as('7'));
    gauge.bind().record(as(7n));
    expect(engine.collect().map(({ value }) => value)).toEqual([-5]);
    expect(kinds(engine)).toEqual({ nan: 1, type: 2 });
  });

  it('what an instrument of integers gets is cut to an integer', () => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    const counter = meter.createUpDownCounter('c', { valueType: 0 });
    for (const value of [1.9, 2.9, -1.5]) counter.add(value);
    counter.bind().add(0.9);
    expect(engine.collect().map(({ tree }) => tree['asInt'])).toEqual([2n]);
  });
});

describe('attributes that OTLP cannot carry', () => {
  it('are left out and counted; the measurement counts', () => {
    const engine = new OwnEngine();
    const counter = engine.provider.getMeter('test').createCounter('c');
    const bad = {
      ok: 1,
      object: {},
      fn: () => 1,
      big: 5n,
      symbol: Symbol('x'),
      mixed: [1, 'a'],
      nested: [[1]],
      '': 1,
      date: new Date(),
    };
    counter.add(1, as(bad));
    counter.add(2, as(bad));
    counter.add(4, { ok: 1, gone: undefined, none: as(null) });
    expect(engine.collect().map(({ attributes, value }) => [textOf(attributes), value])).toEqual([['[["ok",1]]', 7]]);
    expect(kinds(engine)).toEqual({ attribute: 16 });
    expect(engine.faults).toHaveLength(8);
  });

  it.each([['text'], [5], [true], [[1, 2]], [new Map([['a', 1]])], [() => 1], [null]])(
    '%s instead of an object is the empty set',
    (given) => {
      const engine = new OwnEngine();
      engine.provider.getMeter('test').createCounter('c').add(1, as(given));
      expect(engine.collect().map(({ attributes, value }) => [attributes, value])).toEqual([[{}, 1]]);
    },
  );

  it('that throw when they are read do not throw into the application', () => {
    const engine = new OwnEngine();
    const counter = engine.provider.getMeter('test').createCounter('c');
    const hostile = {
      get a(): string {
        throw new Error('on purpose');
      },
    };
    counter.add(1, hostile);
    counter.bind(hostile).add(1);
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    counter.add(1, revoked.proxy);
    expect(engine.collect()).toEqual([]);
    expect(kinds(engine)).toEqual({ attribute: 3 });
  });

  it('keep null inside a list, and lone surrogates leave as valid text', () => {
    const engine = new OwnEngine();
    engine.provider
      .getMeter('test')
      .createCounter('c')
      .add(1, { list: ['a', null, undefined], 'l\uD800': 'x\uDFFF' });
    expect(engine.collect()[0]?.attributes).toEqual({ list: ['a', null, null], 'l\uFFFD': 'x\uFFFD' });
  });

  it('a set that is larger than a series may be is counted in the overflow', () => {
    const engine = new OwnEngine();
    engine.provider
      .getMeter('test')
      .createCounter('c')
      .add(1, { a: 'x'.repeat(70_000) });
    expect(engine.collect().map(({ attributes }) => attributes)).toEqual([{ 'otel.metric.overflow': true }]);
    expect(engine.faults[0]?.detail).toMatch(/^cannot keep another set of attributes of c: one is of 70\d+ bytes;/);
  });
});

describe('the cardinality limit', () => {
  it('holds over 100 cycles of 1,900 new sets, and nothing of the total is lost', () => {
    const engine = new OwnEngine();
    const counter = engine.provider.getMeter('test').createCounter('requests');
    for (let cycle = 0; cycle < 100; cycle++) {
      for (let i = 0; i < 1900; i++) counter.add(1, { method: 'GET', user: `${cycle}-${i}`, status: 200 });
      const { requests, commit } = engine.reader.collect(engine.nowNs, 2 ** 22);
      commit();
      expect(requests.reduce((sum, { points }) => sum + points, 0)).toBe(cycle === 0 ? 1900 : 2000);
      if (cycle % 20 === 19) expect(engine.collect().reduce((sum, { value }) => sum + value, 0)).toBe((cycle + 1) * 1900);
    }
    expect(engine.provider.stats()).toMatchObject({ series: 2000, overflowing: [{ instrument: 'requests', attribute: 'user' }] });
    expect(engine.faults).toHaveLength(1);
    expect(engine.faults[0]).toMatchObject({ kind: 'overflow', detail: expect.stringContaining('by user') as string });
  });

  it('lets sets that it knows go on, in any order, bound or not', () => {
    const engine = new OwnEngine({ cardinalityLimit: 3 });
    const counter = engine.provider.getMeter('test').createCounter('c');
    const bound = counter.bind({ a: 1, b: 1 });
    counter.add(1, { a: 2, b: 1 });
    for (let i = 0; i < 50; i++) counter.add(1, { a: 3, b: i });
    counter.add(1, { b: 1, a: 2 });
    bound.add(1);
    counter.bind({ a: 9 }).add(1);
    expect(Object.fromEntries(engine.collect().map(({ attributes, value }) => [textOf(attributes), value]))).toEqual({
      '[["a",1],["b",1]]': 1,
      '[["a",2],["b",1]]': 2,
      '[["otel.metric.overflow",true]]': 51,
    });
  });

  it('of one puts everything into the overflow', () => {
    const engine = new OwnEngine({ cardinalityLimit: 1 });
    const counter = engine.provider.getMeter('test').createCounter('c');
    counter.add(1);
    counter.add(2, { a: 1 });
    expect(engine.collect().map(({ attributes, value }) => [attributes, value])).toEqual([[{ 'otel.metric.overflow': true }, 3]]);
  });

  it.each(['observable_counter', 'observable_gauge'] as const)(
    'of an %s keeps its last, or adds up, what is over it',
    async (kind) => {
      const engine = new OwnEngine({ cardinalityLimit: 3 });
      const meter = engine.provider.getMeter('test');
      const observable = kind === 'observable_gauge' ? meter.createObservableGauge('o') : meter.createObservableCounter('o');
      observable.addCallback((result) => {
        for (let i = 1; i <= 5; i++) result.observe(i, { i });
      });
      for (let round = 0; round < 2; round++) {
        await engine.provider.observe(100);
        expect(engine.collect().map(({ value }) => value)).toEqual([1, 2, kind === 'observable_gauge' ? 5 : 12]);
      }
    },
  );

  it('can be set by a view, for its metric alone', () => {
    const engine = new OwnEngine({ views: [{ instrumentName: 'small', cardinalityLimit: 2 }] });
    const meter = engine.provider.getMeter('test');
    for (const name of ['small', 'large']) for (let i = 0; i < 9; i++) meter.createCounter(name).add(1, { i });
    expect(
      engine
        .collect()
        .map(({ metric }) => metric)
        .filter((metric) => metric === 'small'),
    ).toHaveLength(2);
    expect(engine.collect()).toHaveLength(11);
  });
});

describe('a program that makes ever new things', () => {
  it('gets no more instruments than a provider has; those it has go on', () => {
    const engine = new OwnEngine();
    for (let i = 0; i < METRIC_LIMITS.instruments + 20; i++)
      engine.provider
        .getMeter(`meter-${i % 7}`)
        .createCounter(`c-${i}`)
        .add(1);
    engine.provider.getMeter('meter-0').createCounter('c-0').add(1);
    const points = engine.collect();
    expect(points).toHaveLength(METRIC_LIMITS.instruments);
    expect(points.find(({ metric }) => metric === 'c-0')?.value).toBe(2);
    expect(kinds(engine)).toEqual({ name: 20 });
  });

  it('gets no more meters: what comes too late measures without the name of its meter', () => {
    const engine = new OwnEngine();
    for (let i = 0; i < METRIC_LIMITS.meters; i++) engine.provider.getMeter(`meter-${i}`);
    engine.provider.getMeter('late').createCounter('c').add(1);
    engine.provider.getMeter('later').createCounter('c').add(2);
    engine.provider.getMeter('meter-5').createCounter('d').add(4);
    expect(engine.collect().map(({ meter, metric, value }) => [meter, metric, value])).toEqual([
      ['meter-5', 'd', 4],
      ['', 'c', 3],
    ]);
    expect(kinds(engine)).toEqual({ name: 2 });
  });

  it('gets no more series in all: new ones are counted in the overflow of their metric', () => {
    const engine = new OwnEngine({ cardinalityLimit: METRIC_LIMITS.series * 2 });
    const meter = engine.provider.getMeter('test');
    const wide = meter.createCounter('wide');
    for (let i = 0; i < METRIC_LIMITS.series; i++) wide.add(1, { i });
    for (const metric of ['wide', 'other']) for (let i = -9; i < 0; i++) meter.createCounter(metric).add(1, { i });
    expect(engine.provider.stats().series).toBe(METRIC_LIMITS.series + 2);
    const { requests } = engine.reader.collect(engine.nowNs, 2 ** 26);
    expect(requests.reduce((sum, { points }) => sum + points, 0)).toBe(METRIC_LIMITS.series + 2);
    // Every metric that comes after it would have the same to tell.
    expect(engine.faults.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^cannot keep more than 200000 series, which wide would go beyond/),
    ]);
  });
});

describe('instruments that contradict each other', () => {
  it('are told of once, with what they differ in', () => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    meter.createCounter('c', { unit: 's' });
    meter.createCounter('C', { unit: 'ms' });
    meter.createHistogram('c', { unit: 's', valueType: 0 });
    const details = engine.faults.filter(({ kind }) => kind === 'duplicate').map(({ detail }) => detail);
    expect(details[0]).toBe(
      'cannot make one metric of the instruments C of test: they differ in unit "s" and "ms"; both are exported',
    );
    expect(engine.provider.stats().dropped.duplicate).toBe(3);
  });

  it('that differ in their description are one, with the longer of both', () => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    meter.createCounter('c', { description: 'short' }).add(1);
    meter.createCounter('c', { description: 'rather long' }).add(2);
    meter.createCounter('c', { description: 'mid' }).add(4);
    expect(engine.collect()).toMatchObject([{ description: 'rather long', value: 7 }]);
  });
});

describe('what an application hands to meters', () => {
  it('never makes them throw', async () => {
    const engine = new OwnEngine();
    const { provider } = engine;
    const odd: unknown[] = [undefined, null, 5, 5n, Symbol('x'), {}, [], Object.create(null), () => 1];
    for (const each of odd) {
      const meter = provider.getMeter(as(each), as(each), as(each));
      provider.getMeter('m', '1', { schemaUrl: as(each), attributes: as(each) });
      meter.createCounter(as(each), as(each)).add(1, as(each), as(each));
      meter.createHistogram('h', { unit: as(each), description: as(each), valueType: as(each), advice: as(each) }).record(1);
      meter.createHistogram('a', { advice: { explicitBucketBoundaries: as(each) } }).record(1);
      meter.createGauge('g').bind(as(each)).record(1, as(each));
      meter.addBatchObservableCallback(as<() => void>(each), as<[]>(each));
      meter.removeBatchObservableCallback(as<() => void>(each), as<[]>(each));
      const observable = meter.createObservableGauge('o');
      observable.addCallback((result) => result.observe(as(each), as(each)));
      observable.addCallback(() => as(each));
      meter.addBatchObservableCallback((result) => result.observe(as(each), 1), [observable]);
    }
    await provider.observe(100);
    expect(engine.collect().length).toBeGreaterThan(0);
  });
});

describe('names of instruments', () => {
  it('that the specification does not allow are told of; without one, or with one without end, nothing is recorded', () => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    for (const bad of ['', 'x'.repeat(256), as<string>(undefined), as<string>({})]) {
      meter.createCounter(bad).add(1);
      meter.createHistogram(bad).bind({ a: 1 }).record(1);
      meter.createObservableGauge(bad).addCallback((result) => result.observe(1));
    }
    meter.createCounter('a b').add(1);
    void engine.provider.observe(0);
    expect(engine.collect().map(({ metric }) => metric)).toEqual(['a b']);
    expect(kinds(engine)).toEqual({ name: 13 });
    expect(engine.faults.at(-1)?.detail).toMatch(/^cannot approve the name "a b" of an instrument of test: a name begins/);
  });
});

describe('a listener that throws', () => {
  it('does so at its own risk', () => {
    const provider = new AgentMeterProvider({
      sink: new OwnEngine().reader,
      onFault: () => {
        throw new Error('on purpose');
      },
    });
    expect(() => provider.getMeter('test').createCounter('c').add(-1)).not.toThrow();
    expect(provider.stats().dropped.negative).toBe(1);
  });
});

describe('views that cannot be used', () => {
  it.each([
    [{ instrumentName: 'c*', name: 'all' }],
    [{ name: 'all' }],
    [{ instrumentName: 'c', aggregation: { type: 'explicit_bucket_histogram', boundaries: [Number.NaN] } }],
    [{ instrumentName: 'c', aggregation: { type: 'base2_exponential_bucket_histogram', maxSize: 1 } }],
    [{ instrumentName: 'c', cardinalityLimit: 0 }],
  ] as const)('%o is told of, and the instrument is exported', (view) => {
    const engine = new OwnEngine({ views: [view] });
    engine.provider.getMeter('test').createCounter('c').add(1);
    expect(engine.collect()).toMatchObject([{ metric: 'c', value: 1 }]);
    expect(engine.faults.map(({ kind }) => kind)).toEqual(['view']);
  });

  it('advice that is no list of numbers is told of, and the defaults apply', () => {
    const engine = new OwnEngine();
    const meter = engine.provider.getMeter('test');
    meter.createHistogram('h', { advice: { explicitBucketBoundaries: as(['1', 2]) } }).record(1);
    meter.createHistogram('i', { advice: { explicitBucketBoundaries: [5, 1, Infinity, 5] } }).record(1);
    expect(engine.collect().map(({ tree }) => (tree['explicitBounds'] as number[]).length)).toEqual([15, 2]);
    expect(engine.faults.map(({ kind }) => kind)).toEqual(['view']);
  });
});
