import { expect, it } from 'vitest';
import type { MetricsScan } from '../../../../pipeline/otlp/scan-types.ts';
import { metricsScan } from '../../../../pipeline/otlp/scan.ts';
import { metricsSource } from '../../../../server/stream/sources/metrics.ts';
import { Watches, type Watcher } from '../../../../server/stream/watch.ts';
import * as build from '../../../support/build.ts';

/** Watches that tell who watches: what a batch is scanned with is up to the test. */
class OpenWatches extends Watches {
  watcher: Watcher<MetricsScan> | undefined;
  override add(_scope: string, _signal: unknown, watcher: unknown): () => void {
    this.watcher = watcher as Watcher<MetricsScan>;
    return () => {};
  }
}

const NONE = { metrics: metricsScan, logs: metricsScan, traces: metricsScan } as never;
const NOW_MS = Number(build.NOW_NANOS / 1_000_000n);

it('what is shown is found again in another generation of dictionaries, and nothing else has room', () => {
  const watches = new OpenWatches(NONE);
  const source = metricsSource(watches, () => NOW_MS);
  const options = source.options({ limit: 2 });
  if (!options.ok) throw new Error('no options');
  const feed = source.open({ scope: 'A', admin: false }, options.options, { fail: () => {}, changed: () => {} });
  if ('ok' in feed) throw new Error('no feed');
  const scan = metricsScan();
  const take = (...rooms: readonly (readonly [metric: string, room: string, value: number])[]): unknown => {
    const metrics = rooms.map(([metric, room, value]) => build.gauge(metric, [build.point({ room }, value)]));
    scan.scan(build.encode('metrics', build.request('metrics', [{ resource: { 'service.name': 'shop' }, items: metrics }])));
    watches.watcher!.take(scan);
    scan.clear();
    return feed.delta();
  };
  expect(take(['t', 'hall', 1.5], ['t', 'attic', 2.5], ['t', 'cellar', 3.5])).toMatchObject({
    series: [{ series: 0 }, { series: 1 }],
    points: [
      [0, NOW_MS, 1.5],
      [1, NOW_MS, 2.5],
    ],
    skipped: 1,
  });
  // The attributes of one that is shown do not make another metric one that is.
  expect(take(['t', 'shed', 4.5], ['humidity', 'hall', 5.5])).toMatchObject({ points: [], skipped: 2 });
  scan.rotate();
  // Now the indices are others, and those that have no room come first.
  expect(take(['t', 'cellar', 3], ['humidity', 'hall', 4], ['t', 'attic', 2])).toMatchObject({
    series: [],
    points: [[1, NOW_MS, 2]],
    skipped: 2,
  });
  expect(take(['t', 'shed', 5], ['t', 'hall', 1], ['t', 'garage', 6])).toMatchObject({
    points: [[0, NOW_MS, 1]],
    skipped: 2,
  });
});
