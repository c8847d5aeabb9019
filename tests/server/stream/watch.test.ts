import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { StreamFeed } from '../../../pipeline/live.ts';
import { logsScan, metricsScan, tracesScan } from '../../../pipeline/otlp/scan.ts';
import { metricsSource } from '../../../server/stream/sources/metrics.ts';
import { Watches } from '../../../server/stream/watch.ts';
import * as build from '../../support/build.ts';
import type { Tree } from '../../support/reference/otlp.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';

const options = { endOnFailure: true } as const;
const NOW_MS = Number(build.NOW_NANOS / 1_000_000n);

interface Given {
  readonly resource: build.Attributes;
  readonly points: readonly { readonly n: string; readonly value: number }[];
}
interface Delta {
  readonly series: readonly { readonly series: number; readonly attributes: Readonly<Record<string, string>> }[];
  readonly points: readonly (readonly [series: number, timeMs: number, value: number])[];
  readonly skipped?: number;
}

function request(groups: readonly Given[]): Uint8Array {
  const tree = ({ resource, points }: Given): build.GroupSpec => ({
    resource,
    items: [
      build.gauge(
        'g',
        points.map(({ n, value }): Tree => build.point({ n }, value)),
      ),
    ],
  });
  return build.encode('metrics', build.request('metrics', groups.map(tree)));
}
const itemsOf = (groups: readonly Given[]): number => groups.reduce((sum, { points }) => sum + points.length, 0);
const batchOf = (groups: readonly Given[]): ScopedBatch => scopedBatch('metrics', [request(groups)], itemsOf(groups), 'A');

class Stage {
  nowMs = NOW_MS;
  /** Points that were read. */
  read = 0;
  readonly watches = new Watches(
    {
      metrics: () => {
        const scan = metricsScan();
        const plain = scan.scan.bind(scan);
        scan.scan = (bytes) => {
          const outcome = plain(bytes);
          this.read += outcome.rows;
          return outcome;
        };
        return scan;
      },
      logs: logsScan,
      traces: tracesScan,
    },
    () => 0.5,
    () => 0,
  );

  subscribe(given: object): StreamFeed {
    const source = metricsSource(this.watches, () => this.nowMs);
    const judged = source.options(given as Readonly<Record<string, unknown>>);
    if (!judged.ok) throw new Error('no options');
    const feed = source.open({ scope: 'A', admin: false }, judged.options, { fail: () => {}, changed: () => {} });
    if ('ok' in feed) throw new Error('no feed');
    return feed;
  }
}
const deltaOf = (feed: StreamFeed): Delta => (feed.delta() ?? { series: [], points: [] }) as unknown as Delta;

describe('a subscription that has all it has room for', () => {
  const group = fc.record({
    pod: fc.nat(4),
    turned: fc.boolean(),
    points: fc.array(fc.record({ n: fc.constantFrom('x', 'y', 'z'), value: fc.integer() }), { maxLength: 4 }),
  });
  const seconds = fc.array(fc.array(fc.array(group, { maxLength: 6 }), { maxLength: 3 }), { minLength: 1, maxLength: 6 });

  it('is told the same as if every point were read', () => {
    fc.assert(
      fc.property(seconds, fc.integer({ min: 1, max: 4 }), fc.boolean(), (given, limit, isWhole) => {
        const stage = new Stage();
        const feed = stage.subscribe({ limit });
        // By series of the feed, and of the model: what is shown of it.
        const names = new Map<number, string>();
        const shown = new Set<string>();
        for (const batches of given) {
          const newest = new Map<string, number>();
          let skipped = 0;
          for (const batch of batches) {
            const groups = batch.map(({ pod, turned, points }): Given => ({
              resource: turned ? { pod: `p${pod}`, 'service.name': 'shop' } : { 'service.name': 'shop', pod: `p${pod}` },
              points,
            }));
            for (const { pod, points } of batch) {
              for (const { n, value } of points) {
                const key = `p${pod} ${n}`;
                if (shown.size < limit) shown.add(key);
                if (shown.has(key)) newest.set(key, value);
                else skipped += 1;
              }
            }
            const segments = isWhole ? [request(groups)] : groups.map((one) => request([one]));
            if (segments.length > 0) stage.watches.publish(scopedBatch('metrics', segments, itemsOf(groups), 'A'));
          }
          stage.watches.tick();
          const { series, points, skipped: told = 0 } = deltaOf(feed);
          expect(told).toBe(skipped);
          expect(points).toHaveLength(newest.size);
          for (const { series: number } of series) expect(names.has(number)).toBe(false);
          for (const { series: number, attributes } of series) names.set(number, attributes['n']!);
          const values = (all: Iterable<readonly [string, number]>): string[] => [...all].map(String).sort();
          expect(values(points.map(([number, , value]) => [names.get(number)!, value] as const))).toEqual(
            values([...newest].map(([key, value]) => [key.split(' ')[1]!, value] as const)),
          );
        }
        expect(names.size).toBe(shown.size);
      }),
      options,
    );
  });

  const shop = (pod: string, value = 1): Given => ({ resource: { pod }, points: [{ n: 'x', value }] });
  const others = Array.from({ length: 8 }, (_, pod) => ({
    resource: { pod: `other${pod}` },
    points: Array.from({ length: 1000 }, (_one, n) => ({ n: `n${n}`, value: n })),
  }));

  it('reads only the resources of what it shows, and shows each second all of it, however much else comes', () => {
    const stage = new Stage();
    const feed = stage.subscribe({ limit: 1 });
    stage.watches.publish(batchOf([shop('mine')]));
    deltaOf(feed);
    const noise = batchOf(others);
    for (let second = 1; second <= 5; second += 1) {
      const before = stage.read;
      for (let at = 0; at < 20; at += 1) stage.watches.publish(noise);
      stage.watches.publish(batchOf([...others.slice(0, 2), shop('mine', second), others[2]!]));
      stage.watches.tick();
      expect(stage.read - before).toBe(1);
      expect(deltaOf(feed)).toMatchObject({ points: [[0, NOW_MS, second]], skipped: 163_000 });
    }
    expect(stage.watches).toMatchObject({ watchedItems: 1 + 5 * 163_001, skippedItems: 0 });
  });

  it('shows of each second the newest point, and of one with more than the budget one, whatever the others bring', () => {
    const stage = new Stage();
    const feed = stage.subscribe({ limit: 2 });
    stage.watches.publish(batchOf([shop('fast'), shop('slow')]));
    deltaOf(feed);
    const noise = batchOf(others);
    for (let second = 1; second <= 30; second += 1) {
      stage.watches.tick();
      stage.nowMs += 1000;
      const isLoud = second % 2 === 1;
      if (isLoud) for (let at = 0; at < 3; at += 1) stage.watches.publish(noise);
      const before = stage.read;
      stage.watches.publish(batchOf([shop('fast', 1)]));
      stage.watches.publish(batchOf([shop('fast', 2)]));
      const isSlowDue = second % 7 === 0;
      if (isSlowDue) stage.watches.publish(batchOf([shop('slow', second)]));
      stage.watches.publish(batchOf([shop('fast', 3)]));
      // In a loud second all is read until both have come; the slow one is waited for.
      const isOver = isLoud && isSlowDue;
      const { points, skipped = 0 } = deltaOf(feed);
      expect(points).toEqual([[0, NOW_MS, isOver ? 2 : 3], ...(isSlowDue ? [[1, NOW_MS, second]] : [])]);
      expect(skipped).toBe((isLoud ? 24_000 : 0) + (isOver ? 1 : 0));
      expect(stage.read - before).toBe(3 + (isSlowDue ? 1 : 0) - (isOver ? 1 : 0));
    }
    // Of a series that has come to an end nothing is expected any more; if it comes again, it is.
    stage.nowMs += 15_000;
    const loud = (...batches: readonly ScopedBatch[]): unknown => {
      stage.watches.tick();
      for (let at = 0; at < 3; at += 1) stage.watches.publish(noise);
      for (const batch of batches) stage.watches.publish(batch);
      return deltaOf(feed).points;
    };
    loud(batchOf([shop('fast', 0)]));
    expect(loud(batchOf([shop('fast', 1)]), batchOf([shop('fast', 2)]), batchOf([shop('slow', 3)]))).toEqual([[0, NOW_MS, 1]]);
    expect(loud(batchOf([shop('slow', 4)]), batchOf([shop('fast', 5)]))).toEqual([
      [0, NOW_MS, 5],
      [1, NOW_MS, 4],
    ]);
  });

  it('is still looked at within the budget, where its own resources bring more', () => {
    const stage = new Stage();
    const feed = stage.subscribe({ limit: 2 });
    const mine = batchOf(others.slice(0, 1));
    let told = 0;
    for (let second = 0; second < 40; second += 1) {
      // The one that comes last is waited for.
      stage.watches.publish(second === 0 ? batchOf([shop('last')]) : mine);
      for (let at = 1; at < 100; at += 1) stage.watches.publish(mine);
      if (second > 0) stage.watches.publish(batchOf([shop('last')]));
      stage.watches.tick();
      told += deltaOf(feed).skipped ?? 0;
    }
    expect(stage.read).toBeLessThan(LIMITS.streamScanBurstItems + 41 * LIMITS.streamScanItems);
    expect(stage.read).toBeGreaterThan(30 * LIMITS.streamScanItems);
    // Of each batch that was read 999 points have no room, of each that was not a thousand.
    expect(told).toBe(stage.watches.watchedItems - stage.read + 999 * Math.floor(stage.read / 1000));
  });

  it('gives its place to others once it brings nothing any more', () => {
    const stage = new Stage();
    const feed = stage.subscribe({ limit: 1 });
    stage.watches.publish(batchOf([shop('old')]));
    expect(deltaOf(feed).series).toHaveLength(1);
    stage.watches.publish(batchOf([shop('new')]));
    expect(deltaOf(feed)).toMatchObject({ points: [], skipped: 1 });
    stage.nowMs += LIMITS.streamSeriesIdleMs;
    stage.watches.publish(batchOf([shop('new')]));
    stage.watches.publish(batchOf([shop('new', 7)]));
    expect(deltaOf(feed)).toMatchObject({ series: [{ series: 1 }], points: [[1, NOW_MS, 7]], skipped: 1 });
  });

  it('leaves others their own', () => {
    const stage = new Stage();
    const one = stage.subscribe({ limit: 1 });
    stage.watches.publish(batchOf([shop('one')]));
    const both = stage.subscribe({ limit: 2 });
    stage.watches.publish(batchOf([shop('two'), shop('one', 2)]));
    stage.watches.publish(batchOf([shop('three'), shop('two', 3), shop('one', 4)]));
    expect(deltaOf(one)).toMatchObject({ points: [[0, NOW_MS, 4]], skipped: 3 });
    expect(deltaOf(both)).toMatchObject({
      points: [
        [0, NOW_MS, 3],
        [1, NOW_MS, 4],
      ],
      skipped: 1,
    });
    one.close();
    const named = stage.subscribe({ names: ['g'], limit: 1 });
    stage.watches.publish(batchOf([shop('four', 5), shop('two', 6)]));
    expect(deltaOf(named)).toMatchObject({ points: [[0, NOW_MS, 5]], skipped: 1 });
    expect(deltaOf(both)).toMatchObject({ points: [[0, NOW_MS, 6]], skipped: 1 });
  });

  it('finds its series in batches whose segments are cut anywhere', () => {
    const stage = new Stage();
    const feed = stage.subscribe({ limit: 1 });
    stage.watches.publish(batchOf([shop('mine')]));
    deltaOf(feed);
    const bytes = request([shop('a'), shop('mine', 3), shop('b')]);
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(bytes.length), (one, other) => {
        const [first, second] = one < other ? [one, other] : [other, one];
        const segments = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        stage.watches.publish(scopedBatch('metrics', segments, 3, 'A'));
        stage.watches.tick();
        expect(deltaOf(feed)).toMatchObject({ points: [[0, NOW_MS, 3]], skipped: 2 });
      }),
      options,
    );
  });
});

describe('a subscription to one service', () => {
  const ofService = (service: string, pod: string, value = 1): Given => ({
    resource: { 'service.name': service, pod },
    points: [{ n: 'x', value }],
  });
  const others = Array.from({ length: 8 }, (_, pod) => ({
    resource: pod % 2 === 0 ? { 'service.name': 'other', pod: `${pod}` } : { pod: `${pod}` },
    points: Array.from({ length: 1000 }, (_one, n) => ({ n: `n${n}`, value: n })),
  }));

  it('is told the same as if every point were read, and of other services none is', () => {
    const group = fc.record({
      service: fc.constantFrom('shop', 'cart', ''),
      pod: fc.nat(3),
      points: fc.array(fc.record({ n: fc.constantFrom('x', 'y'), value: fc.integer() }), { maxLength: 4 }),
    });
    const seconds = fc.array(fc.array(fc.array(group, { maxLength: 6 }), { maxLength: 3 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(seconds, fc.constantFrom('shop', ''), fc.integer({ min: 1, max: 8 }), (given, service, limit) => {
        const stage = new Stage();
        const feed = stage.subscribe({ service, limit });
        const shown = new Map<string, number>();
        for (const batches of given) {
          const newest = new Map<number, number>();
          let mine = 0;
          let skipped = 0;
          for (const batch of batches) {
            const groups = batch.map((one): Given => {
              const pod = `p${one.pod}`;
              return { resource: one.service === '' ? { pod } : { pod, 'service.name': one.service }, points: one.points };
            });
            for (const one of batch) {
              if (one.service !== service) continue;
              mine += one.points.length;
              for (const { n, value } of one.points) {
                const key = `${one.pod} ${n}`;
                if (shown.size < limit && !shown.has(key)) shown.set(key, shown.size);
                const number = shown.get(key);
                if (number === undefined) skipped += 1;
                else newest.set(number, value);
              }
            }
            if (groups.length > 0) stage.watches.publish(batchOf(groups));
          }
          const read = stage.read;
          stage.read = 0;
          stage.watches.tick();
          const { points, skipped: told = 0 } = deltaOf(feed);
          expect([read, told]).toEqual([mine, skipped]);
          expect(new Map(points.map(([number, , value]) => [number, value]))).toEqual(newest);
        }
      }),
      options,
    );
  });

  it('is shown it each second, however much others bring, from the first and with what it brings anew', () => {
    const stage = new Stage();
    const feed = stage.subscribe({ service: 'shop', limit: 50 });
    const noise = batchOf(others);
    for (let second = 0; second < 5; second += 1) {
      const before = stage.read;
      for (let at = 0; at < 20; at += 1) stage.watches.publish(noise);
      const known = Array.from({ length: second + 1 }, (_, pod) => ofService('shop', `p${pod}`, second));
      stage.watches.publish(batchOf([others[0]!, ...known, others[1]!]));
      stage.watches.tick();
      expect(stage.read - before).toBe(second + 1);
      const { points, skipped } = deltaOf(feed);
      expect([points.map(([, , value]) => value), skipped]).toEqual([known.map(() => second), undefined]);
    }
    expect(stage.watches.skippedItems).toBe(0);
  });

  it('takes nothing from who watches something else: all is read where one asks for a name', () => {
    const stage = new Stage();
    const shop = stage.subscribe({ service: 'shop' });
    const full = stage.subscribe({ limit: 1 });
    stage.watches.publish(batchOf([ofService('cart', 'a')]));
    deltaOf(full);
    stage.read = 0;
    stage.watches.publish(batchOf([ofService('pay', 'a'), ofService('shop', 'b', 2), ofService('cart', 'a', 3)]));
    expect(stage.read).toBe(2);
    expect(deltaOf(shop)).toMatchObject({ points: [[0, NOW_MS, 2]] });
    expect(deltaOf(full)).toMatchObject({ points: [[0, NOW_MS, 3]], skipped: 2 });
    const named = stage.subscribe({ names: ['g'] });
    stage.watches.publish(batchOf([ofService('pay', 'a', 4), ofService('shop', 'b', 5)]));
    expect(stage.read).toBe(4);
    expect(deltaOf(named).points).toHaveLength(2);
    expect(deltaOf(shop)).not.toHaveProperty('skipped');
    named.close();
    stage.watches.publish(batchOf([ofService('pay', 'a', 6), ofService('shop', 'b', 7)]));
    expect(stage.read).toBe(5);
    expect(deltaOf(shop)).toMatchObject({ points: [[0, NOW_MS, 7]] });
  });

  it('is read within the budget where the service itself brings more', () => {
    const stage = new Stage();
    const feed = stage.subscribe({ service: 'shop', limit: 1 });
    const mine = batchOf([{ ...others[0]!, resource: { 'service.name': 'shop' } }, others[1]!]);
    let told = 0;
    for (let second = 0; second < 40; second += 1) {
      for (let at = 0; at < 100; at += 1) stage.watches.publish(mine);
      stage.watches.tick();
      told += deltaOf(feed).skipped ?? 0;
    }
    expect(stage.read).toBeLessThan(LIMITS.streamScanBurstItems + 41 * LIMITS.streamScanItems);
    expect(stage.read).toBeGreaterThan(30 * LIMITS.streamScanItems);
    // Of what was read 999 points of a thousand have no room; of a batch that was not looked at nobody knows whose it was.
    expect(told).toBe(stage.watches.skippedItems + (stage.read / 1000) * 999);
  });
});
