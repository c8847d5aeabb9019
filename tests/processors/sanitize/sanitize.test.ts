import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batch } from '../../../pipeline/batch/batch.ts';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import { merge, type ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import { walk, Walk } from '../../../pipeline/otlp/walk.ts';
import { bind } from '../../../pipeline/scope/bind.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { sanitize } from '../../../processors/sanitize/index.ts';
import { create } from '../../../processors/sanitize/sanitize.ts';
import { anyRequest, attributes, encode, gauge, logRecord, point, request, span, type Attributes } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';
import { CLEAN_DEFAULTS, cleanRequest, countItems, type Plain } from '../../support/reference/scope-and-sanitize.ts';

const KEYS = ['periscope.scope', 'dashboard.scope'];

interface Result {
  readonly trees: Tree[];
  readonly batches: ScopedBatch[];
  readonly dropped: Record<string, number>;
  readonly stats: Readonly<Record<string, number>>;
}

/** Through the walk and the scope stage, as scope A, into the processor. `merged`: as if it stood behind `batch`. */
function sanitised(signal: Signal, bytes: Uint8Array, options: object = {}, merged = false): Result {
  const processor = create(sanitize.config.parse(options));
  const { attributes: inspected, mendsText } = processor.inspection!;
  const walked = walk(signal, bytes, { claimKeys: KEYS.map((key) => Buffer.from(key)), attributes: inspected, mendsText });
  if (!(walked instanceof Walk)) throw new Error(walked.message);
  const origin: Batch['origin'] = {
    receiver: 'otlp',
    transport: 'http',
    binding: { allowed: ['A'], fallback: 'A', from: 'listener' },
  };
  const { batches: bound } = bind({ signal, walk: walked, origin }, { keys: KEYS, on_missing: 'inject' }, new Receipt());
  const batches: ScopedBatch[] = [];
  const dropped: Record<string, number> = {};
  for (const each of bound) {
    const batch = merged ? merge([each, each]) : each;
    processor.process(
      batch,
      (out) => batches.push(out),
      (_, items, reason) => (dropped[reason] = (dropped[reason] ?? 0) + items),
    );
  }
  return { trees: batches.map((batch) => decode(signal, batch.segments)), batches, dropped, stats: processor.stats!() };
}

const logWith = (of: Attributes): Uint8Array => encode('logs', request('logs', [{ resource: {}, items: [logRecord(of)] }]));
const attributesOf = (result: Result): unknown =>
  (result.trees[0] as Plain)['resourceLogs'][0].scopeLogs[0].logRecords[0].attributes;

describe('mode clean', () => {
  test.each(SIGNALS)('does what its naive twin does to any %s request, however it is written, and is idempotent', (signal) => {
    const rules = { ...CLEAN_DEFAULTS, valueLength: 6, nestedLength: 5, nestedDepth: 2 };
    const options = { clean: { value_length: 6, nested_length: 5, nested_depth: 2 } };
    fc.assert(
      fc.property(anyRequest(signal), fc.nat(), (tree, seed) => {
        // Claims are the scope stage's matter: here every Resource carries its own.
        for (const group of (Object.values(tree)[0] ?? []) as Plain[]) {
          group['resource'] = {
            ...group['resource'],
            attributes: [...(group['resource']?.attributes ?? []), ...attributes({ 'periscope.scope': 'A' })],
          };
        }
        if (countItems(signal, tree) === 0) return;
        const bytes = encodeOddly(signal, tree, seeded(seed), {
          shuffle: true,
          repeat: seed % 2 === 0,
          overlong: seed % 3 === 0,
        });
        const want = cleanRequest(signal, decode(signal, bytes), rules);
        const got = sanitised(signal, bytes, options);
        expect(got.trees).toEqual(countItems(signal, want) === 0 ? [] : [decode(signal, encode(signal, want as Tree))]);
        const lost = Object.values(got.dropped).reduce((sum, items) => sum + items, 0);
        expect(lost).toBe(countItems(signal, tree) - countItems(signal, want));
        for (const batch of got.batches) {
          const again = sanitised(signal, new Uint8Array(Buffer.concat(batch.segments)), options);
          expect(again.trees).toEqual(got.trees);
          expect(again.stats['mended']).toBe(0);
        }
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test('a clean batch passes as it is', () => {
    const { batches, stats } = sanitised('logs', logWith({ a: 'b', n: 1n }));
    expect(batches).toHaveLength(1);
    expect(stats).toEqual({ mended: 0, collided: 0, dropped: 0 });
  });

  test('keys, control characters and length are mended; numbers stay numbers', () => {
    const result = sanitised('logs', logWith({ 'a key!': 'x\ty\u0000z', n: 7n, d: 1.5, long: 'y'.repeat(2000) }));
    expect(attributesOf(result)).toEqual(attributes({ a_key_: 'x y z', n: 7n, d: 1.5, long: 'y'.repeat(1024) }));
  });

  test('two keys that become one: the first stays, whichever of them was clean', () => {
    expect(attributesOf(sanitised('logs', logWith({ a_b: '1', 'a b': '2', 'a!b': '3' })))).toEqual(attributes({ a_b: '1' }));
    const result = sanitised('logs', logWith({ 'a b': '1', a_b: '2', c: '3' }));
    expect(attributesOf(result)).toEqual(attributes({ a_b: '1', c: '3' }));
    expect(result.stats['collided']).toBe(1);
  });

  test('no key becomes a scope claim by cleaning', () => {
    const processor = create(sanitize.config.parse({}));
    const { attributes: inspected, mendsText } = processor.inspection!;
    const bytes = logWith({ 'tenant id': 'B' });
    const walked = walk('logs', bytes, { claimKeys: [Buffer.from('tenant_id')], attributes: inspected, mendsText }) as Walk;
    const origin: Batch['origin'] = {
      receiver: 'otlp',
      transport: 'http',
      binding: { allowed: ['A'], fallback: 'A', from: 'listener' },
    };
    const { batches } = bind(
      { signal: 'logs', walk: walked, origin },
      { keys: ['tenant_id'], on_missing: 'inject' },
      new Receipt(),
    );
    const out: ScopedBatch[] = [];
    processor.process(
      batches[0]!,
      (batch) => out.push(batch),
      () => undefined,
    );
    const text = Buffer.concat(out[0]!.segments).toString('latin1');
    expect(text.match(/tenant.id/g)).toEqual(['tenant_id']);
    expect(text).not.toContain('B');
    // The same where the marks are gone.
    const late: ScopedBatch[] = [];
    processor.process(
      merge([batches[0]!, batches[0]!]),
      (batch) => late.push(batch),
      () => undefined,
    );
    const behind = Buffer.concat(late[0]!.segments).toString('latin1');
    expect(behind.match(/tenant.id/g)).toEqual(['tenant_id', 'tenant_id']);
  });

  test('items that the scope stage has cut are not dropped a second time', () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 9; i++) deep = [deep];
    const items = [logRecord({ 'periscope.scope': 'other' }), logRecord({})];
    const bytes = encode('logs', request('logs', [{ resource: { deep: deep as string }, items }]));
    const { dropped, batches } = sanitised('logs', bytes);
    expect(dropped).toEqual({ sanitize_too_deep: 1 });
    expect(batches).toEqual([]);
  });

  test('a body in a layout no SDK writes is held to the same rules', () => {
    const plain = encode('logs', request('logs', [{ resource: {}, items: [logRecord({}, 'aXb')] }]));
    const text = Buffer.from([0x0a, 3, 0x61, 0x58, 0x62]);
    const at = Buffer.from(plain).indexOf(text);
    const odd = encodeOddly('logs', decode('logs', plain), seeded(1), { overlong: true });
    expect(at).toBeGreaterThan(0);
    const changed = Buffer.from(odd);
    changed[changed.indexOf('aXb') + 1] = 1;
    const [group] = (sanitised('logs', new Uint8Array(changed)).trees[0] as Plain)['resourceLogs'];
    expect(group.scopeLogs[0].logRecords[0].body).toEqual({ stringValue: 'a b' });
  });

  test('nested values become JSON text, cut at their length; keep leaves them', () => {
    const nested = { list: [1n, 'two', { three: 3.5 }] };
    expect(attributesOf(sanitised('logs', logWith(nested)))).toEqual(attributes({ list: '[1,"two",{"three":3.5}]' }));
    expect(attributesOf(sanitised('logs', logWith({ list: ['x'.repeat(3000)] })))).toEqual(
      attributes({ list: `["${'x'.repeat(1022)}` }),
    );
    expect(attributesOf(sanitised('logs', logWith(nested), { clean: { nested: 'keep' } }))).toEqual(attributes(nested));
  });

  test('stack traces, queries, URLs and bodies keep their newlines', () => {
    const of = { 'exception.stacktrace': 'a\n\tb', 'db.query.text': 'select\n1', 'url.full': 'http://x/\u0001', other: 'a\nb' };
    const bytes = encode('logs', request('logs', [{ resource: {}, items: [logRecord(of, 'line 1\nline 2\u0000')] }]));
    const result = sanitised('logs', bytes);
    expect(attributesOf(result)).toEqual(attributes({ ...of, 'url.full': 'http://x/ ', other: 'a b' }));
    expect((result.trees[0] as Plain)['resourceLogs'][0].scopeLogs[0].logRecords[0].body).toEqual({
      stringValue: 'line 1\nline 2 ',
    });
  });

  test('invalid UTF-8 is mended wherever it stands', () => {
    const bytes = Buffer.from(
      encode('traces', request('traces', [{ resource: { r: 'qq' }, items: [span({ s: 'qq' }, { name: 'qq' })] }])),
    );
    for (let at = bytes.indexOf('qq'); at >= 0; at = bytes.indexOf('qq')) bytes[at] = 0xff;
    const result = sanitised('traces', new Uint8Array(bytes));
    const [group] = (result.trees[0] as Plain)['resourceSpans'];
    expect(group['resource'].attributes[0]).toEqual({ key: 'r', value: { stringValue: '\ufffdq' } });
    expect(group.scopeSpans[0].spans[0]).toMatchObject({
      name: '\ufffdq',
      attributes: [{ key: 's', value: { stringValue: '\ufffdq' } }],
    });
  });

  test('behind `batch`, where the marks are gone, it does the same', () => {
    const { trees } = sanitised('logs', logWith({ 'a b': 'c\n' }), {}, true);
    expect((trees[0] as Plain)['resourceLogs']).toHaveLength(2);
    for (const group of (trees[0] as Plain)['resourceLogs']) {
      expect(group.scopeLogs[0].logRecords[0].attributes).toEqual(attributes({ a_b: 'c ' }));
    }
  });
});

describe('mode reject', () => {
  const rejects = (of: Attributes, more: object = {}): Record<string, number> =>
    sanitised(
      'metrics',
      encode('metrics', request('metrics', [{ resource: {}, items: [gauge('g', [point(of), point({ ok: 'yes' })])] }])),
      {
        mode: 'reject',
        ...more,
      },
    ).dropped;

  test.each<[string, Attributes, object, Record<string, number>]>([
    ['clean items pass', { a: 'b, c: (d)!', n: 5n, t: true }, {}, {}],
    ['a key with a space', { 'a b': '1' }, {}, { sanitize_key: 1 }],
    ['a key over 256', { ['k'.repeat(257)]: '1' }, {}, { sanitize_key: 1 }],
    ['a key of 256', { ['k'.repeat(256)]: '1' }, {}, {}],
    ['a URL, which the default pattern refuses', { link: 'https://x.test/' }, {}, { sanitize_value: 1 }],
    ['a URL under an exempt key', { 'url.full': 'https://x.test/' }, {}, {}],
    ['another pattern', { link: 'https://x.test/' }, { reject: { value_pattern: '^.*$' } }, {}],
    ['a value over 10,000', { v: 'v'.repeat(10_001) }, {}, { sanitize_value: 1 }],
    [
      '101 attributes',
      Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, 'v'])),
      {},
      { sanitize_attribute_count: 1 },
    ],
    ['100 attributes', Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, 'v'])), {}, {}],
    ['NaN', { n: Number.NaN }, {}, { sanitize_number: 1 }],
    ['a number with an exponent', { n: 1e300 }, {}, { sanitize_number: 1 }],
    ['text that is not in normal form C', { v: 'e\u0301' }, { reject: { value_pattern: '^.*$' } }, { sanitize_value: 1 }],
    ['the same with nfc off', { v: 'e\u0301' }, { reject: { value_pattern: '^.*$', nfc: false } }, {}],
    ['an SQL-like value', { v: "1' OR 1=1 --" }, {}, { sanitize_value: 1 }],
    ['a script', { v: '<script>alert(1)</script>' }, {}, { sanitize_value: 1 }],
  ])('%s', (_, of, more, want) => {
    expect(rejects(of, more)).toEqual(want);
  });

  test('a string body is held to the value rules when bodies are not exempt', () => {
    const bytes = encode('logs', request('logs', [{ resource: {}, items: [logRecord({}, '<script>'), logRecord({}, 'fine')] }]));
    expect(sanitised('logs', bytes, { mode: 'reject', exempt: { bodies: false } }).dropped).toEqual({ sanitize_body: 1 });
    expect(sanitised('logs', bytes, { mode: 'reject' }).dropped).toEqual({});
  });

  test('keeps the good items of the request, bytes unchanged', () => {
    const bytes = encode(
      'metrics',
      request('metrics', [{ resource: {}, items: [gauge('g', [point({ 'a b': '1' }), point({ ok: 'yes' })])] }]),
    );
    const { trees } = sanitised('metrics', bytes, { mode: 'reject' });
    expect((trees[0] as Plain)['resourceMetrics'][0].scopeMetrics[0].metrics[0].gauge.dataPoints).toEqual([point({ ok: 'yes' })]);
  });

  test('a resource that breaks a rule takes all its items along', () => {
    const bytes = encode('metrics', request('metrics', [{ resource: { 'a b': '1' }, items: [gauge('g', [point(), point()])] }]));
    expect(sanitised('metrics', bytes, { mode: 'reject' }).dropped).toEqual({ sanitize_key: 2 });
  });
});
