import fc from 'fast-check';
import { expect, it } from 'vitest';
import { logsScan, metricsScan } from '../../../../../pipeline/otlp/scan.ts';
import { attribute, encode } from '../../../../support/build.ts';

/** Much alike: only one letter apart, or one the beginning of another; of all lengths around those of a step. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc
    .tuple(fc.constantFrom('a', 'b', '\0'), fc.nat(200), fc.integer({ min: 1, max: 200 }))
    .map(([letter, at, length]) => 'x'.repeat(at % length) + letter + 'x'.repeat(length - 1 - (at % length))),
);
const request = (records: readonly object[]): Uint8Array =>
  encode('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] } as never);

it('gives a text the number that a map of texts gives it, however long it is', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 300 }), (texts) => {
      const scan = logsScan();
      expect(scan.scan(request(texts.map((severityText) => ({ severityText, eventName: severityText })))).fault).toBe('');
      // The schema URLs before it are the empty text.
      const known = new Map([['', 0]]);
      for (const [row, each] of texts.entries()) {
        if (!known.has(each)) known.set(each, known.size);
        expect([scan.logs.severityText[row], scan.logs.eventName[row]]).toEqual([known.get(each), known.get(each)]);
      }
      expect(scan.dictionaries.textCount).toBe(known.size);
      for (const [each, index] of known) expect(scan.dictionaries.text(index)).toBe(each);
    }),
    { endOnFailure: true },
  );
});

/** Around the length from which on runs are compared byte by byte, and twice that; alike but for a byte, or zeros at the end. */
const long = fc
  .tuple(fc.constantFrom(470, 500, 511, 512, 960, 1000, 1100), fc.nat(20), fc.nat(1100), fc.constantFrom('a', '\0'))
  .map(([length, more, at, letter]) => 'x'.repeat(Math.min(at, length)).padEnd(length, letter).padEnd(length + more, '\0'));

it('tells long runs apart that differ in one place or in zeros at their end, as texts and as attributes of points', () => {
  fc.assert(
    fc.property(fc.array(long, { minLength: 1, maxLength: 40 }), (texts) => {
      const logs = logsScan();
      logs.scan(request(texts.map((eventName) => ({ eventName }))));
      expect(texts.map((_, row) => logs.dictionaries.text(logs.logs.eventName[row]!))).toEqual(texts);
      expect(logs.dictionaries.textCount).toBe(new Set(['', ...texts]).size);
      const metrics = metricsScan();
      const dataPoints = texts.map((each) => ({ timeUnixNano: 1n, asDouble: 1, attributes: [attribute('k', each)] }));
      const bytes = encode('metrics', {
        resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }],
      });
      for (let turn = 0; turn < 2; turn++) metrics.scan(bytes);
      const { dictionaries, gauge } = metrics;
      const seen = Array.from({ length: gauge.length }, (_, row) => {
        return dictionaries.attributeSet(dictionaries.attributesOf(gauge.series[row]!));
      });
      expect(seen).toEqual([...texts, ...texts].map((each) => [['k', each]]));
      expect(dictionaries.seriesCount).toBe(new Set(texts).size);
    }),
    { endOnFailure: true, numRuns: 200 },
  );
});

it('finds what it knows again after its tables have grown many times', () => {
  const scan = logsScan();
  const eventName = (i: number): string => `event ${i} ${'x'.repeat(i % 70)}`;
  const records = Array.from({ length: 20_000 }, (_, i) => ({ eventName: eventName(i), attributes: [attribute('id', `${i}`)] }));
  scan.scan(request(records));
  scan.clear();
  scan.scan(request(records));
  // And the empty text, and the resource's attributes.
  expect(scan.dictionaries.textCount).toBe(20_001);
  expect(scan.dictionaries.attributeSetCount).toBe(20_001);
  for (const row of [0, 1, 777, 19_999]) {
    expect(scan.dictionaries.text(scan.logs.eventName[row]!)).toBe(eventName(row));
    expect(scan.dictionaries.attributeSet(scan.logs.attributes[row]!)).toEqual([['id', `${row}`]]);
  }
});

it('gives numbers that do not depend on the keys of the hash, which are others in each scan', () => {
  const records = Array.from({ length: 500 }, (_, i) => ({ eventName: `event ${i % 60}`, severityText: `${i % 7}` }));
  const [a, b] = [logsScan(), logsScan()];
  for (const scan of [a, b]) scan.scan(request(records));
  expect(a.logs.eventName.slice(0, 500)).toEqual(b.logs.eventName.slice(0, 500));
  expect(a.logs.severityText.slice(0, 500)).toEqual(b.logs.severityText.slice(0, 500));
});
