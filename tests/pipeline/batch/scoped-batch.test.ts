import { describe, expect, it } from 'vitest';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import { bindContent, derive, merge, ScopedBatch, split, type Content } from '../../../pipeline/batch/scoped-batch.ts';
import type { Outcome } from '../../../pipeline/component.ts';

const content = (items: number, ...bytes: number[]): Content => ({
  items,
  byteLength: bytes.length,
  segments: [Uint8Array.from(bytes)],
});

describe('a scoped batch', () => {
  it('cannot be made without the seal', () => {
    expect(
      () =>
        new ScopedBatch(Symbol('seal'), 'A', 'logs', content(1, 1), {
          receipts: [],
          leases: [],
          metadata: undefined,
          claimKeys: [],
        }),
    ).toThrow('BUG:');
    expect(ScopedBatch.isSealed(Object.create(ScopedBatch.prototype) as ScopedBatch)).toBe(false);
    expect(ScopedBatch.isSealed(bindContent('A', 'logs', content(1, 1), new Receipt()))).toBe(true);
  });

  it('keeps scope, signal, receipts and metadata when its content changes', () => {
    const receipt = new Receipt();
    const batch = derive(bindContent('A', 'traces', content(2, 1, 2), receipt, { tenant: 'x' }), content(1, 9));
    expect([batch.scope, batch.signal, batch.items, batch.byteLength, batch.metadata]).toEqual([
      'A',
      'traces',
      1,
      1,
      { tenant: 'x' },
    ]);
    expect(batch.receipts).toEqual([receipt]);
  });

  it('merges with its like: segments in order, items and bytes added, all receipts carried', () => {
    const [one, two] = [new Receipt(), new Receipt()];
    const merged = merge([bindContent('A', 'logs', content(1, 1), one), bindContent('A', 'logs', content(2, 2, 3), two)]);
    expect([merged.items, merged.byteLength, merged.segments.map((each) => [...each])]).toEqual([3, 3, [[1], [2, 3]]]);
    expect(merged.receipts).toEqual([one, two]);
  });

  it('keeps, when it merges, how each segment was made from a compressed request, where that is known', () => {
    const source = { matches: { tokens: new Int32Array(0), isHasty: false }, sourceLength: 1, copies: () => new Int32Array(0) };
    const known = bindContent('A', 'logs', { ...content(1, 1), sources: [source] }, new Receipt());
    const unknown = (): ScopedBatch => bindContent('A', 'logs', content(2, 2, 3), new Receipt());
    expect(merge([unknown(), known, unknown()]).sources).toEqual([undefined, source, undefined]);
    expect(merge([unknown(), unknown()]).sources).toBeUndefined();
    expect(derive(known, content(1, 9)).sources).toBeUndefined();
  });

  it('never merges with a batch of another scope or signal', () => {
    const batch = bindContent('A', 'logs', content(1, 1), new Receipt());
    expect(() => merge([batch, bindContent('B', 'logs', content(1, 1), new Receipt())])).toThrow('BUG:');
    expect(() => merge([batch, bindContent('A', 'traces', content(1, 1), new Receipt())])).toThrow('BUG:');
    expect(() => merge([])).toThrow('BUG:');
  });

  it('splits into parts that each hold the receipt', () => {
    const outcomes: Outcome[] = [];
    const receipt = new Receipt((outcome) => outcomes.push(outcome));
    const parts = split(bindContent('A', 'logs', content(3, 1, 2, 3), receipt), [content(1, 1), content(1, 2), content(1, 3)]);
    expect(parts.map((part) => part.scope)).toEqual(['A', 'A', 'A']);
    for (const part of parts) for (const each of part.receipts) each.release({ ok: true });
    expect(outcomes).toEqual([{ ok: true }]);
    expect(() => split(parts[0] as ScopedBatch, [])).toThrow('BUG:');
  });
});
