import { describe, expect, test } from 'vitest';
import { Receipt } from '../../pipeline/batch/receipt.ts';
import { bindContent } from '../../pipeline/batch/scoped-batch.ts';
import type { Outcome } from '../../pipeline/component.ts';
import { ExporterCount } from '../../pipeline/ledger.ts';
import { Edits } from '../../pipeline/otlp/edits.ts';
import { walk, type Walk } from '../../pipeline/otlp/walk.ts';
import { DeliveryQueue } from '../../pipeline/queue.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { quietContext } from '../support/contexts.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { delivery, idsOf, later, requestOf, ScriptedExporter, type Answer, type DeliveryInput } from '../support/scripted.ts';

const INSPECTION = { claimKeys: [], attributes: undefined, mendsText: false };

function setUp(sending_queue: NonNullable<DeliveryInput['sending_queue']>, answer?: Answer) {
  const clock = new ManualClock();
  const sent: { readonly scope: string; readonly signal: Signal; readonly ids: readonly string[] }[] = [];
  const exporter = new ScriptedExporter((batch, signal) => {
    sent.push({ scope: batch.scope, signal: batch.signal, ids: idsOf(batch) });
    return answer === undefined ? Promise.resolve({ ok: true }) : answer(batch, signal);
  });
  const queue = new DeliveryQueue('e', exporter, delivery({ sending_queue }), {
    clock,
    random: () => 0,
    log: quietContext(clock).log,
  });
  const rows = new Map<string, ExporterCount>();
  const rowOf = (scope: string, signal: Signal = 'logs'): ExporterCount => {
    const key = `${scope} ${signal}`;
    if (!rows.has(key)) rows.set(key, new ExporterCount());
    return rows.get(key)!;
  };
  /** As the fan-out brings it: its receipt is told when the branch is done, if the branch holds it. */
  const offer = (ids: readonly string[], more: { scope?: string; signal?: Signal; holds?: boolean; tenant?: string } = {}) => {
    const { scope = 'A', signal = 'logs', holds = true, tenant } = more;
    const walked = walk(signal, requestOf(signal, ids), INSPECTION) as Walk;
    let outcome: Outcome | undefined;
    const receipt = new Receipt((told) => (outcome = told));
    walked.lease.retain();
    const metadata = tenant === undefined ? undefined : { tenant };
    queue.offer(bindContent(scope, signal, new Edits(walked), receipt, metadata), rowOf(scope, signal), holds);
    return { receipt, lease: walked.lease, outcome: () => outcome };
  };
  return { clock, exporter, queue, sent, offer, rowOf, ids: () => sent.map((each) => each.ids) };
}

const NOTHING = { items: 0, bytes: 0, requests: 0 };

describe('a queue that batches', () => {
  test('sends at min_size, or what is there after flush_timeout; what it holds is in flight and has its room', async () => {
    const { clock, queue, offer, rowOf, ids } = setUp({ batch: { min_size: 4, flush_timeout: '100ms' } });
    offer(['a', 'b']);
    offer(['c']);
    expect(rowOf('A')).toMatchObject({ waiting: 3, sending: 0 });
    expect(queue.room.used).toMatchObject({ items: 3, requests: 2 });
    offer(['d', 'e']);
    await settle();
    expect(ids()).toEqual([['a', 'b', 'c', 'd', 'e']]);
    expect(rowOf('A')).toMatchObject({ waiting: 0, exported: 5 });
    offer(['f']);
    await clock.advance(99);
    expect(ids()).toHaveLength(1);
    await clock.advance(1);
    expect(ids()[1]).toEqual(['f']);
    expect(queue.room.used).toEqual(NOTHING);
  });

  test('never puts two scopes or signals into one batch, nor metadata that is told apart', async () => {
    const { clock, offer, sent, rowOf } = setUp({ batch: { partition: { metadata_keys: ['Tenant'] } } });
    for (let n = 0; n < 3; n++) {
      offer([`a${n}`], { scope: 'A' });
      offer([`b${n}`], { scope: 'B' });
      offer([`m${n}`], { scope: 'A', signal: 'metrics' });
      offer([`t${n}`], { scope: 'A', tenant: 'x' });
    }
    await clock.advance(200);
    expect(sent).toEqual([
      { scope: 'A', signal: 'logs', ids: ['a0', 'a1', 'a2'] },
      { scope: 'B', signal: 'logs', ids: ['b0', 'b1', 'b2'] },
      { scope: 'A', signal: 'metrics', ids: ['m0', 'm1', 'm2'] },
      { scope: 'A', signal: 'logs', ids: ['t0', 't1', 't2'] },
    ]);
    expect(rowOf('A')).toMatchObject({ exported: 6, waiting: 0 });
    expect(rowOf('B')).toMatchObject({ exported: 3, waiting: 0 });
  });

  test.each([0, 3])(
    'a request is answered when all of its items are there, and holds no memory longer (max_size %i)',
    async (max) => {
      const answers: ((outcome: Outcome) => void)[] = [];
      const { offer, rowOf, queue } = setUp(
        { batch: { min_size: 3, max_size: max }, num_consumers: 10 },
        () => new Promise((resolve) => answers.push(resolve)),
      );
      const first = offer(['a', 'b']);
      const second = offer(['c', 'd', 'e', 'f']);
      await settle();
      expect(answers).toHaveLength(max === 0 ? 1 : 2);
      answers[0]!({ ok: true });
      await settle();
      expect(first.outcome()).toEqual({ ok: true });
      expect(second.outcome()).toEqual(max === 0 ? { ok: true } : undefined);
      answers[1]?.({ ok: true });
      await settle();
      expect(second.outcome()).toEqual({ ok: true });
      // The one that is left is the test's own.
      expect([first.lease.held, second.lease.held]).toEqual([1, 1]);
      expect(rowOf('A')).toMatchObject({ exported: 6, waiting: 0, sending: 0 });
      expect(queue.room.used).toEqual(NOTHING);
    },
  );

  test('receipts that are not its own to release are left alone, and not mixed with those that are', async () => {
    const { offer, ids } = setUp({ batch: { min_size: 2, max_size: 2 } });
    const own = [offer(['a']), offer(['b', 'c'])];
    const others = [offer(['x'], { holds: false }), offer(['y', 'z', 'w'], { holds: false })];
    await settle();
    expect(ids()).toEqual([
      ['a', 'b'],
      ['x', 'y'],
      ['z', 'w'],
    ]);
    expect(own.map((each) => each.receipt.held)).toEqual([0, 1]);
    for (const { receipt, lease } of others) expect([receipt.held, lease.held]).toEqual([1, 1]);
  });

  test('what is sent in one counts as one request; what is cut, as its parts, and what stays has its room', async () => {
    const open = (): Promise<Outcome> => new Promise(() => {});
    const { offer, queue } = setUp({ sizer: 'requests', batch: { sizer: 'items', min_size: 4, max_size: 4 } }, open);
    for (const id of ['a', 'b', 'c']) offer([id]);
    expect(queue.room.used).toMatchObject({ items: 3, requests: 3 });
    offer(['d', 'e', 'f', 'g', 'h', 'i']);
    expect(queue.room.used).toMatchObject({ items: 9, requests: 3 });
  });

  test('sizes may be in bytes', async () => {
    const size = requestOf('logs', ['aaaa']).length;
    const { offer, ids } = setUp({ batch: { sizer: 'bytes', min_size: size * 2, max_size: size * 2 } });
    for (const id of ['aaaa', 'bbbb', 'cccc']) offer([id]);
    await settle();
    expect(ids()).toEqual([['aaaa', 'bbbb']]);
  });

  test('a batch is tried again as one', async () => {
    const { clock, exporter, offer, ids } = setUp({ batch: { min_size: 2 } }, async () =>
      exporter.attempts === 1 ? later : { ok: true },
    );
    offer(['a']);
    const last = offer(['b']);
    await clock.advance(60_000);
    expect(ids()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(last.outcome()).toEqual({ ok: true });
  });

  test('nothing waits for a batch once the process is stopping', async () => {
    const { clock, offer, queue, rowOf, ids } = setUp({ batch: { min_size: 100, max_size: 100, flush_timeout: '1h' } });
    offer(['a']);
    queue.hasten();
    await settle();
    expect(ids()).toEqual([['a']]);
    offer(['b']);
    await clock.until(queue.drain(1000));
    expect(ids()).toEqual([['a'], ['b']]);
    expect(rowOf('A')).toMatchObject({ exported: 2, waiting: 0 });
    expect(queue.room.used).toEqual(NOTHING);
    expect(clock.pending).toBe(0);
  });

  test('what is held when there is no time to drain counts as dropped, and its senders are told', async () => {
    const { offer, queue, rowOf } = setUp({ batch: { flush_timeout: '1h' } }, () => new Promise(() => {}));
    const request = offer(['a', 'b']);
    await queue.drain(0);
    expect(rowOf('A')).toMatchObject({ dropped: { shutdown: 2 }, waiting: 0, sending: 0 });
    expect(request.outcome()).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(queue.room.used).toEqual(NOTHING);
  });
});
