import { context, ROOT_CONTEXT, trace, TraceFlags, type Context } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterEach, describe, expect, it } from 'vitest';
import { ExemplarGate } from '../../../../agent/instrument/metrics/exemplars.ts';
import { METRIC_LIMITS } from '../../../../agent/instrument/metrics/limits.ts';
import type { ExemplarRecord } from '../../../../agent/instrument/metrics/contract.ts';
import { attributesOf, type DecodedPoint } from '../../../support/metric-points.ts';
import { OwnEngine, type EngineOptions } from '../../../support/metric-engine.ts';
import type { Tree } from '../../../support/reference/otlp.ts';

const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const inside = (traceFlags: number): Context => trace.setSpanContext(ROOT_CONTEXT, { ...IDS, traceFlags });
const SAMPLED = inside(TraceFlags.SAMPLED);

async function collected(engine: OwnEngine): Promise<readonly DecodedPoint[]> {
  await engine.provider.observe(100);
  return engine.collect();
}
const exemplarsOf = (point: DecodedPoint | undefined): Tree[] => (point?.tree['exemplars'] ?? []) as Tree[];

function tracing(options: EngineOptions = {}): OwnEngine {
  new NodeTracerProvider().register();
  return new OwnEngine(options);
}

afterEach(() => {
  trace.disable();
  context.disable();
});

describe('exemplars', () => {
  it('are taken inside a sampled span, of sums, gauges and histograms, bound or not, with its ids', async () => {
    const engine = tracing();
    const meter = engine.provider.getMeter('test');
    meter.createCounter('c').add(3, { a: 1 }, SAMPLED);
    meter.createCounter('i', { valueType: 0 }).add(-0, {}, SAMPLED);
    meter.createCounter('i', { valueType: 0 }).add(7, {}, SAMPLED);
    meter.createGauge('g').bind().record(0.25, SAMPLED);
    const points = await collected(engine);
    for (const [metric, value] of [
      ['c', { asDouble: 3 }],
      ['i', { asInt: 7n }],
      ['g', { asDouble: 0.25 }],
    ] as const) {
      const [exemplar, ...more] = exemplarsOf(points.find((point) => point.metric === metric));
      expect(more).toEqual([]);
      expect(exemplar).toMatchObject(value);
      expect(exemplar?.['traceId']).toEqual(Buffer.from(IDS.traceId, 'hex'));
      expect(exemplar?.['spanId']).toEqual(Buffer.from(IDS.spanId, 'hex'));
      expect(exemplar?.['timeUnixNano']).toBeTypeOf('bigint');
    }
    expect(points.find(({ metric }) => metric === 'c')).toMatchObject({ value: 3, attributes: { a: 1 } });
  });

  it('are found by the active span, without a context being handed in', async () => {
    const engine = tracing();
    const counter = engine.provider.getMeter('test').createCounter('c');
    trace.getTracer('test').startActiveSpan('work', (span) => {
      counter.add(1);
      span.end();
      expect(span.isRecording()).toBe(false);
    });
    expect(exemplarsOf((await collected(engine))[0])).toHaveLength(1);
  });

  it('of a histogram are at most one for each bucket, the latest', async () => {
    const engine = tracing();
    const histogram = engine.provider.getMeter('test').createHistogram('h', { advice: { explicitBucketBoundaries: [10, 20] } });
    for (const value of [1, 2, 3, 15, 50, 51]) histogram.record(value, {}, SAMPLED);
    const [point] = await collected(engine);
    expect(exemplarsOf(point).map((each) => each['asDouble'])).toEqual([3, 15, 51]);
    expect(point?.tree['count']).toBe(6n);
    histogram.record(4);
    expect(exemplarsOf((await collected(engine))[0])).toEqual([]);
  });

  it('of an exponential histogram are drawn, and never more than they may be', async () => {
    const engine = tracing({ histogramAggregation: 'base2_exponential_bucket_histogram' });
    const histogram = engine.provider.getMeter('test').createHistogram('h');
    for (let value = 1; value <= 500; value++) histogram.record(value, {}, SAMPLED);
    const values = exemplarsOf((await collected(engine))[0]).map((each) => Number(each['asDouble']));
    expect(values).toHaveLength(METRIC_LIMITS.exemplarsPerSeries);
    expect(new Set(values).size).toBe(values.length);
    // That a drawn set holds only the first twenty has a chance of one in 10^35.
    expect(Math.max(...values)).toBeGreaterThan(METRIC_LIMITS.exemplarsPerSeries);
  });

  it('hold the attributes that a view took away', async () => {
    const engine = tracing({ views: [{ instrumentName: 'c', attributeKeys: ['a'] }] });
    engine.provider.getMeter('test').createCounter('c').add(1, { a: 1, user: 'u1' }, SAMPLED);
    const [point] = await collected(engine);
    expect(point?.attributes).toEqual({ a: 1 });
    expect(attributesOf(exemplarsOf(point)[0]?.['filteredAttributes'])).toEqual({ user: 'u1' });
  });

  it('come again with the next collection when theirs did not arrive', async () => {
    const engine = tracing({ temporality: 'delta' });
    engine.provider.getMeter('test').createCounter('c').add(1, {}, SAMPLED);
    await engine.provider.observe(100);
    expect(exemplarsOf(engine.collect(true)[0])).toHaveLength(1);
    expect(exemplarsOf(engine.collect()[0])).toHaveLength(1);
    engine.provider.getMeter('test').createCounter('c').add(1);
    expect(exemplarsOf(engine.collect()[0])).toEqual([]);
  });

  it('are none outside a span, in one that is not sampled, without a tracer, and when they are switched off', async () => {
    const without = new OwnEngine();
    without.provider.getMeter('test').createCounter('c').add(1, {}, SAMPLED);
    expect(exemplarsOf((await collected(without))[0])).toEqual([]);
    const engine = tracing();
    engine.provider.getMeter('test').createCounter('c').add(1);
    engine.provider.getMeter('test').createCounter('c').add(1, {}, inside(TraceFlags.NONE));
    expect(exemplarsOf((await collected(engine))[0])).toEqual([]);
    const off = new OwnEngine({ exemplarFilter: 'always_off' });
    off.provider.getMeter('test').createCounter('c').add(1, {}, SAMPLED);
    expect(exemplarsOf((await collected(off))[0])).toEqual([]);
  });

  it('are taken of everything with the filter always_on, without ids outside a span', async () => {
    const engine = new OwnEngine({ exemplarFilter: 'always_on' });
    engine.provider.getMeter('test').createCounter('c').add(5);
    const [exemplar] = exemplarsOf((await collected(engine))[0]);
    expect(exemplar).toMatchObject({ asDouble: 5 });
    expect(exemplar).not.toHaveProperty('traceId');
  });

  it('begin with a tracer that is registered later than the meter', async () => {
    const engine = new OwnEngine();
    const bound = engine.provider.getMeter('test').createCounter('c').bind();
    new NodeTracerProvider().register();
    await engine.provider.observe(100);
    bound.add(1, SAMPLED);
    expect(exemplarsOf((await collected(engine))[0])).toHaveLength(1);
  });
});

describe('the gate of exemplars', () => {
  it('holds some for a bounded number of series, and gives them away once', () => {
    const gate = new ExemplarGate('always_on', () => 1);
    const given: ExemplarRecord[] = [];
    const sink = {
      addPage: () => undefined,
      addInstrument: () => undefined,
      addSeries: () => undefined,
      addExemplars: (exemplars: readonly ExemplarRecord[]) => given.push(...exemplars),
    };
    for (let id = 0; id < METRIC_LIMITS.exemplarSeries + 50; id++) gate.offer({ id, allowed: undefined }, 0, id);
    gate.drain(sink);
    gate.drain(sink);
    expect(given).toHaveLength(METRIC_LIMITS.exemplarSeries);
  });
});
