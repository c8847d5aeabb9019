import { expect, test } from 'vitest';
import { rewritten, wholeBytes } from '../../../pipeline/otlp/rewrite.ts';
import { Splices } from '../../../pipeline/otlp/splices.kernel.ts';
import { encode, logRecord, request } from '../../support/build.ts';
import { boundBatch } from '../../support/processing.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';

const bytes = encode('logs', request('logs', [{ resource: { a: 'b' }, items: [logRecord()] }]));

test('a batch in several segments is joined, one in a single segment is not copied', () => {
  const cut = scopedBatch('logs', [bytes.subarray(0, 9), bytes.subarray(9)], 1);
  expect(Buffer.from(wholeBytes(cut))).toEqual(Buffer.from(bytes));
  expect(wholeBytes(scopedBatch('logs', [bytes], 1))).toBe(bytes);
});

test('what a rewrite makes lives as long as the memory of the request it was made of', () => {
  const batch = boundBatch('logs', bytes)!;
  const before = wholeBytes(batch);
  const [lease] = batch.leases;
  const held = lease!.byteLength;
  const splices = new Splices();
  splices.begin(before.length);
  splices.cut(0, 0, before.length);
  const out = rewritten(batch, before, splices, new Uint8Array(0), 1);
  expect(lease!.byteLength).toBeGreaterThan(held);
  expect([out.scope, out.items, out.byteLength, out.receipts, out.leases]).toEqual([
    batch.scope,
    1,
    0,
    batch.receipts,
    batch.leases,
  ]);
});
