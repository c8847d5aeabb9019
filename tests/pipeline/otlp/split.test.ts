import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitContent } from '../../../pipeline/otlp/split.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest, encode, gauge, numbered, point, request, span } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, itemsOf, type Tree } from '../../support/reference/otlp.ts';

const parts = (signal: Signal, bytes: Uint8Array, maxItems: number): Tree[] =>
  splitContent(signal, [bytes], maxItems).map(({ segments }) => decode(signal, segments));

/** Items with the headers that a split repeats: all but the request's own unknown fields. */
const withHeaders = (signal: Signal, tree: Tree): unknown[] =>
  itemsOf(signal, tree).map(({ headers, item }) => ({ headers: headers.slice(1), item }));

/** Cuts bytes into segments at any place. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

describe.each(SIGNALS)('splitting %s', (signal) => {
  it('keeps every item, in order, under the headers it had, in parts of at most maxItems', () => {
    fc.assert(
      fc.property(
        anyRequest(signal),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        fc.integer(),
        (tree, maxItems, places, seed) => {
          const bytes = encodeOddly(signal, tree, seeded(seed), { shuffle: true, unknown: true, unpack: true, overlong: true });
          const contents = splitContent(signal, cut(bytes, places), maxItems);
          const trees = contents.map(({ segments }) => decode(signal, segments));
          const whole = withHeaders(signal, decode(signal, bytes));
          expect(trees.flatMap((part) => withHeaders(signal, part))).toEqual(whole);
          expect(contents.map(({ items }) => items)).toEqual(trees.map((part) => itemsOf(signal, part).length));
          for (const { byteLength, segments } of contents) expect(Buffer.concat(segments).length).toBe(byteLength);
          const full = Math.floor(whole.length / maxItems);
          const rest = whole.length % maxItems;
          const sizes = [...Array.from({ length: full }, () => maxItems), ...(rest > 0 || full === 0 ? [rest] : [])];
          expect(contents.map(({ items }) => items)).toEqual(sizes);
        },
      ),
    );
  });

  it('cuts one large group into parts of the size asked for', () => {
    const bytes = encode(signal, numbered(signal, 2500));
    const contents = splitContent(signal, [bytes], 1000);
    expect(contents.map(({ items }) => items)).toEqual([1000, 1000, 500]);
  });

  it('fills up what room there is first', () => {
    const bytes = encode(signal, numbered(signal, 2500));
    for (const [first, sizes] of [
      [1, [1, 1000, 1000, 499]],
      [700, [700, 1000, 800]],
      [1000, [1000, 1000, 500]],
      [5000, [1000, 1000, 500]],
    ] as const)
      expect(splitContent(signal, [bytes], 1000, first).map(({ items }) => items)).toEqual(sizes);
  });

  it('gives back one part, byte for byte, when all fits', () => {
    const bytes = encode(signal, numbered(signal, 10));
    const contents = splitContent(signal, [bytes], 10);
    expect(contents.map(({ segments }) => Buffer.concat(segments))).toEqual([Buffer.from(bytes)]);
  });

  it('gives back one part without items for an empty request', () => {
    expect(splitContent(signal, [new Uint8Array(0)], 5)).toEqual([{ items: 0, byteLength: 0, segments: [] }]);
  });
});

describe('splitting', () => {
  it('does not copy items: they are slices of the request', () => {
    const bytes = encode('traces', numbered('traces', 4));
    const slices = splitContent('traces', [bytes], 2).flatMap(({ segments }) => segments);
    expect(slices.filter((slice) => slice.buffer === bytes.buffer).length).toBeGreaterThanOrEqual(2);
  });

  it('repeats name, unit, temporality and metadata of a metric that is cut', () => {
    const metric = { name: 'm', unit: 's', metadata: [{ key: 'k' }], sum: { aggregationTemporality: 1, isMonotonic: true } };
    const points = [point({ n: 1n }), point({ n: 2n }), point({ n: 3n })];
    const tree = request('metrics', [
      { resource: { r: 'x' }, items: [{ ...metric, sum: { ...metric.sum, dataPoints: points } }] },
    ]);
    const metrics = parts('metrics', encode('metrics', tree), 2).map(
      (part) => ((part['resourceMetrics'] as Tree[])[0]!['scopeMetrics'] as Tree[])[0]!['metrics'] as Tree[],
    );
    expect(metrics).toEqual([
      [{ ...metric, sum: { ...metric.sum, dataPoints: points.slice(0, 2) } }],
      [{ ...metric, sum: { ...metric.sum, dataPoints: points.slice(2) } }],
    ]);
  });

  it('keeps groups and metrics without items', () => {
    const tree = request('metrics', [
      { resource: { only: 'a resource' }, items: [] },
      { resource: {}, items: [gauge('empty', []), gauge('one', [point()]), gauge('empty too', [])] },
      { resource: { r: '2' }, items: [gauge('two', [point()])] },
    ]);
    const text = JSON.stringify(parts('metrics', encode('metrics', tree), 1), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const name of ['only', 'empty', 'one', 'empty too', 'two']) expect(text.split(`"${name}"`).length - 1).toBe(1);
  });

  it('keeps fields of the request itself that OTLP does not know', () => {
    const bytes = Buffer.concat([
      encode('traces', request('traces', [{ items: [span(), span()] }])),
      Buffer.from('f83f07', 'hex'),
    ]);
    expect(parts('traces', bytes, 1).map((part) => part['$unknown'])).toEqual([undefined, ['f83f07']]);
  });

  it('takes time in proportion to the input when one group has many items and each part one', () => {
    const bytes = encode('logs', numbered('logs', 20_000));
    expect(splitContent('logs', [bytes], 1)).toHaveLength(20_000);
  });
});
