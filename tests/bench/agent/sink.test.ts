import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { MetricSink, sumsOf } from '../../../bench/agent/sink.ts';
import { OwnEngine } from '../../support/metric-engine.ts';

const stopping: MetricSink[] = [];
afterEach(async () => {
  for (const sink of stopping.splice(0)) await sink.stop();
});

/** Requests of the agent's own engine with two metrics. */
function requests(values: readonly number[]): readonly Buffer[] {
  const engine = new OwnEngine();
  const meter = engine.provider.getMeter('test');
  const counter = meter.createCounter('wanted');
  for (const [i, value] of values.entries()) counter.add(value, { i });
  meter.createCounter('other').add(1000);
  return engine.reader.collect(engine.nowNs, 2 ** 22).requests.map(({ body }) => Buffer.from(body));
}

describe('what arrived', () => {
  test('is counted and added up for one metric', () => {
    expect(requests([1, 2, 3.5]).map((body) => sumsOf(body, 'wanted'))).toEqual([{ series: 3, total: 6.5 }]);
    expect(requests([]).map((body) => sumsOf(body, 'wanted'))).toEqual([{ series: 0, total: 0 }]);
  });

  test('is that of the last request that has the metric, compressed or not, once', async () => {
    const sink = await MetricSink.start('wanted');
    stopping.push(sink);
    const post = (body: Buffer, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(sink.url, { method: 'POST', body: new Uint8Array(body), headers: { Connection: 'close', ...headers } });
    await post(requests([1])[0]!);
    const { status } = await post(gzipSync(requests([2, 3])[0]!), { 'Content-Encoding': 'gzip' });
    await post(requests([])[0]!);
    expect(status).toBe(200);
    expect([sink.take(), sink.take()]).toEqual([{ series: 2, total: 5 }, undefined]);
  });
});
