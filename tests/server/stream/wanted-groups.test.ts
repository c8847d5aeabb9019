import { expect, it } from 'vitest';
import { ResourceGroups } from '../../../server/stream/resource-groups.kernel.ts';
import { resourceKey, WantedGroups } from '../../../server/stream/wanted-groups.ts';
import * as build from '../../support/build.ts';

const BYTES = 1024 * 1024;

function request(resources: readonly build.Attributes[]): Uint8Array {
  const groups = resources.map((resource) => ({ resource, items: [build.gauge('g', [build.point()])] }));
  return build.encode('metrics', build.request('metrics', groups));
}

it('parts of a request are runs of groups that are wanted, each as long as it goes', () => {
  const wanted = new WantedGroups([new Set([resourceKey([['pod', 'a']])]), new Set([resourceKey([['pod', 'b']])])]);
  const groups = new ResourceGroups();
  const find = (...pods: readonly string[]): string[] => {
    const bytes = request(pods.map((pod) => ({ pod })));
    expect(groups.find(bytes)).toBe(true);
    const runs = wanted.find(groups, BYTES).map(({ start, end }) => bytes.subarray(start, end));
    return runs.map((run) => Buffer.from(run).toString('hex'));
  };
  const text = (...pods: readonly string[]): string => Buffer.from(request(pods.map((pod) => ({ pod })))).toString('hex');
  expect(find()).toEqual([]);
  expect(find('c')).toEqual([]);
  expect(find('a', 'b', 'a')).toEqual([text('a', 'b', 'a')]);
  expect(find('c', 'a', 'b', 'c', 'c', 'a')).toEqual([text('a', 'b'), text('a')]);
});

it('a resource is the same in whatever order its attributes come, of whatever type, and of equal keys the last counts', () => {
  const wanted = new WantedGroups([
    new Set([
      resourceKey([
        ['n', '1'],
        ['a', 'x'],
      ]),
    ]),
  ]);
  const groups = new ResourceGroups();
  const isWanted = (attributes: Parameters<typeof build.attribute>[]): boolean => {
    const resource = { attributes: attributes.map(([key, value]) => build.attribute(key, value)), droppedAttributesCount: 3 };
    const bytes = build.encode('metrics', { resourceMetrics: [{ resource }] });
    expect(groups.find(bytes)).toBe(true);
    return wanted.find(groups, BYTES).length === 1;
  };
  expect(
    isWanted([
      ['a', 'x'],
      ['n', 1n],
    ]),
  ).toBe(true);
  expect(
    isWanted([
      ['n', 1n],
      ['a', 'x'],
    ]),
  ).toBe(true);
  expect(
    isWanted([
      ['a', 'y'],
      ['n', 1n],
      ['a', 'x'],
    ]),
  ).toBe(true);
  expect(
    isWanted([
      ['a', 'x'],
      ['n', 1n],
      ['a', 'y'],
    ]),
  ).toBe(false);
  expect(isWanted([['a', 'x']])).toBe(false);
});

it('all of a service are wanted, whatever else their resources say, and those without one by an empty name', () => {
  const groups = new ResourceGroups();
  const places = (service: string): number[] => {
    const wanted = new WantedGroups([{ service }]);
    const resources = [{ pod: 'a', 'service.name': 'shop' }, { pod: 'b' }, { 'service.name': 'cart', pod: 'c' }, {}];
    return [...resources, { 'service.name': 'shop', pod: 'd' }].flatMap((resource, at) => {
      expect(groups.find(request([resource]))).toBe(true);
      return wanted.find(groups, BYTES).length > 0 ? [at] : [];
    });
  };
  expect([places('shop'), places('cart'), places(''), places('sho')]).toEqual([[0, 4], [2], [1, 3], []]);
});

const LITTLE = 100_000;

it('more resources than it may remember are found out again', () => {
  const pods = Array.from({ length: 300 }, (_, at) => `${at}-${'p'.repeat(1000)}`);
  expect(pods.join('').length).toBeGreaterThan(2 * LITTLE);
  const keys = new Set(pods.filter((_, at) => at % 3 === 0).map((pod) => resourceKey([['pod', pod]])));
  const wanted = new WantedGroups([keys]);
  const groups = new ResourceGroups();
  const all = request(pods.map((pod) => ({ pod })));
  const one = pods.slice(0, 6).map((pod) => request([{ pod }]));
  for (let round = 0; round < 3; round += 1) {
    expect(groups.find(all)).toBe(true);
    expect(wanted.find(groups, LITTLE)).toHaveLength(100);
    for (const [at, bytes] of one.entries()) {
      expect(groups.find(bytes)).toBe(true);
      expect(wanted.find(groups, LITTLE)).toHaveLength(at % 3 === 0 ? 1 : 0);
    }
  }
});
