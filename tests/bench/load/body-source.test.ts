import { describe, expect, test } from 'vitest';
import { BodySource } from '../../../bench/load/body-source.ts';
import { countItems } from '../../../bench/load/count.ts';
import { decodeItems, type Item } from '../../../bench/load/decode.ts';
import type { Workload } from '../../../bench/load/workload.ts';

const METRICS: Workload = { signal: 'metrics', groupsPerBody: 100, sets: 'repeating', dirty: false };

function body(source: BodySource, number: number): Buffer {
  const out = Buffer.alloc(source.maxBytes);
  return out.subarray(0, source.write(number, out, new DataView(out.buffer, out.byteOffset, out.length), 0));
}

function identity(item: Item): string {
  return JSON.stringify([[...item.resource], [...item.attributes], item.rest]);
}

function seriesId(item: Item): string {
  return item.attributes.get('series.id') ?? item.attributes.get('request.id') ?? '';
}

describe('bodies of the load generator', () => {
  test.each(['metrics', 'logs', 'traces'] as const)('%s: a number gives the same 1,000 items in every process', (signal) => {
    const workload: Workload = { ...METRICS, signal };
    const first = body(new BodySource(workload), 7);
    const source = new BodySource(workload);
    body(source, 3);
    expect(body(source, 7).equals(first)).toBe(true);
    expect(countItems(signal, first)).toBe(1000);
    const items = decodeItems(signal, first);
    expect(items).toHaveLength(1000);
    expect(new Set(items.map((item) => source.numberOf(item.timeLow)))).toEqual(new Set([7]));
  });

  test('no item is in two bodies, and none twice in one', () => {
    const source = new BodySource(METRICS);
    const identities = [0, 1, 2, 3].flatMap((number) => decodeItems('metrics', body(source, number)).map(identity));
    expect(new Set(identities).size).toBe(4000);
  });

  test('a body holds 100 resources, each body in another order', () => {
    const source = new BodySource(METRICS);
    const order = (number: number): string[] => [
      ...new Set(decodeItems('metrics', body(source, number)).map((item) => item.resource.get('host.name') ?? '')),
    ];
    expect(order(0)).toHaveLength(100);
    expect(order(1)).not.toEqual(order(0));
    expect(order(0)).not.toEqual(order(0).toSorted());
  });

  test('one point in a hundred opens a series that no body had before', () => {
    const source = new BodySource(METRICS);
    const fresh = [0, 1, 2].map((number) =>
      decodeItems('metrics', body(source, number))
        .map(seriesId)
        .filter((id) => Number.parseInt(id, 16) >= 65_536),
    );
    for (const ids of fresh) expect(ids).toHaveLength(10);
    expect(new Set(fresh.flat()).size).toBe(30);
  });

  test('with a million sets none comes back within the first 1,048 bodies and all are below 2^20', () => {
    const source = new BodySource({ ...METRICS, sets: 'million' });
    const ids = [0, 1, 500, 1047].flatMap((number) => decodeItems('metrics', body(source, number)).map(seriesId));
    expect(new Set(ids).size).toBe(4000);
    expect(Math.max(...ids.map((id) => Number.parseInt(id, 16)))).toBeLessThan(2 ** 20);
  });

  test.each(['logs', 'traces'] as const)('%s have ten attribute sets, or one of its own each', (signal) => {
    const sets = (workload: Workload): number =>
      new Set(decodeItems(signal, body(new BodySource(workload), 1)).map((item) => JSON.stringify([...item.attributes]))).size;
    expect(sets({ ...METRICS, signal })).toBe(10);
    expect(sets({ ...METRICS, signal, sets: 'unique' })).toBe(1000);
  });

  test('one point in ten is dirty when asked for', () => {
    const dirty = decodeItems('metrics', body(new BodySource({ ...METRICS, dirty: true }), 1)).filter((item) =>
      // eslint-disable-next-line no-control-regex -- control characters are one kind of dirt
      [...item.attributes].some(([key, value]) => /[^\w.-]/.test(key) || /[\u0000-\u001f]/.test(value)),
    );
    expect(dirty).toHaveLength(100);
  });

  test('5,000 bodies with the times of an hour fill one, and no two have the same', () => {
    const source = new BodySource({ ...METRICS, times: 'hour' });
    const lowHalves = (number: number): number[] => [
      ...new Set(decodeItems('metrics', body(source, number)).map((item) => item.timeLow)),
    ];
    const hourMs = 1_763_722_800_000;
    expect(hourMs % 3_600_000).toBe(0);
    for (const number of [0, 1, 4999]) {
      const ns = BigInt(hourMs + number * 720) * 1_000_000n + BigInt(number);
      expect(lowHalves(number)).toEqual([Number(BigInt.asUintN(32, ns))]);
    }
    expect(4999 * 720).toBeLessThan(3_600_000);
  });

  test('a body whose times would repeat is refused', () => {
    const source = new BodySource(METRICS);
    expect(() => body(source, 0xf0000000 / 1000)).toThrow('its times would repeat');
  });
});
