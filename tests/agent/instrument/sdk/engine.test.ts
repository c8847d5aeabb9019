import { afterEach, describe, expect, it } from 'vitest';
import { startSdkEngine, type SdkEngine, type SdkEngineOptions } from '../../../../agent/instrument/sdk/engine.ts';
import { describeMetricBehaviour } from '../../../support/metric-behaviour.ts';
import { pointsOf, type DecodedPoint } from '../../../support/metric-points.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';
import { protobufOf } from '../../../support/sdk-metrics.ts';

/** What arrived at a sink since the last look. */
class Arrivals {
  readonly sink: OtlpSink;
  #seen = 0;

  constructor(sink: OtlpSink) {
    this.sink = sink;
  }

  take(): readonly DecodedPoint[] {
    const fresh = this.sink.requests.slice(this.#seen);
    this.#seen = this.sink.requests.length;
    return pointsOf(fresh.map(({ body }) => protobufOf(body)));
  }
}

const start = async (sink: OtlpSink, options: Partial<SdkEngineOptions> = {}): Promise<SdkEngine> =>
  startSdkEngine({
    resource: { 'service.name': 'test' },
    url: `${sink.url}/v1/metrics`,
    timeoutMs: 5000,
    exportIntervalMs: 2 ** 30,
    temporality: 'cumulative',
    onFault: () => undefined,
    ...options,
  });

describeMetricBehaviour('the official SDK', async (options = {}) => {
  const sink = await OtlpSink.start();
  const engine = await start(sink, options);
  const arrivals = new Arrivals(sink);
  return {
    meter: (name = 'test', version, given) => engine.getMeter(name, version, given),
    collect: async () => {
      // Its clock counts ms: what follows is to be later.
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(await engine.flush(5000)).toBe(true);
      return arrivals.take();
    },
    stop: async () => {
      await engine.shutdown();
      await sink.close();
    },
  };
});

describe('the engine of the official SDK', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  it('refuses what is no finite number, which the SDK alone would add for good', async () => {
    const sink = await OtlpSink.start();
    closing.push(() => sink.close());
    const told: string[] = [];
    const engine = await start(sink, { onFault: (kind) => told.push(kind) });
    const counter = engine.getMeter('test').createCounter('c');
    for (const value of [1, Number.NaN, Infinity, -1, '5' as unknown as number, 2]) counter.add(value);
    counter.bind({}).add(Number.NaN);
    await engine.shutdown();
    await engine.shutdown();
    expect(new Arrivals(sink).take().map(({ value }) => value)).toEqual([3]);
    expect(engine.stats()).toMatchObject({
      instruments: 1,
      series: undefined,
      dropped: { nan: 2, infinite: 1, negative: 1, type: 1 },
    });
    expect(told.toSorted()).toEqual(['infinite', 'nan', 'negative', 'type']);
  });

  it('says that a flush did not arrive when it was refused', async () => {
    const sink = await OtlpSink.start((_request, index) => ({ status: index === 0 ? 400 : 200 }));
    closing.push(() => sink.close());
    const engine = await start(sink);
    engine.getMeter('test').createCounter('c').add(1);
    expect([await engine.flush(5000), await engine.flush(5000)]).toEqual([false, true]);
    await engine.shutdown();
  });

  it('never waits longer for a flush than it may', async () => {
    const sink = await OtlpSink.start(() => ({ hang: true }));
    closing.push(() => sink.close());
    const engine = await start(sink, { timeoutMs: 200 });
    engine.getMeter('test').createCounter('c').add(1);
    expect(await engine.flush(20)).toBe(false);
    await engine.shutdown();
  });
});
