import { startGraph as start } from '../support/started-graph.ts';
import { describe, expect, test } from 'vitest';
import { createHost } from '../../agent/collector/host.ts';
import { define, type Admission, type Extension } from '../../pipeline/component.ts';
import { StartError } from '../../pipeline/errors.ts';
import { buildGraph } from '../../pipeline/graph.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Instance } from '../../pipeline/plan.ts';
import { BatchProcessor } from '../../processors/batch/batch.ts';
import { config as batchConfig } from '../../processors/batch/config.ts';
import { scope } from '../../processors/scope/index.ts';
import { z } from 'zod';
import { quietContext } from '../support/contexts.ts';
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
  planOf,
  processorOf,
  receiverOf,
  requestOf,
  ScriptedExporter,
  ScriptedReceiver,
} from '../support/scripted.ts';

describe('scopes', () => {
  test('an exporter with a list of scopes gets no other; items that nobody takes are counted', async () => {
    const [only, all] = [new ScriptedExporter(), new ScriptedExporter()];
    const { graph, plan, receiver, lines } = await start({
      exporters: [exporterOf('only', only, { scopes: ['A'] }), exporterOf('all', all)],
      pipelines: [pipelineOf('logs', { exporters: ['only', 'all'] }), pipelineOf('traces', { exporters: ['only'] })],
    });
    for (const name of ['A', 'B']) await receiver.send('logs', ids(2, name), name);
    expect(await receiver.send('traces', ids(4), 'B')).toEqual({ ok: true });
    await settle();
    expect(only.delivered).toEqual(['A0', 'A1']);
    expect(all.delivered).toEqual(['A0', 'A1', 'B0', 'B1']);
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().pipelines.find((row) => row.signal === 'traces')).toMatchObject({
      accepted: 4,
      dropped: { no_destination: 4 },
    });
    expect(lines.map((line) => line.message)).toContain(
      'cannot deliver traces of B: no exporter of pipeline traces takes that scope',
    );
  });

  test('what the scope stage cuts out is counted, told, and reported once', async () => {
    const { graph, plan, receiver, lines } = await start({
      exporters: [exporterOf('e', new ScriptedExporter())],
      pipelines: [pipelineOf('logs', { exporters: ['e'] })],
    });
    const claiming = Buffer.concat([requestOf('logs', ids(2)), await claimed('B', 3)]);
    const outcome = await receiver.sendBytes('logs', claiming, 'A');
    expect(outcome).toMatchObject({ ok: true, rejected: [{ reason: 'scope_mismatch', items: 3 }] });
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().receivers).toEqual([
      { receiver: 'scripted', scope: 'A', signal: 'logs', received: 5, accepted: 2, rejected: { scope_mismatch: 3 } },
    ]);
    expect(lines.filter((line) => line.message.startsWith('SCOPE_VIOLATION'))).toHaveLength(1);
  });

  test('one scope more than can be counted is refused, and counted under no name of its own', async () => {
    const { graph, plan, receiver } = await start({
      exporters: [exporterOf('e', new ScriptedExporter())],
      pipelines: [pipelineOf('logs', { exporters: ['e'] })],
    });
    for (let n = 0; n < LIMITS.scopes; n++) await receiver.send('logs', ['i'], `S${n}`);
    expect(await receiver.send('logs', ids(2), 'ONE-MORE')).toMatchObject({
      ok: true,
      rejected: [{ reason: 'scope_limit', items: 2 }],
    });
    expect(await receiver.send('logs', ids(2), 'S7')).toEqual({ ok: true });
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().receivers.map((row) => row.scope)).not.toContain('ONE-MORE');
  });

  async function claimed(scopeName: string, count: number): Promise<Uint8Array> {
    const { encode, logRecord, request } = await import('../support/build.ts');
    return encode(
      'logs',
      request('logs', [{ resource: { 'periscope.scope': scopeName }, items: ids(count, 'c').map((id) => logRecord({ id })) }]),
    );
  }
});

describe('components of a graph', () => {
  test('a processor that throws costs the batch it met, and is told', async () => {
    const exporter = new ScriptedExporter();
    const { graph, plan, receiver } = await start({
      processors: [processorOf('cursed', () => new LossyProcessor(0, 3))],
      exporters: [exporterOf('e', exporter)],
      pipelines: [pipelineOf('logs', { processors: ['cursed'], exporters: ['e'] })],
    });
    expect(await receiver.send('logs', ids(3), 'A')).toEqual({ ok: true });
    await receiver.send('logs', ids(2, 'fine'), 'A');
    await settle();
    expect(exporter.delivered).toEqual(['fine0', 'fine1']);
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().pipelines[0]).toMatchObject({ accepted: 5, dropped: { internal: 3 } });
    expect(graph.status().find((status) => status.id === 'cursed')).toMatchObject({
      state: 'failed',
      message: 'cannot process logs in cursed: this batch is cursed',
    });
  });

  test('a receiver and an exporter are made once, a processor once per pipeline', async () => {
    let processors = 0;
    const exporter = new ScriptedExporter();
    const { receiver, graph } = await start({
      processors: [processorOf('p', () => (processors++, new LossyProcessor(0)))],
      exporters: [exporterOf('e', exporter), exporterOf('unused', new ScriptedExporter())],
      pipelines: [
        pipelineOf('logs', { processors: ['p'], exporters: ['e'] }),
        pipelineOf('traces', { processors: ['p'], exporters: ['e'] }),
      ],
    });
    expect(processors).toBe(2);
    expect(exporter.starts).toBe(1);
    expect(receiver.intake!.inspection('metrics')).toBeUndefined();
    expect(graph.status().map((status) => status.id)).toEqual(['scripted', 'p', 'e']);
  });

  test('a processor is listed once, as well as the worst of its instances', async () => {
    const { receiver, graph } = await start({
      processors: [processorOf('cursed', () => new LossyProcessor(0, 3))],
      exporters: [exporterOf('e', new ScriptedExporter())],
      pipelines: ['traces', 'logs', 'metrics'].map((id) => pipelineOf(id, { processors: ['cursed'], exporters: ['e'] })),
    });
    await receiver.send('logs', ids(3), 'A');
    expect(graph.status().filter((status) => status.kind === 'processor')).toEqual([
      { id: 'cursed', kind: 'processor', state: 'failed', message: 'cannot process logs in cursed: this batch is cursed' },
    ]);
  });

  test('what processors look for is merged, the strictest first', async () => {
    const table = (...forbidden: number[]): Uint8Array =>
      Uint8Array.from({ length: 256 }, (_, byte) => (forbidden.includes(byte) ? 0 : 1));
    const asking = (id: string, byte: number, mendsText: boolean, bodyBytesMax: number): Instance<'processor'> =>
      processorOf(id, () => ({
        process: (batch, emit) => emit(batch),
        inspection: {
          mendsText,
          attributes: {
            keyBytes: table(byte),
            valueBytes: table(byte),
            keyBytesMax: byte,
            valueBytesMax: 100,
            bodyBytes: table(),
            bodyBytesMax,
            nested: byte === 1,
            countMax: byte,
            scalars: false,
          },
        },
      }));
    const { receiver } = await start({
      processors: [asking('one', 1, true, 0), asking('two', 2, true, 50)],
      exporters: [exporterOf('e', new ScriptedExporter())],
      pipelines: [
        pipelineOf('logs/a', { processors: ['one'], exporters: ['e'] }),
        pipelineOf('logs/b', { processors: ['two'], exporters: ['e'] }),
        pipelineOf('traces/a', { processors: ['one'], exporters: ['e'] }),
        pipelineOf('traces/b', { exporters: ['e'] }),
      ],
    });
    expect(receiver.intake!.inspection('logs')).toEqual({
      claimKeys: ['periscope.scope', 'dashboard.scope'].map((key) => new TextEncoder().encode(key)),
      mendsText: true,
      keepsMatches: false,
      attributes: {
        keyBytes: table(1, 2),
        valueBytes: table(1, 2),
        keyBytesMax: 1,
        valueBytesMax: 100,
        bodyBytes: table(),
        bodyBytesMax: 50,
        nested: true,
        countMax: 1,
        scalars: false,
      },
    });
    expect(receiver.intake!.inspection('traces')).toMatchObject({ mendsText: false, attributes: { keyBytesMax: 1 } });
  });

  test('what senders found in compressing is kept where an exporter behind the receiver uses it, and nowhere else', async () => {
    class Compressing extends ScriptedExporter {
      readonly reusesMatches = true;
    }
    const { receiver } = await start({
      exporters: [exporterOf('plain', new ScriptedExporter()), exporterOf('gzip', new Compressing())],
      pipelines: [
        pipelineOf('logs', { exporters: ['plain'] }),
        pipelineOf('logs/two', { exporters: ['plain', 'gzip'] }),
        pipelineOf('traces', { exporters: ['plain'] }),
      ],
    });
    expect(receiver.intake!.inspection('logs')).toMatchObject({ keepsMatches: true });
    expect(receiver.intake!.inspection('traces')).toMatchObject({ keepsMatches: false });
  });

  test('memory_limiter and scope belong to the receiver, one limiter per id', async () => {
    const held: number[] = [];
    const admission: Admission = {
      start: () => {},
      stop: () => {},
      admit: (bytes) =>
        bytes >= 1_000_000 ? { ok: false, code: 'MEMORY_LIMIT', retryable: true, message: 'no' } : void held.push(bytes),
      release: (bytes) => void held.push(-bytes),
    };
    let made = 0;
    const signals = { logs: 'stable', traces: 'stable' } as const;
    const limiter: Instance<'admission'> = {
      id: 'memory_limiter',
      config: {},
      component: define({
        kind: 'admission',
        type: 'memory_limiter',
        summary: '',
        signals,
        config: z.any(),
        load: async () => ({ create: () => (made++, admission) }),
      }),
    };
    const stage: Instance<'scope'> = {
      id: 'scope',
      config: { keys: ['tenant'], on_missing: 'reject' },
      component: scope as Instance<'scope'>['component'],
    };
    const processors = ['memory_limiter', 'scope'];
    const { receiver, graph } = await start({
      processors: [limiter, stage],
      exporters: [exporterOf('e', new ScriptedExporter())],
      pipelines: [pipelineOf('logs', { processors, exporters: ['e'] }), pipelineOf('traces', { processors, exporters: ['e'] })],
    });
    expect(made).toBe(1);
    expect(receiver.intake!.admit(1_000_000)).toMatchObject({ code: 'MEMORY_LIMIT' });
    expect(receiver.intake!.admit(5)).toBeUndefined();
    receiver.intake!.release(5);
    expect(held).toEqual([5, -5]);
    expect(await receiver.send('logs', ids(2), 'A')).toMatchObject({
      ok: true,
      rejected: [{ reason: 'scope_missing', items: 2 }],
    });
    await graph.stop(0);
    expect(receiver.intake!.admit(5)).toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});

describe('start and stop', () => {
  test('everything starts before the receivers, and stops after them', async () => {
    const order: string[] = [];
    const noted = <Part extends { start(...given: never[]): Promise<void>; stop(...given: never[]): Promise<void> }>(
      name: string,
      part: Part,
    ): Part => {
      const { start: begin, stop: end } = part;
      part.start = (...given) => (order.push(`start ${name}`), begin.apply(part, given));
      part.stop = (...given) => (order.push(`stop ${name}`), end.apply(part, given));
      return part;
    };
    const extension: Extension = { start: async () => {}, stop: async () => {} };
    const instance: Instance<'extension'> = {
      id: 'x',
      config: {},
      component: define({
        kind: 'extension',
        type: 'x',
        summary: '',
        signals: {},
        config: z.any(),
        load: async () => ({ create: () => noted('extension', extension) }),
      }),
    };
    const clock = new ManualClock();
    const plan = planOf({
      receivers: [receiverOf('scripted', noted('receiver', new ScriptedReceiver()))],
      exporters: [exporterOf('e', noted('exporter', new ScriptedExporter()))],
      extensions: [instance],
      pipelines: [pipelineOf('logs', { exporters: ['e'] })],
    });
    const graph = await buildGraph(plan, createHost(), { clock, random: Math.random, log: quietContext().log });
    expect(graph.status().map((status) => status.state)).toEqual(['starting', 'starting', 'starting']);
    await graph.start();
    expect(graph.status().map((status) => status.state)).toEqual(['ok', 'ok', 'ok']);
    await clock.until(graph.stop(1000));
    await graph.stop(1000);
    expect(order).toEqual([
      'start extension',
      'start exporter',
      'start receiver',
      'stop receiver',
      'stop exporter',
      'stop extension',
    ]);
    expect(graph.status().map((status) => status.state)).toEqual(['stopped', 'stopped', 'stopped']);
  });

  test('a component that cannot start is what the start fails with, and stop still works', async () => {
    const exporter = new ScriptedExporter();
    exporter.start = () => Promise.reject(new StartError('cannot open out.jsonl: it is a directory'));
    const plan = planOf({
      receivers: [receiverOf('scripted', new ScriptedReceiver())],
      exporters: [exporterOf('e', exporter)],
      pipelines: [pipelineOf('logs', { exporters: ['e'] })],
    });
    const graph = await buildGraph(plan, createHost(), {
      clock: new ManualClock(),
      random: Math.random,
      log: quietContext().log,
    });
    await expect(graph.start()).rejects.toThrow('cannot open out.jsonl: it is a directory');
    await graph.stop(0);
    expect(exporter.stops).toBe(1);
  });

  test('stop sends waiting senders away, passes on what processors hold, and delivers it', async () => {
    const exporter = new ScriptedExporter();
    const stuck = new ScriptedExporter(open);
    const batches = new ManualClock();
    const { graph, plan, clock, receiver } = await start({
      processors: [processorOf('batch', () => batchOf(batches))],
      exporters: [exporterOf('e', exporter), exporterOf('stuck', stuck, full(3, { on_full: 'block' }))],
      pipelines: [
        pipelineOf('logs', { processors: ['batch'], exporters: ['e'] }),
        pipelineOf('traces', { exporters: ['stuck'] }),
      ],
    });
    await receiver.send('logs', ids(5), 'A');
    await receiver.send('traces', ids(3), 'A');
    const waiting = receiver.send('traces', ids(3), 'A');
    await clock.until(graph.stop(2000));
    expect(await waiting).toMatchObject({ code: 'SHUTTING_DOWN', retryable: true });
    expect(await receiver.send('logs', ids(1), 'A')).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(exporter.delivered).toEqual(ids(5));
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().exporters.map((row) => [row.exporter, row.exported, row.dropped, row.inFlight])).toEqual([
      ['e', 5, {}, 0],
      ['stuck', 0, { shutdown: 3 }, 0],
    ]);
    expect(batches.pending).toBe(0);
  });

  test('with one destination that refuses every third request, the ledger balances throughout and everything accepted arrives at both', async () => {
    const [steady, failing] = [new ScriptedExporter(), new ScriptedExporter()];
    failing.answer = async () => (failing.attempts % 3 === 0 ? later : { ok: true });
    const batches = new ManualClock();
    const { graph, plan, clock, receiver } = await start({
      processors: [
        processorOf(
          'batch',
          () => new BatchProcessor(batchConfig.parse({ send_batch_size: 100, send_batch_max_size: 120 }), batches),
        ),
      ],
      exporters: [exporterOf('steady', steady), exporterOf('failing', failing)],
      pipelines: [pipelineOf('logs', { processors: ['batch'], exporters: ['steady', 'failing'] })],
    });
    let busy = 0;
    for (let n = 0; n < 300; n++) {
      expect(await receiver.send('logs', ids(17, `${n}.`), n % 2 === 0 ? 'A' : 'B')).toEqual({ ok: true });
      await Promise.all([batches.advance(30), clock.advance(30)]);
      expectBalance(graph.ledger(), plan);
      if (graph.ledger().exporters.some((row) => row.inFlight > 0)) busy += 1;
    }
    expect(busy).toBeGreaterThan(100);
    await clock.until(graph.stop(10_000));
    expectBalance(graph.ledger(), plan);
    const sent = Array.from({ length: 300 }, (_, n) => ids(17, `${n}.`))
      .flat()
      .toSorted();
    expect(steady.delivered.toSorted()).toEqual(sent);
    expect(failing.delivered.toSorted()).toEqual(sent);
  });
});
