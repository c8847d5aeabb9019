import { expect, test } from 'vitest';
import { actionsSchema } from '../../../pipeline/attributes/action-config.ts';
import { AttributeRewriter } from '../../../pipeline/attributes/rewriter.ts';
import { DEPTH_ITEM, ENTER, type Visitor } from '../../../pipeline/otlp/descent.kernel.ts';
import { encode, logRecord, request } from '../../support/build.ts';
import { processed } from '../../support/processing.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';

/** Actions on every log record, as the processor `attributes` does it. */
function worker(actions: readonly object[]) {
  const rewriter = new AttributeRewriter(actionsSchema.parse(actions));
  const visitor: Visitor = {
    group: () => ENTER,
    list: () => ENTER,
    metric: () => ENTER,
    item: (at) => {
      rewriter.edit(at, at.itemStart, at.itemEnd, DEPTH_ITEM, 6);
      return ENTER;
    },
  };
  return {
    counts: rewriter.editor.counts,
    mutations: () => rewriter.mutations(),
    process: (...[batch, emit, drop]: Parameters<Parameters<typeof processed>[0]['process']>) =>
      rewriter.process(batch, visitor, emit, drop),
  };
}

test('one message with more attributes than may be worked on costs its batch, which is counted and told', () => {
  const many = Array.from({ length: 65_537 }, () => ({ key: 'a', value: {} }));
  const batch = scopedBatch('logs', [encode('logs', request('logs', [{ items: [{ attributes: many }] }]))], 1);
  const { batch: out, dropped, messages } = processed(worker([{ key: 'a', action: 'delete' }]), batch);
  expect([out, dropped]).toEqual([undefined, { attributes_too_many: 1 }]);
  expect(messages[0]).toMatch(/^cannot change the attributes of 1 log records: /);
});

test('more changes than a request of its size may need cost the batch', () => {
  const items = Array.from({ length: 60_000 }, () => ({}));
  const batch = scopedBatch('logs', [encode('logs', request('logs', [{ items }]))], 60_000);
  const { batch: out, dropped } = processed(worker([{ key: 'a', value: 'b', action: 'insert' }]), batch);
  expect([out, dropped]).toEqual([undefined, { attributes_too_many: 60_000 }]);
});

test('a value that many items multiply costs the batch before it costs the memory', () => {
  const items = Array.from({ length: 1000 }, () => logRecord());
  const bytes = encode('logs', request('logs', [{ items }]));
  const worked = worker([{ key: 'a', value: 'x'.repeat(100_000), action: 'insert' }]);
  expect(processed(worked, scopedBatch('logs', [bytes], 1000)).dropped).toEqual({ attributes_too_many: 1000 });
  expect(
    processed(worked, scopedBatch('logs', [encode('logs', request('logs', [{ items: items.slice(0, 5) }]))], 5)).dropped,
  ).toEqual({});
});

test('a text that is too long is not extracted from, and counted', () => {
  const worked = worker([{ key: 'a', pattern: '(?P<b>x)', action: 'extract' }]);
  const batch = scopedBatch(
    'logs',
    [encode('logs', request('logs', [{ items: [logRecord({ a: 'x'.repeat(16 * 1024 + 1) })] }]))],
    1,
  );
  expect(processed(worked, batch).batch).toBe(batch);
  expect(worked.counts.too_long).toBe(1);
});

test('what was written for one batch is not in the next', () => {
  const worked = worker([
    { key: 'a', value: 'long'.repeat(1_000_000), action: 'update' },
    { key: 'b', value: 1, action: 'insert' },
  ]);
  const sizes = [{ a: 'x' }, {}, { a: 'y' }, {}].map((attributes) => {
    const bytes = encode('logs', request('logs', [{ items: [logRecord(attributes)] }]));
    return JSON.stringify(processed(worked, scopedBatch('logs', [bytes], 1)).tree, (_, value) =>
      typeof value === 'bigint' ? Number(value) : value,
    ).length;
  });
  expect(sizes[0]).toBe(sizes[2]);
  expect(sizes[1]).toBe(sizes[3]);
  expect(sizes[1]).toBeLessThan(1000);
});

test('mutations count attributes that were added, got another value or went, as far as the batch went on', () => {
  const worked = worker([
    { key: 'new', value: 'x', action: 'insert' },
    { key: 'same', value: 'x', action: 'update' },
    { key: 'other', value: 'x', action: 'upsert' },
    { key: 'gone', action: 'delete' },
    { key: 'brief', value: 'x', action: 'insert' },
    { key: 'brief', action: 'delete' },
  ]);
  const records = [logRecord({ same: 'x', other: 'y', gone: '1', left: 'z' }), logRecord({ new: 'n', other: 'x' }), logRecord()];
  const bytes = encode('logs', request('logs', [{ items: records }]));
  processed(worked, scopedBatch('logs', [bytes], 3));
  // The first: new added, other modified, gone deleted. The second: nothing. The third: new and other added.
  expect(worked.mutations()).toEqual({ added: 3, modified: 1, deleted: 1 });
  const many = Array.from({ length: 65_537 }, () => ({ key: 'gone', value: {} }));
  const broken = encode('logs', request('logs', [{ items: [logRecord(), { attributes: many }] }]));
  expect(processed(worked, scopedBatch('logs', [broken], 2)).dropped).toEqual({ attributes_too_many: 2 });
  expect(worked.mutations()).toEqual({ added: 3, modified: 1, deleted: 3 });
});
