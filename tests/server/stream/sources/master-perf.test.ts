import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { PerfRecord } from '../../../../pipeline/perf/record.ts';
import type { StreamData, StreamFault, StreamFeed } from '../../../../pipeline/live.ts';
import { masterPerfSource } from '../../../../server/stream/sources/master-perf.ts';
import { perfBatch } from '../../../support/perf-batches.ts';
import { runningAnalytics } from '../../../support/running-analytics.ts';

const analytics = runningAnalytics();
const never = new AbortController().signal;
const feeds: StreamFeed[] = [];
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
});

function rowsIn(data: StreamData | StreamFault): readonly PerfRecord[] {
  if (!(data instanceof Uint8Array)) return expect.unreachable(JSON.stringify(data));
  return (JSON.parse(Buffer.from(data).toString()) as { masterPerf: PerfRecord[] }).masterPerf;
}
const shortOf = (rows: readonly PerfRecord[]): string[] =>
  rows.map(({ id, value, properties }) => `${id} ${value} ${properties['scope']}`);

async function start(scope = 'A') {
  const running = analytics();
  await running.open();
  const source = masterPerfSource(running.client);
  const faults: StreamFault[] = [];
  const open = (of = scope): StreamFeed => {
    const feed = source.open({ scope: of, admin: false }, {}, { fail: (fault) => faults.push(fault), changed: () => {} });
    if ('ok' in feed) return expect.unreachable(feed.message);
    feeds.push(feed);
    return feed;
  };
  const append = (of: string, values: Readonly<Record<string, string>>) => running.client.append(perfBatch(of, values), never);
  return { ...running, source, open, append, faults };
}

/** As the stream does each second, here as fast as answers come. */
async function nextDelta(feed: StreamFeed): Promise<readonly PerfRecord[]> {
  for (;;) {
    const data = feed.delta();
    if (data === 'renew') return expect.unreachable();
    if (data !== undefined) return rowsIn(data);
    await sleep(20);
  }
}

describe('the topic master_perf', () => {
  it('shows the rows of the scope, then those that are new or have changed', async () => {
    const { open, append } = await start();
    await append('A', { get: '1ms', put: '2ms' });
    await append('B', { get: 'not yours' });
    const feed = open();
    expect(shortOf(rowsIn(await feed.snapshot()))).toEqual(['get 1ms A', 'put 2ms A']);
    await append('A', { put: '3ms', list: '4ms' });
    expect(shortOf(await nextDelta(feed))).toEqual(['list 4ms A', 'put 3ms A']);
    expect(shortOf(rowsIn(await feed.snapshot()))).toEqual(['get 1ms A', 'list 4ms A', 'put 3ms A']);
    await append('B', { get: 'not yours either' });
    for (let i = 0; i < 10; i++) {
      expect(feed.delta()).toBeUndefined();
      await sleep(20);
    }
  });

  it('is empty before anything came', async () => {
    const { open } = await start();
    const feed = open();
    expect(rowsIn(await feed.snapshot())).toEqual([]);
    expect(feed.delta()).toBeUndefined();
  });

  it('takes no options, and tells where nothing is kept', async () => {
    const { source } = await start();
    expect(source.options({})).toMatchObject({ ok: true });
    expect(source.options({ limit: 1 })).toMatchObject({ ok: false });
    const none = masterPerfSource(analytics().client).open(
      { scope: 'A', admin: false },
      {},
      { fail: () => {}, changed: () => {} },
    );
    if ('ok' in none) return expect.unreachable(none.message);
    expect(await none.snapshot()).toMatchObject({ ok: false, code: 'NO_WINDOWS' });
    none.close();
  });
});
