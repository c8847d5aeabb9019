import { describe, expect, it } from 'vitest';
import { Callbacks } from '../../../../agent/instrument/metrics/observables.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';
import { textOf } from '../../../support/metric-points.ts';

const setup = (options = {}) => {
  const engine = new OwnEngine(options);
  return { engine, meter: engine.provider.getMeter('test') };
};
const metrics = (engine: OwnEngine): unknown[] => engine.collect().map(({ metric, value }) => [metric, value]);

describe('observables', () => {
  it('of synchronous callbacks are published when observe returns, before it resolves: an exit waits for nobody', () => {
    const { engine, meter } = setup();
    meter.createObservableGauge('g').addCallback((result) => result.observe(1));
    meter.createObservableGauge('slow').addCallback(() => new Promise(() => undefined));
    void engine.provider.observe(0);
    expect(metrics(engine)).toEqual([['g', 1]]);
  });

  it('have no point for a set that was not observed this time, and one again when it is', async () => {
    const { engine, meter } = setup();
    let sets: readonly string[] = ['a', 'b'];
    meter.createObservableGauge('g').addCallback((result) => sets.forEach((set) => result.observe(1, { set })));
    const seen = async (): Promise<string[]> => {
      await engine.provider.observe(100);
      return engine.collect().map(({ attributes }) => textOf(attributes));
    };
    expect(await seen()).toEqual(['[["set","a"]]', '[["set","b"]]']);
    sets = ['b'];
    expect(await seen()).toEqual(['[["set","b"]]']);
    sets = ['a'];
    expect(await seen()).toEqual(['[["set","a"]]']);
  });

  it('wait for asynchronous callbacks, but no longer than they are told; what comes later is not taken', async () => {
    const { engine, meter } = setup();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    meter.createObservableGauge('quick').addCallback(async (result) => {
      await Promise.resolve();
      result.observe(1);
    });
    meter.createObservableGauge('late').addCallback(async (result) => {
      await released;
      result.observe(2);
    });
    await engine.provider.observe(20);
    expect(metrics(engine)).toEqual([['quick', 1]]);
    expect(engine.faults.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['callback', 'cannot observe late by its callback: it takes longer than 20 ms'],
    ]);
    release();
    await new Promise(setImmediate);
    expect(metrics(engine)).toEqual([['quick', 1]]);
  });

  it('of a round that another one followed are not mixed into it', async () => {
    const { engine, meter } = setup();
    let round = 0;
    const gates: (() => void)[] = [];
    meter.createObservableGauge('g').addCallback(async (result) => {
      round += 1;
      const own = round;
      await new Promise<void>((resolve) => gates.push(resolve));
      result.observe(own, { own });
    });
    const first = engine.provider.observe(10_000);
    const second = engine.provider.observe(10_000);
    for (const open of gates) open();
    await Promise.all([first, second]);
    expect(engine.collect().map(({ value }) => value)).toEqual([2]);
  });

  it('with the same attributes twice keep the last; with attributes that a view made the same, sums add up', async () => {
    const { engine, meter } = setup({ views: [{ instrumentName: 'added', attributeKeys: ['a'] }] });
    for (const name of ['plain', 'added']) {
      meter.createObservableCounter(name).addCallback((result) => {
        result.observe(1, { a: 1, b: 1 });
        result.observe(2, name === 'plain' ? { b: 1, a: 1 } : { a: 1, b: 2 });
      });
    }
    for (let i = 0; i < 2; i++) {
      await engine.provider.observe(100);
      expect(metrics(engine)).toEqual([
        ['plain', 2],
        ['added', 3],
      ]);
    }
  });

  it('refuse what is no number, and go on', async () => {
    const { engine, meter } = setup();
    meter.createObservableGauge('g').addCallback((result) => {
      result.observe(5);
      result.observe(Number.NaN);
      result.observe('7' as unknown as number);
    });
    await engine.provider.observe(100);
    expect(metrics(engine)).toEqual([['g', 5]]);
    expect(engine.provider.stats().dropped).toMatchObject({ nan: 1, type: 1 });
  });

  it('observe -0 as zero', async () => {
    const { engine, meter } = setup();
    meter.createObservableUpDownCounter('u').addCallback((result) => result.observe(-0));
    meter.createGauge('g').record(-0);
    await engine.provider.observe(100);
    expect(metrics(engine)).toEqual([
      ['u', 0],
      ['g', 0],
    ]);
  });

  it('delta: a counter that was set back begins anew', async () => {
    const { engine, meter } = setup({ temporality: 'delta' });
    let total = 10;
    meter.createObservableCounter('c').addCallback((result) => result.observe(total));
    const told: number[] = [];
    for (total of [10, 15, 4, 6]) {
      await engine.provider.observe(100);
      told.push(...engine.collect().map(({ value }) => value));
    }
    expect(told).toEqual([10, 5, 4, 2]);
  });

  it('as a histogram, by a view, record each observation', async () => {
    const { engine, meter } = setup({
      views: [{ instrumentName: 'u', aggregation: { type: 'explicit_bucket_histogram', boundaries: [0] } }],
    });
    meter.createObservableUpDownCounter('u').addCallback((result) => {
      result.observe(-5);
      result.observe(5);
    });
    await engine.provider.observe(100);
    const [point] = engine.collect();
    expect(point?.tree).toMatchObject({ count: 2n, bucketCounts: [1n, 1n], min: -5, max: 5 });
    // Of both signs: the protocol wants no sum.
    expect(point?.tree).not.toHaveProperty('sum');
  });

  it('call a callback once, however often it was added, and not at all without anything to observe', async () => {
    const { engine, meter } = setup();
    let calls = 0;
    const callback = (): void => void (calls += 1);
    const gauge = meter.createObservableGauge('g');
    gauge.addCallback(callback);
    gauge.addCallback(callback);
    meter.createObservableGauge('g').addCallback(callback);
    meter.addBatchObservableCallback(callback, []);
    gauge.addCallback(undefined as unknown as () => void);
    await engine.provider.observe(100);
    expect(calls).toBe(1);
  });

  it('take back a batch callback by the instruments it was for, in any order', async () => {
    const { engine, meter } = setup();
    const [one, two] = [meter.createObservableGauge('one'), meter.createObservableGauge('two')];
    const callback = (): void => expect.unreachable();
    meter.addBatchObservableCallback(callback, [one, two]);
    meter.removeBatchObservableCallback(callback, [two, one]);
    await engine.provider.observe(100);
    expect(engine.provider.stats().dropped.callback).toBe(0);
  });
});

describe('callbacks', () => {
  it('that are none take no time', async () => {
    const faults = { count: () => expect.unreachable(), refuse: () => expect.unreachable() };
    await expect(new Callbacks(faults as never).observe(0)).resolves.toBeUndefined();
  });
});

describe('callbacks in turns', () => {
  /** Names of callbacks and of turns of the event loop, in the order in which they came. */
  function watched() {
    const { engine, meter } = setup();
    const seen: string[] = [];
    const add = (name: string, observe: (turn: string) => void = () => undefined) =>
      meter.createObservableGauge(name).addCallback((result) => {
        seen.push(name);
        observe(name);
        result.observe(1);
      });
    return { engine, meter, seen, add };
  }

  it('have one each, and are published together at the end', async () => {
    const { engine, seen, add } = watched();
    let between: unknown[] = ['not asked'];
    add('first', () => setImmediate(() => seen.push('turn')));
    add('second', () => (between = metrics(engine)));
    await engine.provider.observe(10_000, true);
    expect(seen).toEqual(['first', 'turn', 'second']);
    expect(between).toEqual([]);
    expect(metrics(engine)).toEqual([
      ['first', 1],
      ['second', 1],
    ]);
  });

  it('end where another round begins: at the end of a process nobody waits', async () => {
    const { engine, seen, add } = watched();
    add('first');
    add('second');
    const round = engine.provider.observe(10_000, true);
    void engine.provider.observe(0);
    expect(metrics(engine)).toHaveLength(2);
    await round;
    expect(seen).toEqual(['first', 'second']);
    expect(metrics(engine)).toHaveLength(2);
  });

  it('come at once when half of the time is over', async () => {
    const { engine, seen, add } = watched();
    add('first', () => setImmediate(() => seen.push('turn')));
    add('second');
    await engine.provider.observe(0, true);
    expect(seen).toEqual(['first', 'second']);
  });

  it('are not run when they were removed in the meantime', async () => {
    const { engine, meter, seen, add } = watched();
    const gauge = meter.createObservableGauge('removed');
    const removed = (): void => expect.unreachable();
    add('first', () => gauge.removeCallback(removed));
    gauge.addCallback(removed);
    await engine.provider.observe(10_000, true);
    expect(seen).toEqual(['first']);
  });

  it('wait for those that are asynchronous, too', async () => {
    const { engine, meter } = watched();
    meter.createObservableGauge('slow').addCallback(async (result) => {
      await new Promise(setImmediate);
      result.observe(2);
    });
    await engine.provider.observe(10_000, true);
    expect(metrics(engine)).toEqual([['slow', 2]]);
  });
});
