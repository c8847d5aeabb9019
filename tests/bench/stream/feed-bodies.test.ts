import { expect, test } from 'vitest';
import { logsBody, pointsBody } from '../../../bench/stream/feed-bodies.ts';
import { logsScan, metricsScan } from '../../../pipeline/otlp/scan.ts';

const TIME_MS = 1_795_260_000_123;

test('a body has one point of each series, all of its time', () => {
  const scan = metricsScan();
  expect(scan.scan(pointsBody('bench', 50, TIME_MS)).fault).toBe('');
  const { gauge, dictionaries } = scan;
  expect([gauge.length, dictionaries.seriesCount]).toEqual([50, 50]);
  expect(dictionaries.resource(0).service).toBe('bench');
  expect(dictionaries.attributeSet(dictionaries.attributesOf(gauge.series[49]!))).toEqual([['series', '49']]);
  const times = new BigUint64Array(gauge.time.slice(0, 100).buffer);
  expect(new Set(times)).toEqual(new Set([BigInt(TIME_MS) * 1_000_000n]));
});

test('a body has so many records, with a text of that length', () => {
  const scan = logsScan();
  expect(scan.scan(logsBody('bench', 3, 4000, TIME_MS)).fault).toBe('');
  const { logs } = scan;
  expect(logs.length).toBe(3);
  expect(logs.body[1]! - logs.body[0]!).toBe(4000);
});
