import { describe, expect, test } from 'vitest';
import { BatchGroup, groupKey, passed } from '../../../pipeline/batch/batch-group.ts';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import { bindContent, type ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { idsOf, requestOf } from '../../support/scripted.ts';

function batchOf(ids: readonly string[], scope = 'A', metadata?: Record<string, string>, receipt = new Receipt()): ScopedBatch {
  const bytes = requestOf('logs', ids);
  return bindContent(scope, 'logs', { items: ids.length, byteLength: bytes.length, segments: [bytes] }, receipt, metadata);
}

const some = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe('a group of batches', () => {
  test('is full from its least size on, in items or in bytes, and full batches leave it in order', () => {
    const inItems = new BatchGroup('A', { sizer: 'items', min: 5, max: 5 });
    inItems.add(batchOf(some(4, 'a')));
    expect(inItems.isFull).toBe(false);
    inItems.add(batchOf(some(8, 'b')));
    expect(inItems.isFull).toBe(true);
    expect(inItems.takeFull().map(idsOf)).toEqual([
      ['a0', 'a1', 'a2', 'a3', 'b0'],
      ['b1', 'b2', 'b3', 'b4', 'b5'],
    ]);
    expect(inItems.items).toBe(2);
    expect(inItems.takeAll().map(idsOf)).toEqual([['b6', 'b7']]);
    expect([inItems.items, inItems.byteLength, inItems.takeAll()]).toEqual([0, 0, []]);

    const one = batchOf(['x']);
    const inBytes = new BatchGroup('A', { sizer: 'bytes', min: one.byteLength * 2, max: 0 });
    inBytes.add(one);
    expect([inBytes.isFull, inBytes.byteLength]).toEqual([false, one.byteLength]);
    inBytes.add(batchOf(['y']));
    expect(inBytes.isFull).toBe(true);
    expect(inBytes.takeFull().map(idsOf)).toEqual([['x', 'y']]);
  });

  test('a request that waits for its answer waits for no other behind it where batches are cut', () => {
    const answered: string[] = [];
    const group = new BatchGroup('A', { sizer: 'items', min: 4, max: 4 });
    group.add(batchOf(some(3, 'a'), 'A', undefined, new Receipt(() => answered.push('a'))));
    group.add(batchOf(some(3, 'b'), 'A', undefined, new Receipt(() => answered.push('b'))));
    const [full] = group.takeFull();
    for (const receipt of full!.receipts) receipt.release({ ok: true });
    expect(answered).toEqual(['a']);
    for (const receipt of group.takeAll()[0]!.receipts) receipt.release({ ok: true });
    expect(answered).toEqual(['a', 'b']);
  });

  test('refuses another scope', () => {
    const group = new BatchGroup('A', { sizer: 'items', min: 9, max: 0 });
    group.add(batchOf(['x']));
    expect(() => group.add(batchOf(['y'], 'B'))).toThrow('two scopes');
    const large = batchOf(some(1000, 'long-enough-to-be-a-segment-of-its-own-'), 'B');
    expect(large.byteLength).toBeGreaterThan(LIMITS.gatheredBytes);
    group.add(large);
    expect(() => group.takeAll()).toThrow('two scopes');
  });

  test('one batch by itself is cut only where it is too large', () => {
    const batch = batchOf(some(7, 'a'));
    expect(passed(batch, { sizer: 'items', min: 0, max: 0 })).toEqual([batch]);
    expect(passed(batch, { sizer: 'items', min: 0, max: 7 })).toEqual([batch]);
    expect(passed(batch, { sizer: 'items', min: 0, max: 3 }).map((part) => part.items)).toEqual([3, 3, 1]);
  });

  test('keys tell scopes and values of metadata apart, whatever is in them', () => {
    const keys = ['k', 'l'];
    const batches = [
      batchOf(['x']),
      batchOf(['x'], 'B'),
      batchOf(['x'], 'A', { k: '' }),
      batchOf(['x'], 'A', { l: '' }),
      batchOf(['x'], 'A', { k: 'v\u00001:v' }),
      batchOf(['x'], 'A', { k: 'v', l: 'v' }),
    ];
    expect(new Set(batches.map((batch) => groupKey(batch, keys))).size).toBe(batches.length);
    expect(groupKey(batches[2]!, [])).toBe(groupKey(batches[0]!, []));
  });
});
