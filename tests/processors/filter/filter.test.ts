import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filter } from '../../../processors/filter/index.ts';
import { create } from '../../../processors/filter/filter.ts';
import { pathsOf } from '../../../processors/filter/paths.ts';
import { LEVELS } from '../../../processors/filter/levels.ts';
import { sizedField } from '../../../pipeline/otlp/write.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import { anyRequest, encode, gauge, logRecord, point, request, span } from '../../support/build.ts';
import { quietContext } from '../../support/contexts.ts';
import { boundBatch, mergedTwice, processed } from '../../support/processing.ts';
import { holds, NoAnswer, textOf, type NaiveCondition, type NaiveValue } from '../../support/reference/naive-condition.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';

const make = (options: object, context = quietContext()) => create(filter.config.parse(options), context);

const key = fc.constantFrom('service.name', 'http.route', 'a', 'ключ', '"\\\u0000\n\u2028', '');
const value: fc.Arbitrary<NaiveValue> = fc.oneof(
  fc.record({
    literal: fc.constantFrom<string | bigint | number | boolean | null>(
      '',
      'a',
      'service.name',
      '𝄞',
      0n,
      -1n,
      2n ** 53n + 1n,
      -(2n ** 63n),
      0.1,
      2 ** 53,
      -1.5,
      true,
      false,
      null,
    ),
  }),
  fc.record({
    attribute: key,
    of: fc.constantFrom('log' as const, 'resource' as const),
    keys: fc.array(fc.oneof(key, fc.nat(2)), { maxLength: 2 }),
  }),
  fc.record({ attribute: key, of: fc.constant('log' as const), keys: fc.constant([]) }),
  fc.record({ field: fc.constantFrom('severity_text' as const, 'severity_number' as const, 'body' as const) }),
);
const condition = fc.letrec<{ whole: NaiveCondition }>((tie) => ({
  whole: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ left: value, operator: fc.constantFrom('==', '!=', '<', '<=', '>', '>='), right: value }),
    fc.record({ prefix: fc.constantFrom('', 'a', 'к'), value }),
    fc.record({ constant: fc.boolean() }),
    fc.record({ not: tie('whole') }),
    fc.record({ any: fc.array(tie('whole'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ all: fc.array(tie('whole'), { minLength: 1, maxLength: 3 }) }),
  ),
})).whole;

describe('log records', () => {
  test('go when one of any conditions is true by its naive twin, and no others', () => {
    fc.assert(
      fc.property(anyRequest('logs'), fc.array(condition, { minLength: 1, maxLength: 3 }), fc.nat(), (tree, conditions, seed) => {
        const bytes = encodeOddly('logs', tree, seeded(seed), { shuffle: true, unknown: true, overlong: seed % 2 === 0 });
        const batch = boundBatch('logs', bytes);
        if (batch === undefined) return;
        const isHit = (log: Tree, resource: Tree): boolean =>
          conditions.some((each) => {
            try {
              return holds(each, log, resource);
            } catch (error) {
              if (error instanceof NoAnswer) return false;
              throw error;
            }
          });
        const before = decode('logs', batch.segments);
        let dropped = 0;
        const groups = (before['resourceLogs'] as Tree[]).flatMap((group) => {
          const lists = ((group['scopeLogs'] ?? []) as Tree[]).flatMap((list) => {
            const all = (list['logRecords'] ?? []) as Tree[];
            const kept = all.filter((log) => !isHit(log, (group['resource'] ?? {}) as Tree));
            dropped += all.length - kept.length;
            if (kept.length === all.length) return [list];
            return kept.length === 0 ? [] : [{ ...list, logRecords: kept }];
          });
          const count = ((group['scopeLogs'] ?? []) as Tree[]).length;
          if (lists.length === 0 && count > 0) return [];
          return [lists.length === 0 ? group : { ...group, scopeLogs: lists }];
        });
        const got = processed(make({ logs: { log_record: conditions.map(textOf) }, error_mode: 'silent' }), batch);
        expect(got.dropped).toEqual(dropped === 0 ? {} : { filter: dropped });
        if (dropped === batch.items) expect(got.batch).toBeUndefined();
        else {
          expect(got.tree).toEqual({ ...before, resourceLogs: groups });
          expect(got.batch!.items).toBe(batch.items - dropped);
        }
        if (dropped === 0) expect(got.batch).toBe(batch);
      }),
      { numRuns: 600, endOnFailure: true },
    );
  });
});

const logs = (...items: Tree[]) =>
  scopedBatch('logs', [encode('logs', request('logs', [{ resource: { host: 'h' }, items }]))], items.length);
const spans = (...items: Tree[]) =>
  scopedBatch('traces', [encode('traces', request('traces', [{ resource: { host: 'h' }, items }]))], items.length);

describe('levels', () => {
  test('what is dropped with its resource or instrumentation scope is counted item by item', () => {
    const trees: [Signal, Tree[], number][] = [
      ['logs', [logRecord(), logRecord()], 2],
      ['traces', [span()], 1],
      ['metrics', [gauge('g', [point(), point()]), gauge('h', [])], 2],
    ];
    for (const [signal, items, count] of trees) {
      const bytes = encode(
        signal,
        request(signal, [
          { resource: { host: 'h' }, items },
          { resource: { host: 'i' }, items },
        ]),
      );
      const list = `${signal === 'metrics' ? 'metric' : signal === 'traces' ? 'trace' : 'log'}_conditions`;
      const byResource = processed(
        make({ [signal]: { resource: ['attributes["host"] == "h"'] } }),
        scopedBatch(signal, [bytes], count * 2),
      );
      expect(byResource.dropped).toEqual({ filter: count });
      expect(byResource.tree).toEqual(decode(signal, encode(signal, request(signal, [{ resource: { host: 'i' }, items }]))));
      const byScope = processed(make({ [list]: ['scope.version == "1"'] }), scopedBatch(signal, [bytes], count * 2));
      expect([byScope.dropped, byScope.batch]).toEqual([{ filter: count * 2 }, undefined]);
    }
  });

  test('a span stays without its events, and the events that went are counted apart', () => {
    const event = (name: string): Tree => ({ timeUnixNano: 1n, name });
    const processor = make({ traces: { spanevent: ['name == "a" or event_index == 2'] } });
    const got = processed(
      processor,
      spans(span({}, { events: [event('a'), event('b'), event('c')] }), span({}, { events: [event('a')] })),
    );
    expect(got.tree).toEqual(decode('traces', spans(span({}, { events: [event('b')] }), span()).segments));
    expect([got.dropped, got.batch!.items]).toEqual([{}, 2]);
    expect(processor.stats!()).toEqual({ errors: 0, span_events: 3 });
  });

  test('a metric without points can be dropped, and nothing is counted', () => {
    const bytes = encode('metrics', request('metrics', [{ resource: {}, items: [gauge('g', [point()]), gauge('h', [])] }]));
    const got = processed(make({ metrics: { metric: ['name == "h"'] } }), scopedBatch('metrics', [bytes], 1));
    expect([got.dropped, got.batch!.items]).toEqual([{}, 1]);
    expect(JSON.stringify(got.tree, (_, each) => (typeof each === 'bigint' ? String(each) : each))).not.toContain('"h"');
  });

  test('behind batch, requests that were merged are filtered as one', () => {
    const one = boundBatch(
      'logs',
      encode('logs', request('logs', [{ resource: {}, items: [logRecord({ n: 1n }), logRecord({ n: 2n })] }])),
    )!;
    const got = processed(make({ logs: { log_record: ['attributes["n"] == 1'] } }), mergedTwice(one, one));
    expect([got.dropped, got.batch!.items, got.batch!.receipts.length]).toEqual([{ filter: 2 }, 2, 2]);
  });

  test('without a condition about a signal its batches pass as they are', () => {
    const batch = spans(span());
    expect(processed(make({ logs: { log_record: ['true'] } }), batch).batch).toBe(batch);
    expect(processed(make({}), batch).batch).toBe(batch);
  });
});

describe('a condition without an answer', () => {
  const hard = 'HasPrefix(body, "a")';
  test('is passed over, counted and logged with error_mode ignore', () => {
    const context = quietContext();
    const processor = make({ logs: { log_record: [hard, 'severity_text == "INFO"'] } }, context);
    expect(processed(processor, logs(logRecord({}, 5n))).dropped).toEqual({ filter: 1 });
    expect(processor.stats!()['errors']).toBe(1);
    expect(context.lines.map(({ level, message }) => [level, message])).toEqual([
      ['limited', 'cannot tell whether to drop: the condition HasPrefix(body, "a") has no answer: HasPrefix takes a text'],
    ]);
  });

  test('is passed over in silence with silent', () => {
    const context = quietContext();
    const batch = logs(logRecord({}, 5n));
    expect(processed(make({ error_mode: 'silent', logs: { log_record: [hard] } }, context), batch).batch).toBe(batch);
    expect(context.lines).toEqual([]);
  });

  test('costs the whole batch with propagate, and the sender is told', () => {
    const processor = make({ log_conditions: [{ error_mode: 'propagate', conditions: ['HasPrefix(log.body, "a")'] }] });
    const got = processed(processor, logs(logRecord({}, 'b'), logRecord({}, 5n)));
    expect([got.batch, got.dropped]).toEqual([undefined, { filter_error: 2 }]);
    expect(got.messages).toEqual([
      'cannot filter 2 log records: the condition HasPrefix(log.body, "a") has no answer: HasPrefix takes a text',
    ]);
    expect(processed(processor, logs(logRecord({}, 'b'))).batch).toBeDefined();
  });

  test.each([
    ['attributes["list"][5] == 1', 'index 5 is out of bounds'],
    ['attributes["list"]["k"] == 1', 'a map takes texts as keys, a list numbers'],
    ['body["k"] == 1', 'the value has no keys'],
    ['IsMatch(attributes["nan"], "x")', 'IsMatch has no text of NaN or an infinity'],
    ['false or HasSuffix(attributes["nan"], "x") or true', 'HasSuffix takes a text'],
  ])('%s: %s', (text, fault) => {
    const context = quietContext();
    processed(make({ logs: { log_record: [text] } }, context), logs(logRecord({ list: [1n], nan: NaN })));
    expect(context.lines[0]!.message).toContain(`has no answer: ${fault}`);
  });
});

test('more changes than a request of its size may need cost the batch', () => {
  // An empty record that stays, and one with severity 1 that goes, in turn.
  const list = Buffer.alloc(6 * 450_000, Buffer.from('120012021001', 'hex'));
  const batch = scopedBatch('logs', [sizedField(1, sizedField(2, list))], 900_000);
  const got = processed(make({ logs: { log_record: ['severity_number == 1'] } }), batch);
  expect([got.batch, got.dropped]).toEqual([undefined, { filter_too_many: 900_000 }]);
});

test.each(LEVELS)('every path of a %s can be read where nothing is there', (level) => {
  const signal: Signal =
    level === 'log' || level === 'resource' || level === 'scope' ? 'logs' : level.startsWith('span') ? 'traces' : 'metrics';
  const texts = pathsOf(level).map((path) => {
    const name = path === 'attributes' || path === 'metadata' ? `${path}["x"]` : path;
    return `${level}.${name} == "nothing" and ${level}.${name} != nil`;
  });
  const items = { logs: [{}], traces: [{ events: [{}] }], metrics: [gauge('', [{}]), { name: 'none' }] }[signal];
  const bytes = encode(signal, request(signal, [{ items: items as Tree[] }]));
  const list = `${signal === 'metrics' ? 'metric' : signal === 'traces' ? 'trace' : 'log'}_conditions`;
  const context = quietContext();
  const batch = scopedBatch(signal, [bytes], 1);
  expect(processed(make({ [list]: texts }, context), batch).batch).toBe(batch);
  expect(context.lines).toEqual([]);
});
