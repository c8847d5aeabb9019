import { afterEach, describe, expect, it } from 'vitest';
import { EXPORT_LIMITS } from '../../../../agent/instrument/limits.ts';
import type { KeptPoint } from '../../../../agent/instrument/metrics/contract.ts';
import { startSdkEngine, type SdkEngine } from '../../../../agent/instrument/sdk/engine.ts';
import { pointsOf } from '../../../support/metric-points.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';
import { protobufOf } from '../../../support/sdk-metrics.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** An engine whose points that are told whole are those of `tell`, and what of them left. */
async function started(): Promise<{
  readonly engine: SdkEngine;
  readonly tell: (points: Readonly<Record<string, number | undefined>>) => void;
  readonly leaving: () => Promise<readonly number[]>;
  readonly sink: OtlpSink;
}> {
  const sink = await OtlpSink.start();
  const engine = await startSdkEngine({
    resource: {},
    url: `${sink.url}/v1/metrics`,
    timeoutMs: 5000,
    exportIntervalMs: 2 ** 30,
    temporality: 'cumulative',
    onFault: () => undefined,
  });
  open.push(
    () => engine.shutdown(),
    () => sink.close(),
  );
  const fresh: KeptPoint[] = [];
  engine.sendKept({ version: 0, take: () => ({ name: 'things', meter: 'app', points: fresh.splice(0) }) });
  return {
    engine,
    sink,
    tell: (points) => {
      for (const [key, value] of Object.entries(points)) fresh.push({ key, point: value === undefined ? undefined : at(value) });
    },
    leaving: async () => {
      const before = sink.requests.length;
      await engine.flush(5000);
      const bodies = sink.requests.slice(before).map(({ body }) => protobufOf(body));
      return pointsOf(bodies).map(({ value }) => value);
    },
  };
}

const at = (value: number) => ({ timeNs: 1_795_258_800_123_456_789n, value, attributes: { thing: 'a' } });

describe('a point that is told whole, sent by the official SDK', () => {
  it('is one of a gauge, with its own time to the nanosecond and its attributes, beside what is measured', async () => {
    const { engine, sink, tell } = await started();
    engine.getMeter('shop').createCounter('orders').add(2);
    tell({ a: -1.5 });
    expect(await engine.flush(5000)).toBe(true);
    const points = pointsOf(sink.requests.map(({ body }) => protobufOf(body)));
    expect(points.map(({ metric }) => metric)).toEqual(['orders', 'things']);
    expect(points[1]).toMatchObject({
      meter: 'app',
      type: 'gauge',
      value: -1.5,
      timeNs: 1_795_258_800_123_456_789n,
      attributes: { thing: 'a' },
    });
  });

  it('leaves until it has arrived, and then no more until it changes; one that is gone leaves no more', async () => {
    const { sink, tell, leaving } = await started();
    sink.script = () => ({ status: 400 });
    tell({ a: 1, b: 2 });
    expect(await leaving()).toEqual([1, 2]);
    sink.script = () => ({ status: 200 });
    tell({ b: undefined });
    expect(await leaving()).toEqual([1]);
    expect(await leaving()).toEqual([]);
    tell({ a: 3 });
    expect(await leaving()).toEqual([3]);
  });
});

it('nothing is sent by an engine without an address, and it says so of no flush', async () => {
  const engine = await startSdkEngine({
    resource: {},
    url: undefined,
    timeoutMs: EXPORT_LIMITS.flushMs,
    exportIntervalMs: 1000,
    temporality: 'cumulative',
    onFault: () => undefined,
  });
  engine.sendKept({
    version: 0,
    take: () => {
      throw new Error('nobody sends it');
    },
  });
  engine.getMeter('shop').createCounter('orders').add(2);
  expect(await engine.flush(EXPORT_LIMITS.flushMs)).toBe(true);
  await engine.shutdown();
});
