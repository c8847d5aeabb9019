import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, sizeOf } from '../../../pipeline/batch/cut.ts';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import { bindContent, letGo, type ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { encode, logRecord, request } from '../../support/build.ts';
import { idsOf, requestOf } from '../../support/scripted.ts';

const OK = { ok: true } as const;

function batchOf(signal: Signal, bytes: Uint8Array, items: number, receipt = new Receipt()): ScopedBatch {
  return bindContent('A', signal, { items, byteLength: bytes.length, segments: [bytes] }, receipt);
}

const total = (group: readonly ScopedBatch[], sizer: 'items' | 'bytes'): number =>
  group.reduce((sum, batch) => sum + sizeOf(batch, sizer), 0);

describe('batches that are cut', () => {
  test.each(SIGNALS)('keep every item, in order, in groups that are not too large (%s)', (signal) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom('items' as const, 'bytes' as const),
        fc.integer({ min: 1, max: 1500 }),
        (sizes, sizer, given) => {
          const max = sizer === 'items' ? Math.ceil(given / 20) : given;
          let next = 0;
          const all = sizes.map((count) => Array.from({ length: count }, () => `i${next++}`));
          const receipts = all.map(() => new Receipt());
          const batches = all.map((own, n) => batchOf(signal, requestOf(signal, own), own.length, receipts[n]));
          const groups = cut(batches, max, sizer);
          expect(groups.flat().flatMap(idsOf)).toEqual(all.flat());
          for (const group of groups) {
            for (const batch of group) {
              expect(idsOf(batch)).toHaveLength(batch.items);
              expect(batch.segments.reduce((sum, segment) => sum + segment.length, 0)).toBe(batch.byteLength);
            }
            // In bytes one item, or a batch that is mostly headers, may be larger by itself.
            const isWhole = sizer === 'bytes' && group.length === 1 && (group[0]!.items === 1 || batches.includes(group[0]!));
            if (!isWhole) expect(total(group, sizer)).toBeLessThanOrEqual(max);
          }
          for (const batch of groups.flat()) letGo(batch, OK, true);
          expect(receipts.map((receipt) => receipt.held)).toEqual(receipts.map(() => 0));
        },
      ),
      { numRuns: 150, endOnFailure: true },
    );
  });

  test('in items every group but the last is full', () => {
    const batches = [7, 20, 1].map((count, n) => {
      const own = Array.from({ length: count }, (_, at) => `${n}-${at}`);
      return batchOf('logs', requestOf('logs', own), count);
    });
    expect(cut(batches, 5, 'items').map((group) => total(group, 'items'))).toEqual([5, 5, 5, 5, 5, 3]);
  });

  test('in bytes a batch is cut into pieces of about the size asked for, whatever the sizes of its items', () => {
    const items = Array.from({ length: 400 }, (_, n) => logRecord({ id: `i${n}`, text: 'x'.repeat(n % 10 === 0 ? 3000 : 20) }));
    const batch = batchOf('logs', encode('logs', request('logs', [{ resource: { a: 'b' }, items }])), 400);
    const groups = cut([batch], 10_000, 'bytes');
    for (const group of groups) expect(total(group, 'bytes')).toBeLessThanOrEqual(10_000);
    expect(groups.length).toBeLessThan((2 * batch.byteLength) / 10_000);
  });

  test('a batch whose headers would be repeated until they are most of what is sent stays whole', () => {
    const items = Array.from({ length: 500 }, (_, n) => logRecord({ id: `i${n}` }));
    const bytes = encode('logs', request('logs', [{ resource: { large: 'x'.repeat(20_000) }, items }]));
    const receipt = new Receipt();
    const batch = batchOf('logs', bytes, 500, receipt);
    expect(bytes.length * LIMITS.cutGrowth).toBeLessThan(500 * 20_000);
    expect(cut([batch], 1000, 'bytes')).toEqual([[batch]]);
    expect(receipt.held).toBe(1);
  });
});
