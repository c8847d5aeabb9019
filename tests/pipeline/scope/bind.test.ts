import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batch } from '../../../pipeline/batch/batch.ts';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import { ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import type { Inspection } from '../../../pipeline/otlp/inspection.ts';
import { walk, Walk } from '../../../pipeline/otlp/walk.ts';
import { bind, type Bound } from '../../../pipeline/scope/bind.ts';
import type { Binding } from '../../../pipeline/scope/binding.ts';
import { DEFAULT_SCOPE_STAGE } from '../../../pipeline/scope/stage.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import {
  anyRequest,
  attribute,
  encode,
  exponentialHistogramPoint,
  gauge,
  histogramPoint,
  logRecord,
  numbered,
  point,
  request,
  summaryPoint,
  type GroupSpec,
} from '../../support/build.ts';
import { attributeOf, itemsOf } from '../../support/items.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, encodeMessage, wireField, type Tree, type Value } from '../../support/reference/otlp.ts';
import { countItems, judgeScopes } from '../../support/reference/scope-and-sanitize.ts';

const KEYS = DEFAULT_SCOPE_STAGE.keys;
const INSPECTION: Inspection = { claimKeys: KEYS.map((key) => Buffer.from(key)), attributes: undefined, mendsText: false };
const only = (scope: string): Binding => ({ allowed: [scope], fallback: scope, from: 'listener' });

function bound(signal: Signal, bytes: Uint8Array, binding: Binding, onMissing: 'inject' | 'reject' = 'inject'): Bound {
  const walked = walk(signal, bytes, INSPECTION);
  if (!(walked instanceof Walk)) throw new Error(walked.message);
  const batch: Batch = { signal, walk: walked, origin: { receiver: 'otlp', transport: 'http', binding } };
  return bind(batch, { ...DEFAULT_SCOPE_STAGE, on_missing: onMissing }, new Receipt());
}

const LOOKALIKES = ['A', 'A', 'A', 'B', 'a', 'A ', '\u0410', '', 'A\u0000'];

/** Puts claims into about one attribute list in `rarity`, at any level. */
function sprinkle(tree: Tree, random: () => number, rarity: number): Tree {
  const lists = new Set(['attributes', 'filteredAttributes', 'metadata']);
  const visit = (node: Value, name: string): void => {
    if (Array.isArray(node)) for (const each of node) visit(each, name);
    else if (typeof node === 'object' && !(node instanceof Uint8Array)) {
      for (const [key, value] of Object.entries(node)) visit(value, key);
      for (const list of lists) {
        const has = list in node || (list === 'attributes' && 'timeUnixNano' in node && name !== 'exemplars');
        if (!has || random() * rarity > 1) continue;
        const value = LOOKALIKES[Math.floor(random() * LOOKALIKES.length)] ?? 'A';
        const claim = attribute(random() < 0.8 ? KEYS[0]! : KEYS[1]!, random() < 0.95 ? value : 7n);
        const attributes = [...((node[list] ?? []) as Value[])];
        attributes.splice(Math.floor(random() * (attributes.length + 1)), 0, claim);
        node[list] = attributes;
      }
    }
  };
  visit(tree, '');
  return tree;
}

describe('the scope stage', () => {
  test.each(SIGNALS)('agrees with an independent naive judge, however the %s request is written', (signal) => {
    fc.assert(
      fc.property(anyRequest(signal), fc.nat(), fc.constantFrom(2, 6), fc.constantFrom(1, 2, 5), (tree, seed, rarity, scopes) => {
        const random = seeded(seed);
        const claimed = sprinkle(tree, random, rarity);
        const bytes = encodeOddly(signal, claimed, random, {
          shuffle: true,
          repeat: seed % 2 === 0,
          unpack: true,
          overlong: seed % 3 === 0,
        });
        const plain = decode(signal, bytes);
        const allowed = ['A', 'B', 'a', 'A ', '\u0410'].slice(0, scopes);
        const binding: Binding = scopes > 1 ? { allowed, fallback: 'A', from: 'fallback' } : only('A');
        const want = judgeScopes(signal, plain, binding.allowed, 'A');
        const got = bound(signal, bytes, binding);
        expect(got.rejected.reduce((sum, each) => sum + each.items, 0)).toBe(want.rejected);
        expect(new Set(got.batches.map((batch) => batch.scope))).toEqual(new Set(want.byScope.keys()));
        for (const batch of got.batches) {
          const kept = want.byScope.get(batch.scope)!;
          expect(batch.items).toBe(countItems(signal, kept));
          expect(decode(signal, batch.segments)).toEqual(decode(signal, encode(signal, kept)));
          expect(batch.byteLength).toBe(batch.segments.reduce((sum, segment) => sum + segment.length, 0));
        }
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test('a request of many scopes costs memory for its marks and its scopes, not for their product', () => {
    const claimed = (group: number, scope: string): GroupSpec => ({
      resource: { 'periscope.scope': scope },
      items: Array.from({ length: 5 }, (_, item) => logRecord({ id: `${group}-${item}`, 'periscope.scope': scope })),
    });
    const cost = (scopes: number): number => {
      const allowed = Array.from({ length: scopes }, (_, at) => `scope-${at}`);
      const groups = Array.from({ length: 2000 }, (_, at) => claimed(at, allowed[at % scopes]!));
      const walked = walk('logs', encode('logs', request('logs', groups)), INSPECTION) as Walk;
      const before = walked.lease.byteLength;
      const batch: Batch = {
        signal: 'logs',
        walk: walked,
        origin: { receiver: 'otlp', transport: 'http', binding: { allowed, fallback: undefined, from: 'token' } },
      };
      const { batches, rejected } = bind(batch, DEFAULT_SCOPE_STAGE, new Receipt());
      expect(rejected).toEqual([]);
      expect(batches).toHaveLength(scopes);
      expect(batches.reduce((sum, each) => sum + each.items, 0)).toBe(10_000);
      return walked.lease.byteLength - before;
    };
    const two = cost(2);
    // Each has texts and buffers of its own, in size classes of the pool.
    expect(cost(500)).toBeLessThan(2 * two + 500 * 4096);
  });

  test('is idempotent: what it sealed passes again untouched, byte for byte', () => {
    const [first] = bound(
      'logs',
      encode('logs', request('logs', [{ resource: { a: 'b' }, items: [{ body: { stringValue: 'x' } }] }])),
      only('A'),
    ).batches;
    const bytes = first!.segments[0]!;
    const [second] = bound('logs', bytes, only('A')).batches;
    expect(second!.segments[0]).toBe(bytes);
  });

  test('a group without a Resource gets one', () => {
    const [batch] = bound(
      'metrics',
      encode('metrics', request('metrics', [{ items: [gauge('g', [point()])] }])),
      only('A'),
    ).batches;
    expect(decode('metrics', batch!.segments)).toMatchObject({
      resourceMetrics: [{ resource: { attributes: [attribute('periscope.scope', 'A')] } }],
    });
  });

  test('on_missing: reject refuses a group without a claim and says how to mend it', () => {
    const bytes = encode('metrics', request('metrics', [{ resource: {}, items: [gauge('g', [point(), point()])] }]));
    const { batches, rejected } = bound('metrics', bytes, only('A'), 'reject');
    expect(batches).toEqual([]);
    expect(rejected).toMatchObject([{ scope: 'A', reason: 'scope_missing', items: 2 }]);
    expect(rejected[0]!.message).toContain('periscope.scope');
  });

  test('several scopes without a fallback: a group without a claim is rejected', () => {
    const bytes = encode('metrics', request('metrics', [{ resource: {}, items: [gauge('g', [point()])] }]));
    const { batches, rejected } = bound('metrics', bytes, { allowed: ['A', 'B'], fallback: undefined, from: 'token' });
    expect(batches).toEqual([]);
    expect(rejected).toMatchObject([{ reason: 'scope_missing', items: 1 }]);
  });

  test('a field of the request that OTLP does not know stays with one scope and goes with several', () => {
    const unknown = Buffer.from([0x7a, 1, 0x41]);
    const known = encode(
      'metrics',
      request('metrics', [{ resource: { 'periscope.scope': 'A' }, items: [gauge('g', [point()])] }]),
    );
    const bytes = new Uint8Array(Buffer.concat([unknown, known, unknown]));
    expect(Buffer.from(bound('metrics', bytes, only('A')).batches[0]!.segments[0]!).includes(unknown)).toBe(true);
    const several = bound('metrics', bytes, { allowed: ['A', 'B'], fallback: 'A', from: 'fallback' });
    expect(Buffer.from(several.batches[0]!.segments[0]!)).toEqual(Buffer.from(known));
  });

  test.each(SIGNALS)('a group with the field that OTLP has removed is rejected whole, its items counted (%s)', (signal) => {
    const group = (scope: string): Tree => ({ resource: { attributes: [attribute('periscope.scope', scope)] } });
    const name = { metrics: 'resourceMetrics', traces: 'resourceSpans', logs: 'resourceLogs' }[signal];
    const inner = { metrics: 'scopeMetrics', traces: 'scopeSpans', logs: 'scopeLogs' }[signal];
    const [good] = numbered(signal, 3, { 'periscope.scope': 'A' })[name] as Tree[];
    const removed = encode(signal, { [name]: [{ [inner]: good![inner]! }] });
    // The same bytes as `scopeMetrics`, under the number it has been removed from: tag 1000, type 2.
    const content = Buffer.from(removed.subarray(removed.indexOf(0x12)));
    const legacy = Buffer.concat([
      encodeMessage(name.replace('resource', 'Resource'), group('A')),
      Buffer.from([0xc2, 0x3e]),
      content.subarray(1),
    ]);
    const bytes = Buffer.concat([encode(signal, { [name]: [good!] }), wireField(1, 2, legacy)]);
    for (const binding of [only('A'), { allowed: ['A', 'B'], fallback: 'A', from: 'fallback' } as const]) {
      const { batches, rejected } = bound(signal, new Uint8Array(bytes), binding);
      expect(rejected).toMatchObject([{ scope: 'A', reason: 'removed_field', items: 3 }]);
      expect(rejected[0]!.message).toContain('update the sender');
      expect(batches.map((batch) => batch.items)).toEqual([3]);
      expect(decode(signal, batches[0]!.segments)).toEqual(decode(signal, encode(signal, { [name]: [good!] })));
    }
  });

  describe('fields of metrics that OTLP has removed', () => {
    const sized = (number: number, ...content: Uint8Array[]): Buffer => wireField(number, 2, Buffer.concat(content));
    const LABEL = Buffer.concat([sized(1, Buffer.from('periscope.scope')), sized(2, Buffer.from('B'))]);
    const named = (name: string, ...fields: Uint8Array[]): Buffer => sized(2, sized(1, Buffer.from(name)), ...fields);
    /** One metric that is as it should be, and `metric`. */
    const requestWith = (metric: Uint8Array): Uint8Array => {
      const good = named('good', sized(5, sized(1, encodeMessage('NumberDataPoint', point({ id: 'good' })))));
      return new Uint8Array(sized(1, sized(2, metric, good)));
    };
    const left = ({ batches }: Bound): string[] =>
      batches.flatMap((batch) =>
        itemsOf('metrics', decode('metrics', batch.segments)).map(({ item }) => attributeOf(item, 'id') ?? ''),
      );

    test.each([
      [4, 'Gauge', 'NumberDataPoint', point({ id: 'x' })],
      [6, 'Sum', 'NumberDataPoint', point({ id: 'x' })],
      [8, 'Histogram', 'HistogramDataPoint', histogramPoint({ id: 'x' })],
    ] as const)('Metric.%i, an Int%s, is rejected with its items counted', (field, _, message, item) => {
      const points = [1, 2, 3].map(() => sized(1, encodeMessage(message, item), sized(1, LABEL)));
      const result = bound('metrics', requestWith(named('old', sized(field, ...points))), only('A'));
      expect(result.rejected).toMatchObject([{ scope: 'A', reason: 'removed_field', items: 3 }]);
      expect(result.rejected[0]!.message).toContain('update the sender');
      expect(left(result)).toEqual(['good']);
    });

    test.each([
      [5, 'NumberDataPoint', point],
      [7, 'NumberDataPoint', point],
      [9, 'HistogramDataPoint', histogramPoint],
      [11, 'SummaryDataPoint', summaryPoint],
    ] as const)('a point of Metric.%i with labels is rejected, and no other of its metric', (field, message, make) => {
      const fine = sized(1, encodeMessage(message, make({ id: 'fine' })));
      const labelled = sized(1, sized(1, LABEL), encodeMessage(message, make({ id: 'labelled' })));
      const result = bound('metrics', requestWith(named('mixed', sized(field, fine, labelled, fine))), only('A'));
      expect(result.rejected).toMatchObject([{ scope: 'A', reason: 'removed_field', items: 1 }]);
      expect(left(result)).toEqual(['fine', 'fine', 'good']);
    });

    test('a point with an exemplar that has filtered_labels is rejected', () => {
      const labelled = sized(1, encodeMessage('NumberDataPoint', point({ id: 'labelled' })), sized(5, sized(1, LABEL)));
      const result = bound('metrics', requestWith(named('m', sized(5, labelled))), only('A'));
      expect(result.rejected).toMatchObject([{ reason: 'removed_field', items: 1 }]);
      expect(left(result)).toEqual(['good']);
    });

    test('the same numbers with another wire type, or where they were never used, are unknown fields and pass', () => {
      const other = Buffer.concat([wireField(1, 0, Buffer.from([5])), encodeMessage('NumberDataPoint', point({ id: 'x' }))]);
      const exponential = encodeMessage('ExponentialHistogramDataPoint', exponentialHistogramPoint({ id: 'y' }));
      for (const metric of [named('m', sized(5, sized(1, other))), named('m', sized(10, sized(1, exponential)))]) {
        const result = bound('metrics', requestWith(metric), only('A'));
        expect(result.rejected).toEqual([]);
        expect(left(result)).toHaveLength(2);
      }
    });
  });

  test('invalid UTF-8 and a value nested too deep reject the item, not the request', () => {
    let deep: Tree = { stringValue: 'x' };
    for (let i = 0; i < 70; i++) deep = { arrayValue: { values: [deep] } };
    const items = [{ body: { stringValue: 'good' } }, { body: deep }, { body: { stringValue: 'zz' } }];
    const bytes = Buffer.from(encode('logs', request('logs', [{ resource: {}, items }])));
    bytes[bytes.indexOf('zz')] = 0xff;
    const { batches, rejected } = bound('logs', new Uint8Array(bytes), only('A'));
    expect(batches[0]!.items).toBe(1);
    expect(rejected.map(({ reason, items: count }) => [reason, count]).toSorted()).toEqual([
      ['invalid_utf8', 1],
      ['too_deep', 1],
    ]);
  });

  test('makes sealed batches', () => {
    const { batches } = bound('logs', encode('logs', request('logs', [{ items: [{}] }])), only('A'));
    expect(ScopedBatch.isSealed(batches[0]!)).toBe(true);
  });
});
