import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScopedBatch } from '../../../../pipeline/batch/scoped-batch.ts';
import { LIMITS } from '../../../../pipeline/limits.ts';
import { encode } from '../../../support/build.ts';
import * as build from '../../../support/build.ts';
import type { Tree } from '../../../support/reference/otlp.ts';
import { scopedBatch } from '../../../support/scoped-batches.ts';
import { streamBench, type Message, type Started, type TestClient } from '../../../support/stream-bench.ts';

const { start } = streamBench();
type Signal = 'metrics' | 'logs' | 'traces';

/** A batch as the graph hands it to an exporter, in two segments that are cut anywhere. */
function batch(signal: Signal, groups: readonly build.GroupSpec[], scope = 'A'): ScopedBatch {
  const bytes = encode(signal, build.request(signal, groups));
  const middle = bytes.length >> 1;
  const items = groups.reduce((sum, each) => sum + each.items.length, 0);
  return scopedBatch(signal, [bytes.subarray(0, middle), bytes.subarray(middle)], items, scope);
}
const shop = (items: readonly Tree[], service = 'shop'): build.GroupSpec => ({ resource: { 'service.name': service }, items });

async function subscribe(started: Started, topic: string, options: object = {}, scope = 'A'): Promise<TestClient> {
  const client = await started.connect(scope);
  client.send({ subscribe: topic, id: 's', ...options });
  expect(await client.next()).toMatchObject({ type: 'snapshot', seq: 0 });
  return client;
}
async function delta(started: Started, client: TestClient): Promise<Message> {
  await started.tick();
  return client.nextOf('delta');
}
const pointsOf = (message: Message): (readonly [number, number, unknown])[] => message['points'] as never;
const NOW_MS = Number(build.NOW_NANOS / 1_000_000n);

describe('metrics', () => {
  it('of every type come with what they are once, and then as points', async () => {
    const started = await start();
    const client = await subscribe(started, 'metrics');
    const metrics = [
      build.gauge('temperature', [build.point({ room: 'hall' }, 21.5)]),
      build.sum('requests', [build.point({}, 7n)]),
      build.histogram('latency', [build.histogramPoint()]),
      build.exponentialHistogram('size', [build.exponentialHistogramPoint()]),
      build.summary('old', [build.summaryPoint()]),
    ];
    started.stream.publish(batch('metrics', [shop(metrics)]));
    const first = await delta(started, client);
    expect(first['series']).toEqual([
      { series: 0, name: 'temperature', unit: '', metric_type: 'gauge', service: 'shop', attributes: { room: 'hall' } },
      { series: 1, name: 'requests', unit: '1', metric_type: 'sum', service: 'shop', attributes: {} },
      { series: 2, name: 'latency', unit: 'ms', metric_type: 'histogram', service: 'shop', attributes: {} },
      { series: 3, name: 'size', unit: '', metric_type: 'exponential_histogram', service: 'shop', attributes: {} },
      { series: 4, name: 'old', unit: '', metric_type: 'summary', service: 'shop', attributes: {} },
    ]);
    expect(pointsOf(first)).toEqual([
      [0, NOW_MS, 21.5],
      [1, NOW_MS, 7],
      [2, NOW_MS, { count: 3, sum: 12.5 }],
      [3, NOW_MS, { count: 5, sum: -2.25 }],
      [4, NOW_MS, { count: 10, sum: 55 }],
    ]);
    started.stream.publish(batch('metrics', [shop([build.gauge('temperature', [build.point({ room: 'hall' }, 22)])])]));
    expect(await delta(started, client)).toEqual({ type: 'delta', id: 's', seq: 2, series: [], points: [[0, NOW_MS, 22]] });
    const late = await started.connect('A');
    late.send({ subscribe: 'metrics', id: 'late' });
    const snapshot = await late.next();
    expect([snapshot['seq'], (snapshot['series'] as unknown[]).length, pointsOf(snapshot)[0]]).toEqual([2, 5, [0, NOW_MS, 22]]);
  });

  it('come as the newest point of each series and second, whatever comes in whatever order', async () => {
    const started = await start();
    const client = await subscribe(started, 'metrics');
    const point = fc.record({ series: fc.nat(4), offset: fc.nat(5), value: fc.double({ noNaN: false }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(point, { maxLength: 8 }), { minLength: 1, maxLength: 4 }), async (requests) => {
        const expected = new Map<string, readonly [number, unknown]>();
        for (const points of requests) {
          const trees = points.map(({ series, offset, value }) => {
            const timeMs = NOW_MS + offset * 1000;
            const key = `n${series}`;
            const before = expected.get(key);
            const said = Number.isFinite(value) ? (Object.is(value, -0) ? 0 : value) : String(value);
            if (before === undefined || timeMs >= before[0]) expected.set(key, [timeMs, said]);
            return { ...build.point({ n: key }, value), timeUnixNano: BigInt(timeMs) * 1_000_000n };
          });
          if (trees.length > 0) started.stream.publish(batch('metrics', [shop([build.gauge('random', trees)])]));
        }
        if (expected.size === 0) return;
        const message = await delta(started, client);
        for (const each of message['series'] as { series: number; attributes: Record<string, string> }[])
          names.set(each.series, each.attributes['n'] ?? '');
        const got = new Map(pointsOf(message).map(([series, timeMs, value]) => [names.get(series), [timeMs, value]]));
        expect(got).toEqual(expected);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });
  const names = new Map<number, string>();

  it('of the service and the names that were asked for, and of as many series', async () => {
    const started = await start();
    const client = await subscribe(started, 'metrics', { service: 'shop', names: ['b', 'a'], limit: 2 });
    const three = ['x', 'y', 'z'].map((n) => build.point({ n }));
    const metrics = [build.gauge('a', three), build.gauge('c', [build.point()])];
    started.stream.publish(batch('metrics', [shop(metrics), shop(metrics, 'other')]));
    const message = await delta(started, client);
    expect((message['series'] as { attributes: object }[]).map(({ attributes }) => attributes)).toEqual([{ n: 'x' }, { n: 'y' }]);
    expect([pointsOf(message).length, message['skipped']]).toEqual([2, 1]);
  });

  it('a series that brings nothing any more makes room for another', async () => {
    const started = await start();
    const client = await subscribe(started, 'metrics', { limit: 1 });
    const publish = (n: string): void =>
      started.stream.publish(batch('metrics', [shop([build.gauge('a', [build.point({ n })])])]));
    publish('old');
    expect((await delta(started, client))['series']).toMatchObject([{ series: 0, attributes: { n: 'old' } }]);
    publish('new');
    expect((await delta(started, client))['skipped']).toBe(1);
    for (let at = 0; at < 20; at += 1) {
      await started.clock.advance(LIMITS.streamSeriesIdleMs / 20);
      await client.settled();
    }
    publish('new');
    expect((await delta(started, client))['series']).toMatchObject([{ series: 1, attributes: { n: 'new' } }]);
  });
});

describe('logs', () => {
  it('come with time to the nanosecond, severity, service, body, attributes and ids', async () => {
    const started = await start();
    const client = await subscribe(started, 'logs');
    const more = { traceId: build.TRACE_ID, spanId: build.SPAN_ID, timeUnixNano: build.NOW_NANOS + 123n };
    const records = [
      build.logRecord({ 'http.route': '/', n: 3n }, 'first', more),
      build.logRecord({}, { a: [1n, true, null] }, { severityText: '', severityNumber: 14 }),
    ];
    started.stream.publish(batch('logs', [shop(records)]));
    expect(await delta(started, client)).toEqual({
      type: 'delta',
      id: 's',
      seq: 1,
      rate: 2,
      records: [
        {
          time: '2023-11-14T22:13:20.000000123Z',
          severity: 'INFO',
          severity_number: 9,
          service: 'shop',
          body: 'first',
          attributes: { 'http.route': '/', n: '3' },
          trace_id: build.TRACE_ID.toString('hex'),
          span_id: build.SPAN_ID.toString('hex'),
        },
        {
          time: '2023-11-14T22:13:20.000000000Z',
          severity: 'WARN2',
          severity_number: 14,
          service: 'shop',
          body: '{"a":[1,true,null]}',
          attributes: {},
          trace_id: '',
          span_id: '',
        },
      ],
    });
    expect(await delta(started, client)).toMatchObject({ records: [], rate: 0 });
  });

  it('come as the newest of each second that match, and the rest is counted', async () => {
    const started = await start();
    const options = { service: 'shop', min_severity: 'warn', text: 'LINE', limit: 3 };
    const client = await subscribe(started, 'logs', options);
    const line = (n: number, severityNumber: number): Tree =>
      build.logRecord({}, n < 8 ? `Line ${n}` : 'else', { severityNumber });
    for (let at = 0; at < 2; at += 1) {
      const records = Array.from({ length: 10 }, (_, n) => line(n, n % 2 === 0 ? 9 : 17));
      started.stream.publish(batch('logs', [shop(records), shop(records, 'other')]));
    }
    const message = await delta(started, client);
    const bodies = (message['records'] as { body: string }[]).map(({ body }) => body);
    expect([bodies, message['rate'], message['skipped']]).toEqual([['Line 3', 'Line 5', 'Line 7'], 8, 5]);
    const late = await started.connect('A');
    late.send({ subscribe: 'logs', id: 'late', ...options });
    const snapshot = await late.next();
    expect([(snapshot['records'] as unknown[]).length, snapshot['seq']]).toEqual([3, 1]);
  });

  it('are cut where one of them is very long, never within a character', async () => {
    const started = await start();
    const client = await subscribe(started, 'logs');
    started.stream.publish(batch('logs', [shop([build.logRecord({ long: '𝄞'.repeat(9000) }, `${'𝄞'.repeat(9000)}`)])]));
    const [record] = (await delta(started, client))['records'] as { body: string; attributes: Record<string, string> }[];
    for (const text of [record!.body, record!.attributes['long']!]) {
      expect(text.length).toBeLessThanOrEqual(LIMITS.streamTextChars);
      expect(text).not.toMatch(/\p{Surrogate}/u);
      expect(text.endsWith('𝄞…')).toBe(true);
    }
  });
});

describe('traces', () => {
  it('come with ids, kind, duration and status, and only those that were asked for', async () => {
    const started = await start();
    const all = await subscribe(started, 'traces');
    const slow = await subscribe(started, 'traces', { min_duration_ms: 4, errors_only: true, service: 'shop' });
    const error = build.span({ n: 1n }, { status: { code: 2 }, parentSpanId: build.SPAN_ID });
    const quick = build.span({}, { status: { code: 2 }, startTimeUnixNano: build.NOW_NANOS - 1_000_000n });
    started.stream.publish(batch('traces', [shop([error, quick, build.span()]), shop([error], 'other')]));
    await started.tick();
    expect(((await all.nextOf('delta'))['spans'] as unknown[]).length).toBe(4);
    expect((await slow.nextOf('delta'))['spans']).toEqual([
      {
        time: '2023-11-14T22:13:19.995000000Z',
        trace_id: build.TRACE_ID.toString('hex'),
        span_id: build.SPAN_ID.toString('hex'),
        parent_span_id: build.SPAN_ID.toString('hex'),
        name: 'GET /',
        kind: 'Server',
        service: 'shop',
        duration_ns: 5_000_000,
        status: 'Error',
        attributes: { n: '1' },
      },
    ]);
  });
});

describe('two scopes side by side', () => {
  it('see nothing of each other, whatever comes in', async () => {
    const started = await start();
    const clients = new Map<string, TestClient>();
    for (const scope of ['A', 'B']) {
      const client = await started.connect(scope, { permissions: ['stream', 'admin'] });
      for (const topic of ['metrics', 'logs', 'traces', 'activity']) client.send({ subscribe: topic, id: topic });
      clients.set(scope, client);
      await client.settled();
    }
    for (let second = 0; second < 5; second += 1) {
      for (const scope of ['A', 'B']) {
        const secret = `secret of ${scope}`;
        const marks = { mark: secret };
        started.stream.publish(batch('metrics', [shop([build.gauge(secret, [build.point(marks)])], secret)], scope));
        started.stream.publish(batch('logs', [shop([build.logRecord(marks, secret)], secret)], scope));
        started.stream.publish(batch('traces', [shop([build.span(marks, { name: secret })], secret)], scope));
        void started.audit.record({ type: 'ERROR', severity: 'ERROR', action: secret, result: 'FAILURE', scope });
      }
      started.ledger = {
        receivers: ['A', 'B'].map((scope) => ({
          receiver: `secret of ${scope}`,
          scope,
          signal: 'logs',
          received: second,
          accepted: second,
          rejected: {},
        })),
        pipelines: [],
        exporters: [],
      };
      await started.tick();
    }
    for (const [scope, client] of clients) {
      await client.settled();
      const text = JSON.stringify(client.messages);
      const other = scope === 'A' ? 'B' : 'A';
      expect(text).not.toContain(`secret of ${other}`);
      for (const topic of ['metrics', 'logs', 'traces', 'activity'])
        expect(client.messages.filter(({ type, id }) => type === 'delta' && id === topic).length).toBeGreaterThanOrEqual(4);
    }
  });
});

describe('work on what is watched', () => {
  it('is none without a subscription, and ends with the last one', async () => {
    const started = await start();
    const logs = (): void => started.stream.publish(batch('logs', [shop([build.logRecord()])]));
    logs();
    const client = await subscribe(started, 'logs');
    started.stream.publish(batch('logs', [shop([build.logRecord()])], 'B'));
    started.stream.publish(batch('traces', [shop([build.span()])]));
    expect(started.stream.stats().watchedItems).toBe(0);
    logs();
    expect(started.stream.stats().watchedItems).toBe(1);
    client.send({ unsubscribe: 's' });
    await client.nextOf('unsubscribed');
    logs();
    expect(started.stream.stats().watchedItems).toBe(1);
  });

  it('is bounded in each second; what nobody had time for is counted, exactly', async () => {
    const started = await start();
    const client = await subscribe(started, 'metrics', { limit: 1000 });
    const points = Array.from({ length: 4000 }, (_, n) => build.point({ n: BigInt(n) }));
    const large = encode('metrics', build.request('metrics', [shop([build.gauge('many', points)])]));
    // One that does not come again in its second is waited for: what comes is looked at for its sake.
    started.stream.publish(batch('metrics', [shop([build.gauge('once', [build.point()])])]));
    await delta(started, client);
    let published = 1;
    while (started.stream.stats().skippedItems === 0 && published < 400_000_000) {
      started.stream.publish(scopedBatch('metrics', [large], points.length, 'A'));
      published += points.length;
    }
    const { watchedItems, skippedItems } = started.stream.stats();
    expect([watchedItems, skippedItems]).toEqual([published, points.length]);
    const seen = published - skippedItems - 1;
    const message = await delta(started, client);
    // A thousand series are shown; of each batch that was read the points of the others are counted, too.
    expect(message['skipped']).toBe((seen / points.length) * 3001 + skippedItems);
    // In the next second some are looked at again, and what is not is told again.
    for (let at = 0; at < 20; at += 1) started.stream.publish(scopedBatch('metrics', [large], points.length, 'A'));
    const more = started.stream.stats().skippedItems - skippedItems;
    expect(more).toBeLessThan(20 * points.length);
    expect((await delta(started, client))['skipped']).toBe(((20 * points.length - more) / points.length) * 3001 + more);
  });
});
