import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { define, type Admission, type Outcome, type Refusal } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Instance } from '../../pipeline/plan.ts';
import { BatchProcessor } from '../../processors/batch/batch.ts';
import { config as batchConfig } from '../../processors/batch/config.ts';
import { encode, logRecord, request } from '../support/build.ts';
import { expectBalance } from '../support/ledger.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import {
  batchOf,
  exporterOf,
  full,
  ids,
  later,
  LossyProcessor,
  open,
  pipelineOf,
  processorOf,
  ScriptedExporter,
  type DeliveryInput,
} from '../support/scripted.ts';
import { startGraph as start } from '../support/started-graph.ts';

/** A memory limiter that the test can look into. */
class ScriptedAdmission implements Admission {
  readonly admitted: number[] = [];
  heldBytes = 0;
  refusal: Refusal | undefined;
  start(): void {}
  stop(): void {}
  admit(bytes: number): Refusal | undefined {
    if (this.refusal !== undefined) return this.refusal;
    this.admitted.push(bytes);
    this.heldBytes += bytes;
    return undefined;
  }
  release(bytes: number): void {
    this.heldBytes -= bytes;
  }
  instance(): Instance<'admission'> {
    const component = define({
      kind: 'admission',
      type: 'scripted',
      summary: '',
      signals: {},
      config: z.any(),
      load: async () => ({ create: () => this }),
    });
    return { id: 'limiter', config: {}, component };
  }
}

const never: Outcome = { ok: false, code: 'DESTINATION_REFUSED', retryable: false, message: 'never' };

describe('the memory of a request', () => {
  test('is admitted as far as the walk and the scope stage have taken it, and not held once the pipelines have run', async () => {
    const limiter = new ScriptedAdmission();
    const exporter = new ScriptedExporter(open);
    const { receiver } = await start({
      processors: [limiter.instance()],
      exporters: [exporterOf('e', exporter)],
      pipelines: [pipelineOf('logs', { processors: ['limiter'], exporters: ['e'] })],
    });
    const claims = (count: number): Uint8Array => {
      const items = ids(count).map((id) => logRecord({ id, 'periscope.scope': 'A' }));
      return encode('logs', request('logs', [{ resource: {}, items }]));
    };
    const [few, many] = [claims(10), claims(10_000)];
    await receiver.sendBytes('logs', few, 'A');
    await receiver.sendBytes('logs', many, 'A');
    // A row of 32 bytes and an action of 16 for each claim, and the bytes once more.
    expect(limiter.admitted[1]).toBeGreaterThan(10_000 * 48 + many.length);
    expect(limiter.admitted[1]).toBeLessThan(2 * (10_000 * 48 + many.length));
    expect(limiter.admitted[0]).toBeLessThan(4096 + few.length);
    expect(limiter.heldBytes).toBe(0);
  });

  test('that there is none for refuses the request, and counts its items', async () => {
    const limiter = new ScriptedAdmission();
    const exporter = new ScriptedExporter();
    const { graph, plan, receiver } = await start({
      processors: [limiter.instance()],
      exporters: [exporterOf('e', exporter)],
      pipelines: [pipelineOf('logs', { processors: ['limiter'], exporters: ['e'] })],
    });
    limiter.refusal = { ok: false, code: 'MEMORY_LIMIT', retryable: true, message: 'cannot take more data', retryAfterMs: 1000 };
    expect(await receiver.send('logs', ids(7), 'A')).toBe(limiter.refusal);
    limiter.refusal = undefined;
    expect(await receiver.send('logs', ids(3), 'A')).toEqual({ ok: true });
    await settle();
    expect(exporter.delivered).toHaveLength(3);
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().receivers[0]).toMatchObject({ received: 10, accepted: 3, rejected: { memory_limit: 7 } });
  });
});

describe('the room of all branches', () => {
  test('is taken before anything is queued: a full branch refuses, and no healthy one gets the data twice', async () => {
    const healthy = new ScriptedExporter();
    const { graph, plan, receiver } = await start({
      exporters: [exporterOf('healthy', healthy), exporterOf('full', new ScriptedExporter(open), full(10))],
      pipelines: [pipelineOf('logs', { exporters: ['healthy', 'full'] })],
    });
    expect(await receiver.send('logs', ids(10), 'A')).toEqual({ ok: true });
    expect(await receiver.send('logs', ids(5, 'late'), 'A')).toEqual({
      ok: false,
      code: 'QUEUE_FULL',
      retryable: true,
      message: 'cannot queue data for full: its queue is full',
      retryAfterMs: LIMITS.retryAfterMs,
    });
    expect(healthy.delivered).toEqual(ids(10));
    const ledger = graph.ledger();
    expectBalance(ledger, plan);
    expect(ledger.receivers).toEqual([
      { receiver: 'scripted', scope: 'A', signal: 'logs', received: 15, accepted: 10, rejected: { queue_full: 5 } },
    ]);
    expect(ledger.exporters.find((row) => row.exporter === 'full')).toMatchObject({ routed: 10, inFlight: 10, dropped: {} });
  });

  test('a branch set to drop lets new items go and counts them; the others get them', async () => {
    const healthy = new ScriptedExporter();
    const { graph, plan, receiver } = await start({
      exporters: [exporterOf('healthy', healthy), exporterOf('full', new ScriptedExporter(open), full(10, { on_full: 'drop' }))],
      pipelines: [pipelineOf('logs', { exporters: ['healthy', 'full'] })],
    });
    await receiver.send('logs', ids(10), 'A');
    expect(await receiver.send('logs', ids(5, 'late'), 'A')).toEqual({ ok: true });
    expect(healthy.delivered).toHaveLength(15);
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().exporters.find((row) => row.exporter === 'full')).toMatchObject({
      routed: 15,
      inFlight: 10,
      dropped: { queue_full: 5 },
      onFull: 'drop',
    });
    expect(graph.ledger().exporters.find((row) => row.exporter === 'healthy')).toMatchObject({ onFull: 'refuse' });
  });

  test('a branch set to block lets senders wait, and in when there is room, in their order', async () => {
    const answers: ((outcome: Outcome) => void)[] = [];
    const exporter = new ScriptedExporter(() => new Promise((resolve) => answers.push(resolve)));
    const { graph, plan, receiver } = await start({
      exporters: [exporterOf('slow', exporter, full(10, { on_full: 'block', num_consumers: 1 }))],
      pipelines: [pipelineOf('logs', { exporters: ['slow'] })],
    });
    const answered: string[] = [];
    const send = (name: string): void => void receiver.send('logs', ids(10, name), 'A').then(() => answered.push(name));
    for (const name of ['a', 'b', 'c']) send(name);
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      await settle();
      expect(answered).toEqual(expected);
      expectBalance(graph.ledger(), plan);
      answers.at(-1)!({ ok: true });
    }
    await settle();
    expect(exporter.delivered).toEqual([...ids(10, 'a'), ...ids(10, 'b'), ...ids(10, 'c')]);
  });

  test('senders that need room in several queues that block do not send each other in circles', async () => {
    const answers: ((outcome: Outcome) => void)[] = [];
    const slow = () => new ScriptedExporter(() => new Promise((resolve) => answers.push(resolve)));
    const input = full(10, { on_full: 'block', num_consumers: 1 });
    const { receiver } = await start({
      exporters: [exporterOf('x', slow(), input), exporterOf('y', slow(), input)],
      pipelines: [pipelineOf('logs', { exporters: ['x', 'y'] }), pipelineOf('traces', { exporters: ['y', 'x'] })],
    });
    const sent = Array.from({ length: 24 }, (_, n) => receiver.send(n % 2 === 0 ? 'logs' : 'traces', ids(10, `${n}.`), 'A'));
    let done = false;
    void Promise.all(sent).then(() => (done = true));
    for (let turn = 0; !done && turn < 200; turn++) {
      for (const answer of answers.splice(0)) answer({ ok: true });
      await settle();
    }
    expect(await Promise.all(sent)).toEqual(sent.map(() => ({ ok: true })));
  });

  test('is kept for items that wait in a processor, who count as in flight, and given back for those it lets go', async () => {
    const exporter = new ScriptedExporter(open);
    const batches = new ManualClock();
    const { graph, plan, clock, receiver } = await start({
      processors: [processorOf('lossy', () => new LossyProcessor(0.5)), processorOf('batch', () => batchOf(batches))],
      exporters: [exporterOf('e', exporter, full(10))],
      pipelines: [pipelineOf('logs', { processors: ['lossy', 'batch'], exporters: ['e'] })],
    });
    await receiver.send('logs', ids(10), 'A');
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().exporters[0]).toMatchObject({ routed: 5, inFlight: 5 });
    expect(graph.ledger().pipelines[0]).toMatchObject({ accepted: 10, dropped: { lossy: 5 } });
    expect(graph.status().find((status) => status.id === 'e')?.queue).toMatchObject({ items: 5, itemsMax: 10 });
    expect(await receiver.send('logs', ids(6, 'late'), 'A')).toMatchObject({ code: 'QUEUE_FULL' });
    expect(await receiver.send('logs', ids(5, 'fits'), 'A')).toEqual({ ok: true });
    await batches.advance(200);
    expect(graph.ledger().exporters[0]).toMatchObject({ routed: 8, inFlight: 8 });
    await clock.until(graph.stop(0));
    expectBalance(graph.ledger(), plan);
  });
});

describe('the answer to a sender', () => {
  const deliver = (answer: Outcome, ack: 'queued' | 'delivered', input: DeliveryInput = {}) => {
    const settled: ((outcome: Outcome) => void)[] = [];
    return { answer, ack, settled, exporter: new ScriptedExporter(() => new Promise((resolve) => settled.push(resolve))), input };
  };

  async function answerOf({
    answer,
    ack,
    settled,
    exporter,
    input,
  }: ReturnType<typeof deliver>): Promise<{ early: boolean; outcome: Outcome }> {
    const { receiver } = await start({
      exporters: [
        exporterOf('e', exporter, { retry_on_failure: { enabled: false }, ...input }),
        exporterOf('other', new ScriptedExporter()),
      ],
      pipelines: [pipelineOf('logs', { exporters: ['e', 'other'] })],
      service: { ack, shutdownTimeoutMs: 1000 },
    });
    const promise = receiver.send('logs', ids(3), 'A');
    let early = false;
    void promise.then(() => (early = true));
    await settle();
    const wasEarly = early;
    // What comes of it, such as its halves, is answered alike.
    exporter.answer = async () => answer;
    settled[0]!(answer);
    return { early: wasEarly, outcome: await promise };
  }

  test('queued: comes when all is queued, whatever becomes of it', async () => {
    expect(await answerOf(deliver(never, 'queued'))).toEqual({ early: true, outcome: { ok: true } });
  });

  test('delivered: comes when every destination has it', async () => {
    expect(await answerOf(deliver({ ok: true }, 'delivered'))).toEqual({ early: false, outcome: { ok: true } });
  });

  test('delivered: a permanent refusal is the answer', async () => {
    expect(await answerOf(deliver(never, 'delivered'))).toEqual({ early: false, outcome: never });
  });

  test('delivered: exhausted retries are an answer that may be retried', async () => {
    expect(await answerOf(deliver(later, 'delivered'))).toEqual({ early: false, outcome: later });
  });

  test.each([{ wait_for_result: true }, { enabled: false }])('waits for the one destination with %j', async (sending_queue) => {
    expect(await answerOf(deliver(never, 'queued', { sending_queue }))).toEqual({ early: false, outcome: never });
  });

  test('delivered: does not wait for a destination that may drop', async () => {
    expect(await answerOf(deliver(never, 'delivered', { sending_queue: { on_full: 'drop' } }))).toEqual({
      early: true,
      outcome: { ok: true },
    });
  });

  test('delivered: waits for each part that a batch is cut into, and for each pipeline', async () => {
    const batches = new ManualClock();
    const exporter = new ScriptedExporter(async (batch) => (batch.items === 1 ? never : { ok: true }));
    const world = await start({
      processors: [
        processorOf(
          'batch',
          () => new BatchProcessor(batchConfig.parse({ send_batch_size: 3, send_batch_max_size: 3, timeout: '1s' }), batches),
        ),
      ],
      exporters: [exporterOf('e', exporter), exporterOf('f', new ScriptedExporter())],
      pipelines: [pipelineOf('logs/a', { processors: ['batch'], exporters: ['e'] }), pipelineOf('logs/b', { exporters: ['f'] })],
      service: { ack: 'delivered', shutdownTimeoutMs: 1000 },
    });
    const promise = world.receiver.send('logs', ids(7), 'A');
    await batches.advance(999);
    expect(exporter.delivered).toHaveLength(6);
    await batches.advance(1);
    expect(await promise).toEqual(never);
  });

  test('tells what processors let go, as far as every pipeline did', async () => {
    const lossy = (id: string) => processorOf(id, () => new LossyProcessor(1));
    const one = await start({
      processors: [lossy('lossy')],
      exporters: [exporterOf('e', new ScriptedExporter())],
      pipelines: [pipelineOf('logs', { processors: ['lossy'], exporters: ['e'] })],
      service: { ack: 'delivered', shutdownTimeoutMs: 1000 },
    });
    expect(await one.receiver.send('logs', ids(3), 'A')).toEqual({
      ok: true,
      rejected: [{ reason: 'lossy', items: 3, message: '3 items let go' }],
    });
    const two = await start({
      processors: [lossy('lossy')],
      exporters: [exporterOf('e', new ScriptedExporter())],
      pipelines: [pipelineOf('logs/a', { processors: ['lossy'], exporters: ['e'] }), pipelineOf('logs/b', { exporters: ['e'] })],
    });
    expect(await two.receiver.send('logs', ids(3), 'A')).toEqual({ ok: true });
  });
});
