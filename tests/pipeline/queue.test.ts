import { describe, expect, test } from 'vitest';
import { Receipt } from '../../pipeline/batch/receipt.ts';
import { bindContent } from '../../pipeline/batch/scoped-batch.ts';
import type { Outcome } from '../../pipeline/component.ts';
import { ExporterCount } from '../../pipeline/ledger.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { Edits } from '../../pipeline/otlp/edits.ts';
import { walk, type Walk } from '../../pipeline/otlp/walk.ts';
import { DeliveryQueue } from '../../pipeline/queue.ts';
import { quietContext } from '../support/contexts.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { delivery, idsOf, requestOf, ScriptedExporter, type Answer, type DeliveryInput } from '../support/scripted.ts';

const later = (retryAfterMs?: number): Outcome => ({
  ok: false,
  code: 'UNAVAILABLE',
  retryable: true,
  message: 'not now',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const never: Outcome = { ok: false, code: 'DESTINATION_REFUSED', retryable: false, message: 'never' };
const open = (): Promise<Outcome> => new Promise(() => {});

/** Each look finds it a millisecond later: what is true at one look need not be at the next. */
class HurryingClock extends ManualClock {
  #looks = 0;

  override now(): number {
    return super.now() + this.#looks++;
  }
}

function setUp(answer: Answer | undefined, input: DeliveryInput = {}, random = () => 0, clock = new ManualClock()) {
  const context = quietContext(clock);
  const exporter = new ScriptedExporter(answer);
  const row = new ExporterCount();
  const queue = new DeliveryQueue(
    'e',
    exporter,
    delivery({ retry_on_failure: { initial_interval: '1s', multiplier: 2, max_interval: '8s' }, ...input }),
    { clock, random, log: context.log },
  );
  let next = 0;
  const offer = (items = 1): Promise<Outcome> =>
    new Promise((answered) => {
      const bytes = requestOf(
        'logs',
        Array.from({ length: items }, () => `i${next++}`),
      );
      const batch = bindContent('A', 'logs', { items, byteLength: bytes.length, segments: [bytes] }, new Receipt(answered));
      row.admitted += items;
      queue.offer(batch, row, true);
    });
  return { clock, context, exporter, row, queue, offer };
}

describe('sending', () => {
  test('at most num_consumers at once, the rest waits in order', async () => {
    const answers: ((outcome: Outcome) => void)[] = [];
    const { exporter, row, offer } = setUp(() => new Promise((resolve) => answers.push(resolve)), {
      sending_queue: { num_consumers: 2 },
    });
    for (let n = 0; n < 5; n++) void offer();
    expect(row).toMatchObject({ sending: 2, waiting: 3 });
    for (let n = 0; n < 5; n++) {
      answers[n]!({ ok: true });
      await settle();
    }
    expect(exporter.mostUnder).toBe(2);
    expect(exporter.delivered).toEqual(['i0', 'i1', 'i2', 'i3', 'i4']);
    expect(row).toMatchObject({ sending: 0, waiting: 0, exported: 5 });
  });

  test('what a destination rejects of an accepted request counts as refused by it', async () => {
    const { row, offer } = setUp(async () => ({ ok: true, rejected: [{ reason: 'partial_success', items: 3, message: '' }] }));
    expect(await offer(10)).toEqual({ ok: true });
    expect(row).toMatchObject({ exported: 7, refused: 3 });
  });

  test('a permanent refusal is told to who waits, and not tried again', async () => {
    const { exporter, row, queue, offer } = setUp(async () => never);
    expect(await offer(1)).toEqual(never);
    expect(exporter.attempts).toBe(1);
    expect(row.refused).toBe(1);
    expect(queue.room.used).toEqual({ items: 0, bytes: 0, requests: 0 });
  });

  test('a batch that a destination refuses for good is sent once more in two halves, and no further', async () => {
    const { exporter, row, queue, offer } = setUp(async (batch) => (idsOf(batch).includes('i3') ? never : { ok: true }));
    expect(await offer(7)).toEqual(never);
    expect(exporter.attempts).toBe(3);
    expect(exporter.delivered).toEqual(['i4', 'i5', 'i6']);
    expect(row).toMatchObject({ exported: 3, refused: 4, waiting: 0, sending: 0, retrying: 0 });
    expect(queue.room.used).toEqual({ items: 0, bytes: 0, requests: 0 });
  });

  test('halves leave together with what waits, are tried again as any batch, and release what they hold once', async () => {
    const answers: Outcome[] = [never, later(), { ok: true }];
    const { clock, exporter, row, queue } = setUp(async () => answers.shift() ?? { ok: true });
    const bytes = requestOf('logs', ['a', 'b', 'c']);
    const walked = walk('logs', bytes, { claimKeys: [], attributes: undefined, mendsText: false }) as Walk;
    const receipt = new Receipt();
    const edits = new Edits(walked);
    row.admitted += 3;
    walked.lease.retain();
    queue.offer(bindContent('A', 'logs', edits, receipt), row, false);
    await settle();
    expect(row).toMatchObject({ exported: 1, retrying: 2 });
    await clock.advance(10_000);
    expect(exporter.delivered.toSorted()).toEqual(['a', 'b', 'c']);
    expect(row).toMatchObject({ exported: 3, refused: 0, retrying: 0 });
    // A branch that does not hold the receipt leaves it alone; of the lease it held one.
    expect(receipt.held).toBe(1);
    expect(walked.lease.held).toBe(1);
    expect(queue.room.used).toEqual({ items: 0, bytes: 0, requests: 0 });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
  ] as const)('an exporter that %s costs its batch and nothing else', async (_, broken) => {
    let attempts = 0;
    const { row, queue, offer } = setUp((...given) =>
      attempts++ === 0 ? (broken as Answer)(...given) : Promise.resolve({ ok: true }),
    );
    expect(await offer(2)).toMatchObject({ ok: false, code: 'INTERNAL', message: 'cannot send with e: boom' });
    expect(queue.status().state).toBe('failed');
    expect(await offer(3)).toEqual({ ok: true });
    expect(row).toMatchObject({ exported: 3, dropped: { internal: 2 } });
    expect(queue.status().state).toBe('ok');
  });

  test('ten thousand that fail at once do not pile up on the stack', async () => {
    let first: (() => void) | undefined;
    const { row, offer } = setUp(
      () =>
        first === undefined
          ? new Promise((resolve) => (first = () => resolve({ ok: true })))
          : (() => {
              throw new Error('boom');
            })(),
      { sending_queue: { num_consumers: 1 } },
    );
    for (let n = 0; n < 10_000; n++) void offer();
    first!();
    await settle();
    expect(row).toMatchObject({ exported: 1, waiting: 0, dropped: { internal: 9999 } });
  });
});

describe('trying again', () => {
  test('after a back-off that grows, until it succeeds', async () => {
    const at: number[] = [];
    const { clock, row, offer } = setUp(async () => (at.push(clock.now()) < 4 ? later() : { ok: true }), { timeout: 0 });
    const answer = offer();
    await clock.advance(60_000);
    expect(at.map((ms) => ms - at[0]!)).toEqual([0, 1000, 3000, 7000]);
    expect(await answer).toEqual({ ok: true });
    expect(row).toMatchObject({ exported: 1, retrying: 0 });
  });

  test('not before the Retry-After of the destination, and nothing else is sent there meanwhile', async () => {
    const at: number[] = [];
    const { clock, offer } = setUp(async () => (at.push(clock.now()) === 1 ? later(5000) : { ok: true }));
    void offer();
    await settle();
    void offer();
    await clock.advance(4999);
    expect(at).toHaveLength(1);
    await clock.advance(1);
    expect(at).toHaveLength(3);
  });

  test('a destination that asks for a day is asked again after max_interval', async () => {
    const { clock, exporter, row, offer } = setUp(async () => (exporter.attempts === 1 ? later(86_400_000) : { ok: true }));
    void offer();
    await settle();
    expect(row.dropped).toEqual({ retries_exhausted: 1 });
    void offer();
    await clock.advance(7999);
    expect(exporter.attempts).toBe(1);
    await clock.advance(1);
    expect(row.exported).toBe(1);
  });

  test('ends with max_elapsed_time; the sender that waits is told what failed, and may retry', async () => {
    const { clock, row, offer } = setUp(async () => later(), {
      retry_on_failure: { initial_interval: '1s', max_interval: '1s', max_elapsed_time: '10s' },
    });
    const answer = offer(6);
    await clock.advance(11_000);
    expect(await answer).toEqual(later());
    expect(row).toMatchObject({ dropped: { retries_exhausted: 6 }, retrying: 0 });
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'a batch due after %i ms is not forgotten when that time passes between two looks',
    async (ms) => {
      const retry_on_failure = { initial_interval: `${ms}ms`, max_interval: '8ms', max_elapsed_time: 0 };
      for (const [askedMs, batches] of [
        [undefined, 1],
        [ms, 1],
        [ms, 2],
      ] as const) {
        const input = { retry_on_failure, sending_queue: { num_consumers: 1 } };
        const { clock, exporter, row, offer } = setUp(undefined, input, () => 0, new HurryingClock());
        exporter.answer = async () => (exporter.attempts === 1 ? later(askedMs) : { ok: true });
        for (let n = 0; n < batches; n++) void offer();
        await clock.advance(2000); // long before the attempt's own timeout
        expect(row, `asked for ${askedMs}`).toMatchObject({ exported: batches, retrying: 0, waiting: 0, sending: 0 });
      }
    },
  );

  test('one batch that fails for now holds up no other', async () => {
    const { exporter, row, offer } = setUp(async () => (exporter.attempts === 1 ? later() : { ok: true }), {
      sending_queue: { num_consumers: 1 },
    });
    for (let n = 0; n < 4; n++) {
      void offer();
      await settle();
    }
    // With one consumer only one batch may wait for its retry; while it does, no new one starts.
    expect(row).toMatchObject({ retrying: 1, waiting: 3 });
    const two = setUp(async () => (two.exporter.attempts === 1 ? later() : { ok: true }), {
      sending_queue: { num_consumers: 2 },
    });
    for (let n = 0; n < 4; n++) {
      void two.offer();
      await settle();
    }
    expect(two.row).toMatchObject({ retrying: 1, exported: 3 });
  });

  test('a dead destination is tried by twice num_consumers batches at most, not by all', async () => {
    const seen = new Set<string>();
    const { clock, offer } = setUp(
      async (batch) => {
        seen.add(String(batch.segments[0]!.join()));
        return later();
      },
      { sending_queue: { num_consumers: 3 } },
    );
    for (let n = 0; n < 100; n++) void offer();
    await clock.advance(60_000);
    expect(seen.size).toBeLessThanOrEqual(6);
  });
});

describe('the timeout of an attempt', () => {
  test('aborts it, and it is tried again', async () => {
    const { clock, exporter, row, offer } = setUp(
      (_, signal) => {
        if (exporter.attempts > 1) return Promise.resolve({ ok: true });
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(never)));
      },
      { timeout: '2s' },
    );
    void offer();
    await clock.advance(1999);
    expect(row.sending).toBe(1);
    await clock.advance(1);
    expect(row.retrying).toBe(1);
    await clock.advance(1000);
    expect(row.exported).toBe(1);
  });

  test('is the end of an attempt that does not listen, a little later', async () => {
    const { clock, exporter, row, queue, offer } = setUp(() => (exporter.attempts > 1 ? Promise.resolve({ ok: true }) : open()), {
      timeout: '2s',
    });
    void offer();
    await clock.advance(2000 + LIMITS.abortGraceMs - 1);
    expect(row.sending).toBe(1);
    await clock.advance(1);
    expect(row.retrying).toBe(1);
    expect(queue.status()).toMatchObject({ state: 'recoverable', message: 'cannot deliver to e: no answer within 2000 ms' });
    await clock.advance(1000);
    expect(row.exported).toBe(1);
  });
});

describe('a full queue', () => {
  test('drops and counts what is offered', async () => {
    const { row, context, offer } = setUp(open, { sending_queue: { queue_size: 5, sizer: 'items' } });
    void offer(5);
    expect(await offer(2)).toMatchObject({ ok: false, code: 'QUEUE_FULL', retryable: true });
    expect(row).toMatchObject({ sending: 5, dropped: { queue_full: 2 } });
    expect(context.lines.map((line) => line.message)).toEqual([
      'cannot queue data for e: its queue is full; new data is dropped',
    ]);
  });

  test('tells each scope what it has there, by the unit that the queue counts, and nothing of the others', async () => {
    const told = async (sizer: 'items' | 'bytes' | 'requests') => {
      const queue_size = sizer === 'bytes' ? 5000 : 500;
      const { queue, offer } = setUp(open, { sending_queue: { sizer, queue_size, queue_bytes: 10_000, scope_share: 0.5 } });
      queue.room.tryTake([{ scope: 'B', items: 100, bytes: 150, requests: 7 }]);
      void offer(3);
      void offer(2);
      return { mine: queue.shareOf('A'), theirs: queue.shareOf('B'), nobodys: queue.shareOf('C'), used: queue.room.used };
    };
    const { mine, theirs, nobodys, used } = await told('items');
    const bytes = used.bytes - 150;
    const whole = { exporter: 'e', sizer: 'items', capacity: 500, bytesMax: 10_000, share: 0.5 };
    expect(mine).toEqual({ ...whole, scope: 'A', size: 5, bytes });
    expect(theirs).toEqual({ ...whole, scope: 'B', size: 100, bytes: 150 });
    expect(nobodys).toEqual({ ...whole, scope: 'C', size: 0, bytes: 0 });
    expect((await told('requests')).mine).toMatchObject({ sizer: 'requests', size: 2, bytes });
    expect((await told('bytes')).mine).toMatchObject({ sizer: 'bytes', size: bytes, capacity: 5000, bytesMax: 5000 });
  });

  test('says when it is tried next', async () => {
    const { queue, offer } = setUp(async () => later(), { sending_queue: { num_consumers: 1 } });
    expect(queue.retryAfterMs).toBe(LIMITS.retryAfterMs);
    const asked = setUp(async () => later(4200));
    void asked.offer();
    void offer();
    await settle();
    expect(queue.retryAfterMs).toBe(1000);
    expect(asked.queue.retryAfterMs).toBe(4200);
  });
});

describe('draining', () => {
  test('sends all that is there, with retries that come soon', async () => {
    const { clock, exporter, row, queue, offer } = setUp(
      async () => (exporter.attempts % 3 === 1 ? later() : { ok: true }),
      { retry_on_failure: { initial_interval: '30s' }, sending_queue: { num_consumers: 2 } },
      () => 0.5,
    );
    for (let n = 0; n < 20; n++) void offer();
    await clock.until(queue.drain(10_000));
    expect(row).toMatchObject({ exported: 20, waiting: 0, retrying: 0, sending: 0 });
    expect(exporter.delivered.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `i${n}`).toSorted());
  });

  test('ends at the deadline; the rest is counted and its senders are told', async () => {
    const { clock, row, queue, offer } = setUp(open, { sending_queue: { num_consumers: 2 }, timeout: 0 });
    const answers = [offer(), offer(), offer()];
    const start = clock.now();
    await clock.until(queue.drain(4000), 10);
    expect(clock.now() - start).toBeLessThanOrEqual(4020);
    expect(row).toMatchObject({ dropped: { shutdown: 3 }, waiting: 0, sending: 0 });
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ code: 'SHUTTING_DOWN', retryable: true });
    expect(await offer()).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(clock.pending).toBe(0);
  });

  test('an attempt that answers within the grace still counts', async () => {
    const { clock, row, queue, offer } = setUp(
      (_, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => clock.after(100, () => resolve({ ok: true })))),
      { timeout: 0 },
    );
    void offer();
    await clock.until(queue.drain(4000));
    expect(row).toMatchObject({ exported: 1, dropped: {} });
  });

  test('is safe twice, and with no time at all', async () => {
    const { row, queue, offer } = setUp(open);
    void offer();
    await Promise.all([queue.drain(0), queue.drain(0)]);
    await queue.drain(1000);
    expect(row).toMatchObject({ dropped: { shutdown: 1 }, sending: 0 });
  });
});
