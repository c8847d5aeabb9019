import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import { bindContent, letGo, type ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import { walk, type Walk } from '../../../pipeline/otlp/walk.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { bind } from '../../../pipeline/scope/bind.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import { batch as declaration } from '../../../processors/batch/index.ts';
import { BatchProcessor } from '../../../processors/batch/batch.ts';
import { config, type BatchConfig } from '../../../processors/batch/config.ts';
import { quietContext } from '../../support/contexts.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { idsOf, requestOf } from '../../support/scripted.ts';

const ORIGIN = {
  receiver: 'otlp',
  transport: 'http',
  binding: { allowed: ['A'], fallback: 'A', from: 'listener' },
} as const;

interface Sent {
  readonly ids: readonly string[];
  readonly scope: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

function setUp(input: Parameters<typeof config.parse>[0] = {}, signal: Signal = 'logs') {
  const clock = new ManualClock();
  const processor = new BatchProcessor(config.parse(input), clock);
  const emitted: ScopedBatch[] = [];
  const emit = (batch: ScopedBatch): void => void emitted.push(batch);
  processor.start(emit);
  const receipts: Receipt[] = [];
  const send = (...all: Sent[]): void => {
    for (const { ids, scope, metadata } of all) {
      const bytes = requestOf(signal, ids);
      const receipt = new Receipt(() => {});
      receipts.push(receipt);
      processor.process(
        bindContent(scope, signal, { items: ids.length, byteLength: bytes.length, segments: [bytes] }, receipt, metadata),
        emit,
      );
    }
  };
  return { clock, processor, emitted, emit, receipts, send, sizes: () => emitted.map((batch) => batch.items) };
}

let next = 0;
const some = (count: number): string[] => Array.from({ length: count }, () => `i${next++}`);

describe('batching', () => {
  test('collects until send_batch_size, and sends at once then', () => {
    const { send, sizes, processor } = setUp({ send_batch_size: 10 });
    send({ ids: some(4), scope: 'A' }, { ids: some(5), scope: 'A' });
    expect(sizes()).toEqual([]);
    expect(processor.held('A')).toBe(9);
    send({ ids: some(1), scope: 'A' });
    expect(sizes()).toEqual([10]);
    expect(processor.held('A')).toBe(0);
  });

  test('sends what there is after timeout', async () => {
    const { send, sizes, clock } = setUp();
    send({ ids: some(4), scope: 'A' });
    await clock.advance(199);
    expect(sizes()).toEqual([]);
    await clock.advance(1);
    expect(sizes()).toEqual([4]);
    expect(clock.pending).toBe(0);
  });

  test.each([{ timeout: 0 }, { send_batch_size: 0 }])('waits for nothing with %j, as in the collector', (input) => {
    const { send, sizes, clock } = setUp(input);
    send({ ids: some(4), scope: 'A' }, { ids: some(2), scope: 'A' });
    expect(sizes()).toEqual([4, 2]);
    expect(clock.pending).toBe(0);
  });

  test('never sends more than send_batch_max_size, and keeps a small rest for the next batch', async () => {
    const { send, sizes, processor, clock } = setUp({ send_batch_size: 10, send_batch_max_size: 10 });
    send({ ids: some(8), scope: 'A' }, { ids: some(17), scope: 'A' });
    expect(sizes()).toEqual([10, 10]);
    expect(processor.held('A')).toBe(5);
    await clock.advance(200);
    expect(sizes()).toEqual([10, 10, 5]);
  });

  test('never mixes scopes, nor combinations of metadata_keys, whatever their values look like', async () => {
    const { send, emitted, clock } = setUp({ metadata_keys: ['Tenant', 'zone'] });
    const sent: Sent[] = [
      { ids: some(1), scope: 'A' },
      { ids: some(1), scope: 'B' },
      { ids: some(1), scope: 'A', metadata: { tenant: 'x' } },
      { ids: some(1), scope: 'A', metadata: { tenant: '' } },
      { ids: some(1), scope: 'A', metadata: { tenant: 'x\u00001:y' } },
      { ids: some(1), scope: 'A', metadata: { tenant: 'x', zone: 'y' } },
      { ids: some(1), scope: 'A', metadata: { zone: 'x' } },
    ];
    send(...sent, ...sent, { ids: some(1), scope: 'A', metadata: { tenant: 'x', other: 'ignored' } });
    await clock.advance(200);
    expect(emitted.map((batch) => batch.items)).toEqual([2, 2, 3, 2, 2, 2, 2]);
    expect(emitted.map((batch) => batch.scope)).toEqual(['A', 'B', 'A', 'A', 'A', 'A', 'A']);
  });

  test('holds no more combinations than metadata_cardinality_limit, and passes others on', () => {
    const { send, sizes, processor } = setUp({ metadata_keys: ['id'], metadata_cardinality_limit: 2 });
    for (let n = 0; n < 4; n++) send({ ids: some(1), scope: 'A', metadata: { id: String(n) } });
    expect(processor.held('A')).toBe(2);
    expect(sizes()).toEqual([1, 1]);
  });

  test('of many scopes that fill side by side the largest is sent when all of them are too much, and no other', async () => {
    const { processor, emitted, emit, clock } = setUp({ send_batch_size: 1000 });
    const add = (scope: string, bytes: number): void => {
      const content = { items: 1, byteLength: bytes, segments: [new Uint8Array(bytes)] };
      processor.process(bindContent(scope, 'logs', content, new Receipt(() => {})), emit);
    };
    const part = LIMITS.batchedBytes / 8;
    for (const scope of ['A', 'B', 'B', 'B', 'C', 'C', 'D', 'E']) add(scope, part);
    expect(emitted).toEqual([]);
    add('E', 1);
    expect(emitted.map(({ scope, items }) => `${scope} ${items}`)).toEqual(['B 3']);
    expect(['A', 'B', 'C', 'D', 'E'].map((scope) => processor.held(scope))).toEqual([1, 0, 2, 1, 2]);
    for (let n = 0; n < 2; n++) add('D', part);
    expect(emitted).toHaveLength(1);
    add('A', part);
    expect(emitted.map(({ scope, items }) => `${scope} ${items}`)).toEqual(['B 3', 'D 3']);
    await clock.advance(200);
    expect(emitted.map(({ scope }) => scope).toSorted()).toEqual(['A', 'B', 'C', 'D', 'E']);
    // Nothing of it is counted any more.
    for (const scope of ['A', 'B', 'C', 'D', 'E', 'A', 'B', 'C']) add(scope, part);
    expect(emitted).toHaveLength(5);
  });

  test('a batch that fills by itself is sent when it is full, whatever its bytes', () => {
    const { processor, emitted, emit } = setUp({ send_batch_size: 3 });
    const content = { items: 1, byteLength: LIMITS.batchedBytes, segments: [new Uint8Array(LIMITS.batchedBytes)] };
    for (let n = 0; n < 3; n++) processor.process(bindContent('A', 'logs', content, new Receipt(() => {})), emit);
    expect(emitted.map(({ items }) => items)).toEqual([3]);
  });

  test('each part carries the receipts of all requests in it', () => {
    const { send, emitted, receipts } = setUp({ send_batch_size: 4, send_batch_max_size: 4 });
    send({ ids: some(3), scope: 'A' }, { ids: some(5), scope: 'A' });
    expect(emitted).toHaveLength(2);
    expect(emitted.map((batch) => batch.receipts)).toEqual([[receipts[0], receipts[1]], [receipts[1]]]);
    expect(receipts.map((receipt) => receipt.held)).toEqual([1, 2]);
  });

  test('a rest that waits holds the receipts and the memory of no request that has left', async () => {
    const { clock, processor, emit, emitted } = setUp({ send_batch_size: 10, send_batch_max_size: 10 });
    const sent = [8, 17, 3].map((count) => {
      const bytes = requestOf('logs', some(count));
      const walked = walk('logs', bytes, { claimKeys: [], attributes: undefined, mendsText: false }) as Walk;
      const receipt = new Receipt(() => {});
      const [batch] = bind(
        { signal: 'logs', walk: walked, origin: ORIGIN },
        { keys: ['periscope.scope'], on_missing: 'inject' },
        receipt,
      ).batches;
      processor.process(batch!, emit);
      return { receipt, lease: walked.lease };
    });
    expect(emitted.map((batch) => batch.items)).toEqual([10, 10]);
    expect(processor.held('A')).toBe(8);
    const leave = (): void => {
      for (const batch of emitted.splice(0)) letGo(batch, { ok: true }, true);
    };
    leave();
    // Of the second request some items wait, the third waits whole; the first is answered and its memory is back.
    expect(sent.map(({ receipt, lease }) => [receipt.held, lease.held])).toEqual([
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
    await clock.advance(200);
    expect(emitted.map((batch) => batch.items)).toEqual([8]);
    leave();
    expect(sent.map(({ receipt, lease }) => [receipt.held, lease.held])).toEqual(sent.map(() => [0, 0]));
  });

  test('small requests leave as one piece of memory, and theirs is free as soon as they are in', () => {
    const { processor, emit, emitted } = setUp();
    const leases = [3, 1, 2].map((count) => {
      const bytes = requestOf('logs', some(count));
      const walked = walk('logs', bytes, { claimKeys: [], attributes: undefined, mendsText: false }) as Walk;
      const stage = { keys: ['periscope.scope'], on_missing: 'inject' } as const;
      processor.process(bind({ signal: 'logs', walk: walked, origin: ORIGIN }, stage, new Receipt()).batches[0]!, emit);
      return walked.lease;
    });
    expect(leases.map((lease) => lease.held)).toEqual([0, 0, 0]);
    processor.flush(emit, () => {});
    expect(emitted.map((batch) => [batch.items, batch.segments.length, batch.receipts, batch.leases.length])).toEqual([
      [6, 1, [], 1],
    ]);
  });

  test('flush sends all, stop leaves no timer', () => {
    const { send, sizes, processor, emit, clock } = setUp();
    send({ ids: some(3), scope: 'A' }, { ids: some(3), scope: 'B' });
    processor.flush(emit, () => {});
    expect(sizes()).toEqual([3, 3]);
    send({ ids: some(3), scope: 'A' });
    processor.stop();
    expect(clock.pending).toBe(0);
  });

  test.each(['metrics', 'traces', 'logs'] as const)('loses, doubles and reorders no item of a scope (%s)', async (signal) => {
    const anySent = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      scope: fc.constantFrom('A', 'B'),
      tenant: fc.constantFrom(undefined, 'x', 'y'),
      pauseMs: fc.constantFrom(0, 0, 0, 150),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anySent, { maxLength: 25 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 0, max: 10 }),
        fc.boolean(),
        async (requests, size, more, isBounded) => {
          const max = isBounded ? Math.max(1, size + more) : 0;
          const { send, emitted, processor, emit, clock } = setUp(
            { send_batch_size: size, send_batch_max_size: max, metadata_keys: ['tenant'] },
            signal,
          );
          const expected = new Map<string, string[]>();
          for (const { count, scope, tenant, pauseMs } of requests) {
            const ids = some(count);
            const key = `${scope} ${tenant}`;
            expected.set(key, [...(expected.get(key) ?? []), ...ids]);
            send({ ids, scope, ...(tenant === undefined ? {} : { metadata: { tenant } }) });
            if (pauseMs > 0) await clock.advance(pauseMs);
            const gone = emitted.reduce((sum, batch) => sum + batch.items, 0);
            const came = [...expected.values()].flat().length;
            expect(processor.held('A') + processor.held('B')).toBe(came - gone);
          }
          processor.flush(emit, () => {});
          const arrived = new Map<string, string[]>();
          for (const batch of emitted) {
            const ids = idsOf(batch);
            expect(ids).toHaveLength(batch.items);
            if (max > 0) expect(batch.items).toBeLessThanOrEqual(max);
            const key = `${batch.scope} ${batch.metadata?.['tenant']}`;
            arrived.set(key, [...(arrived.get(key) ?? []), ...ids]);
          }
          expect(arrived).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('the config', () => {
  test("has the collector's keys and defaults", async () => {
    const defaults: BatchConfig = {
      send_batch_size: 8192,
      send_batch_max_size: 0,
      timeout: 200,
      metadata_keys: [],
      metadata_cardinality_limit: 1000,
    };
    for (const given of [undefined, null, {}]) expect(declaration.config.parse(given)).toEqual(defaults);
    const module = await declaration.load!();
    expect(module.create(defaults, quietContext())).toBeInstanceOf(BatchProcessor);
  });

  test.each([{ send_batch_max_size: 10 }, { metadata_keys: ['a', 'A'] }, { send_batch_size: -1 }, { size: 1 }])(
    '%j is a fault',
    (given) => {
      expect(config.safeParse(given).success).toBe(false);
    },
  );
});
