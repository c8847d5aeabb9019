import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Gathering } from '../../../pipeline/batch/gathering.ts';
import { Lease } from '../../../pipeline/batch/lease.ts';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import { bindContent, letGo, type ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import type { Outcome } from '../../../pipeline/component.ts';
import type { Matches } from '../../../pipeline/compression/matches.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { walk, Walk } from '../../../pipeline/otlp/walk.ts';
import { bind } from '../../../pipeline/scope/bind.ts';
import { encode, request } from '../../support/build.ts';

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

function batchOf(segments: readonly Uint8Array[], receipt = new Receipt(), scope = 'A'): ScopedBatch {
  const byteLength = segments.reduce((sum, segment) => sum + segment.length, 0);
  return bindContent(scope, 'logs', { items: 1, byteLength, segments }, receipt, { tenant: 'x' });
}

function boundTo(
  scope: string,
  resource: Record<string, string>,
  bodyBytes: number,
  matches?: (length: number) => Matches,
): ScopedBatch {
  const keys = ['periscope.scope'];
  const record = { body: { stringValue: 'b'.repeat(bodyBytes) } };
  const inspection = { claimKeys: keys.map((key) => Buffer.from(key)), attributes: undefined, mendsText: true };
  const bytes = encode('logs', request('logs', [{ resource, items: [record] }]));
  const walked = walk('logs', bytes, inspection, undefined, { lease: new Lease(), matches: matches?.(bytes.length) });
  if (!(walked instanceof Walk)) throw new Error(walked.message);
  const binding = { allowed: [scope], fallback: scope, from: 'listener' } as const;
  const batch = { signal: 'logs', walk: walked, origin: { receiver: 'otlp', transport: 'http', binding } } as const;
  return bind(batch, { keys, on_missing: 'inject' }, new Receipt()).batches[0]!;
}

describe('small requests on their way into one batch', () => {
  test('come out byte for byte in the order in which they came, in few pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(LIMITS.gatheredBytes / 4), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 60 }),
        (requests) => {
          const all = requests.map((lengths, n) => lengths.map((length) => filled(length, n)));
          const gathering = new Gathering(batchOf(all[0]!));
          for (const segments of all.slice(1)) gathering.add(batchOf(segments));
          const batch = gathering.take();
          const expected = Buffer.concat(all.flat());
          expect(Buffer.concat(batch.segments).equals(expected)).toBe(true);
          expect([batch.items, batch.byteLength, batch.scope, batch.metadata]).toEqual([
            requests.length,
            expected.length,
            'A',
            { tenant: 'x' },
          ]);
          // Pieces of 4 to 64 KiB; the end of one may stay empty by less than a request.
          expect(batch.segments.length).toBeLessThanOrEqual(
            4 + Math.ceil(expected.length / (LIMITS.gatherBytes - LIMITS.gatheredBytes)),
          );
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
  });

  test('what was gathered does not change when the memory it came from is used again', () => {
    const bytes = filled(100, 7);
    const gathering = new Gathering(batchOf([bytes]));
    bytes.fill(0);
    expect(gathering.take().segments.map((each) => [...new Set(each)])).toEqual([[7]]);
  });

  test('a receipt that somebody waits for is carried, another is let go at once', () => {
    const outcomes: Outcome[] = [];
    const awaited = new Receipt((outcome) => outcomes.push(outcome));
    const ignored = new Receipt();
    const gathering = new Gathering(batchOf([filled(1, 1)], awaited));
    gathering.add(batchOf([filled(1, 2)], ignored));
    const batch = gathering.take();
    expect([awaited.held, ignored.held, batch.receipts]).toEqual([1, 0, [awaited]]);
    letGo(batch, { ok: true }, true);
    expect(outcomes).toEqual([{ ok: true }]);
  });

  test('a batch of another scope is a bug that is told', () => {
    const gathering = new Gathering(batchOf([filled(1, 1)]));
    expect(() => gathering.add(batchOf([filled(1, 1)], new Receipt(), 'B'))).toThrow('BUG:');
  });

  test('takes what is small', () => {
    expect(Gathering.takes(batchOf([filled(LIMITS.gatheredBytes, 1)]))).toBe(true);
    expect(Gathering.takes(batchOf([filled(LIMITS.gatheredBytes + 1, 1)]))).toBe(false);
  });

  test('takes what is larger when it has to be written anew, and leaves it where it is when not', () => {
    const bytes = LIMITS.gatheredBytes * 2;
    expect(Gathering.takes(boundTo('A', {}, bytes))).toBe(true);
    expect(Gathering.takes(boundTo('A', { 'periscope.scope': 'A' }, bytes))).toBe(false);
    expect(Gathering.takes(boundTo('A', {}, LIMITS.splicedBytes + 1))).toBe(false);
  });

  test('a large one of which is known how it was compressed is a segment of its own, and that is kept beyond its memory', () => {
    const tokens = Int32Array.of(1, 2, 3);
    const matches = (): Matches => ({ tokens, isHasty: false });
    const large = LIMITS.gatheredBytes * 2;
    const batches = [boundTo('A', {}, 100, matches), boundTo('A', {}, large, matches), boundTo('A', {}, 100)];
    const lengths = batches.map((batch) => batch.byteLength);
    const copies = [...batches[1]!.sources![0]!.copies()];
    const gathering = new Gathering(batches[0]!);
    for (const batch of batches.slice(1)) gathering.add(batch);
    tokens.fill(0);
    const { segments, sources } = gathering.take();
    expect(segments.map((segment) => segment.length)).toEqual(lengths);
    expect(sources?.map((source) => source?.matches.tokens)).toEqual([undefined, Int32Array.of(1, 2, 3)]);
    expect([...(sources?.[1]?.copies() ?? [])]).toEqual(copies);
    expect(copies.length).toBeGreaterThan(3);
    // Of small ones nothing is kept, and a batch of them says so.
    expect(new Gathering(boundTo('A', {}, 100, matches)).take().sources).toBeUndefined();
  });
});
