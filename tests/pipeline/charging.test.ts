import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../pipeline/audit.ts';
import type { Origin } from '../../pipeline/batch/batch.ts';
import type { Intake, Outcome, Refusal } from '../../pipeline/component.ts';
import { walk } from '../../pipeline/otlp/walk.ts';
import { buildGraph } from '../../pipeline/graph.ts';
import { quietContext } from '../support/contexts.ts';
import type { ScopeLimits } from '../../pipeline/scope-limits.ts';
import { encode, logRecord, request } from '../support/build.ts';
import { expectBalance } from '../support/ledger.ts';
import {
  exporterOf,
  full,
  ids,
  open,
  pipelineOf,
  receiverOf,
  ScriptedExporter,
  ScriptedReceiver,
  type DeliveryInput,
} from '../support/scripted.ts';
import { startGraph, type StartedGraph } from '../support/started-graph.ts';

type Limits = Readonly<Record<string, Partial<ScopeLimits>>>;

async function start(limits: Limits, input: DeliveryInput = {}, exporter = new ScriptedExporter()): Promise<StartedGraph> {
  const known = ['A', 'B', 'C'];
  return startGraph({
    exporters: [exporterOf('sink', exporter, input)],
    pipelines: [pipelineOf('logs', { exporters: ['sink'] })],
    scope: {
      binding: { allowed: known, fallback: undefined, from: 'fallback' },
      known,
      limits: new Map(Object.entries(limits).map(([scope, own]) => [scope, { burstMs: 1000, ...own }])),
    },
  });
}

const origin = (...allowed: string[]): Origin => ({
  receiver: 'scripted',
  transport: 'http',
  binding: { allowed, fallback: allowed.length === 1 ? allowed[0] : undefined, from: 'token' },
  user: 'agent-1',
});

/** One request with so many items of each scope, from head to answer, as a receiver brings it. */
async function send(intake: Intake, from: Origin, items: Readonly<Record<string, number>>): Promise<Outcome> {
  const early = intake.begin('logs', from);
  if (early !== undefined) return early;
  const groups = Object.entries(items).map(([scope, count]) => ({
    resource: { 'periscope.scope': scope },
    items: ids(count, scope).map((id) => logRecord({ id })),
  }));
  const walked = walk('logs', encode('logs', request('logs', groups)), intake.inspection('logs')!);
  if ('ok' in walked) throw new Error(walked.message);
  const outcome = await intake.next({ signal: 'logs', walk: walked, origin: from });
  intake.end(from);
  return outcome;
}

const row = ({ graph }: StartedGraph, scope: string) => graph.ledger().receivers.find((each) => each.scope === scope);

describe('a request over the limits of its scope', () => {
  test('is refused with 429 before its body is read, when the sender has one scope', async () => {
    const started = await start({ A: { itemsPerSecond: 10 } });
    const intake = started.receiver.intake!;
    expect(await send(intake, origin('A'), { A: 30 })).toEqual({ ok: true });
    expect(await send(intake, origin('A'), { A: 1 })).toEqual({
      ok: false,
      code: 'RATE_LIMITED',
      retryable: true,
      message: 'cannot accept logs of A: it is over its limit of 10 items a second; there is room again in 3 s',
      retryAfterMs: 2100,
    });
    expect(row(started, 'A')).toEqual({
      receiver: 'scripted',
      scope: 'A',
      signal: 'logs',
      received: 30,
      accepted: 30,
      rejected: {},
      unreadRequests: { rate_limited: 1 },
    });
    await started.clock.advance(2099);
    expect(await send(intake, origin('A'), { A: 1 })).toMatchObject({ retryAfterMs: 1 });
    await started.clock.advance(1);
    expect(await send(intake, origin('A'), { A: 1 })).toEqual({ ok: true });
    await started.graph.stop(0);
  });

  test('is answered late when the sender was told to wait and did not, and told what is left from then on', async () => {
    const started = await start({ A: { itemsPerSecond: 10 } });
    const intake = started.receiver.intake!;
    await send(intake, origin('A'), { A: 30 });
    expect(await send(intake, origin('A'), { A: 1 }), 'nobody had told it').not.toHaveProperty('holdMs');
    const early = intake.begin('logs', origin('A'));
    expect(early).toMatchObject({ code: 'RATE_LIMITED', holdMs: expect.any(Number) });
    const { holdMs, retryAfterMs } = early as Refusal;
    expect(holdMs! + retryAfterMs!).toBe(2100);
    const grpc: Origin = { ...origin('A'), transport: 'grpc' };
    expect(intake.begin('logs', grpc), 'over gRPC').not.toHaveProperty('holdMs');
    await started.clock.advance(2100);
    expect(intake.begin('logs', origin('A'))).toBeUndefined();
    await started.graph.stop(0);
  });

  test('that was let in while there was room, is refused after it was read, and its items are counted', async () => {
    const started = await start({ A: { itemsPerSecond: 10 } });
    const intake = started.receiver.intake!;
    const from = origin('A');
    expect(intake.begin('logs', from)).toBeUndefined();
    expect(await send(intake, from, { A: 10 })).toEqual({ ok: true });
    const walked = walk(
      'logs',
      encode('logs', request('logs', [{ items: [logRecord({ id: 'x' })] }])),
      intake.inspection('logs')!,
    );
    if ('ok' in walked) throw new Error(walked.message);
    expect(await intake.next({ signal: 'logs', walk: walked, origin: from })).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 100,
    });
    intake.end(from);
    expect(row(started, 'A')).toMatchObject({ received: 11, accepted: 10, rejected: { rate_limited: 1 } });
    expectBalance(started.graph.ledger(), started.plan);
    await started.graph.stop(0);
  });

  test('leaves other scopes alone', async () => {
    const started = await start({ A: { itemsPerSecond: 1, requestsPerSecond: 1, concurrentRequests: 1, bytesPerSecond: 1 } });
    const intake = started.receiver.intake!;
    for (let n = 0; n < 50; n++) {
      await send(intake, origin('A'), { A: 5 });
      expect(await send(intake, origin('B'), { B: 5 })).toEqual({ ok: true });
    }
    expect(row(started, 'A')).toMatchObject({ accepted: 5, unreadRequests: { rate_limited: 49 } });
    expect(row(started, 'B')).toMatchObject({ accepted: 250, rejected: {} });
    await started.graph.stop(0);
  });

  test('pays for what is cut out of it, too', async () => {
    const started = await start({ A: { itemsPerSecond: 10 } });
    const intake = started.receiver.intake!;
    expect(await send(intake, origin('A'), { B: 30 })).toMatchObject({
      ok: true,
      rejected: [{ reason: 'scope_mismatch', items: 30 }],
    });
    expect(await send(intake, origin('A'), { B: 30 })).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 2100 });
    await started.graph.stop(0);
  });

  test('is audited with who, whose and how much', async () => {
    const started = await start({ A: { itemsPerSecond: 10 }, B: { itemsPerSecond: 10 } });
    const events: AuditEvent[] = [];
    started.host.audit.keep({ active: true, record: (event) => void events.push(event), refusal: () => undefined });
    const intake = started.receiver.intake!;
    await send(intake, origin('A'), { A: 10 });
    await send(intake, origin('A'), { A: 10 });
    await send(intake, origin('A', 'B'), { A: 4, B: 5 });
    const told = { type: 'ERROR', severity: 'WARN', result: 'FAILURE', scope: 'A', user: 'agent-1', component: 'scripted' };
    expect(events).toEqual([
      expect.objectContaining({ ...told, action: 'rate_limited_unread' }),
      expect.objectContaining({ ...told, action: 'rate_limited', items: 4 }),
    ]);
    await started.graph.stop(0);
  });
});

describe('a request of several scopes', () => {
  test('what is over its limit is rejected as partial success, the rest is taken', async () => {
    const exporter = new ScriptedExporter();
    const started = await start({ A: { itemsPerSecond: 10 } }, {}, exporter);
    const intake = started.receiver.intake!;
    const from = origin('A', 'B');
    expect(await send(intake, from, { A: 10, B: 1 })).toEqual({ ok: true });
    expect(await send(intake, from, { A: 7, B: 2 })).toMatchObject({
      ok: true,
      rejected: [
        {
          reason: 'rate_limited',
          items: 7,
          message: 'cannot accept 7 log records of A: it is over its limit of 10 items a second; there is room again in 1 s',
        },
      ],
    });
    expect(row(started, 'A')).toMatchObject({ received: 17, accepted: 10, rejected: { rate_limited: 7 } });
    expect(row(started, 'B')).toMatchObject({ received: 3, accepted: 3, rejected: {} });
    await started.graph.stop(1000);
    expect(exporter.delivered.filter((id) => id.startsWith('A'))).toHaveLength(10);
    expectBalance(started.graph.ledger(), started.plan);
  });

  test('all of them over their limits: refused as a whole, with the longest wait, and nothing is charged', async () => {
    const started = await start({ A: { itemsPerSecond: 10 }, B: { itemsPerSecond: 1 } });
    const intake = started.receiver.intake!;
    const from = origin('A', 'B');
    await send(intake, from, { A: 10, B: 3 });
    for (let n = 0; n < 3; n++)
      expect(await send(intake, from, { A: 1, B: 1 })).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 3000 });
    expect(row(started, 'B')).toMatchObject({ received: 6, accepted: 3, rejected: { rate_limited: 3 } });
    await started.clock.advance(3000);
    expect(await send(intake, from, { A: 1, B: 1 })).toEqual({ ok: true });
    await started.graph.stop(0);
  });

  test('what it claims of others is charged to all scopes of its sender, but drives none deeper into debt', async () => {
    const started = await start({ A: { itemsPerSecond: 10 }, B: { itemsPerSecond: 100 } });
    const intake = started.receiver.intake!;
    for (let n = 0; n < 3; n++)
      expect(await send(intake, origin('A', 'B'), { C: 41 })).toMatchObject({ ok: true, rejected: [{ items: 41 }] });
    // 21 of ten once, 63 of a hundred.
    expect(await send(intake, origin('A'), { A: 1 })).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1200 });
    expect(await send(intake, origin('B'), { B: 38 })).toEqual({ ok: true });
    expect(await send(intake, origin('B'), { B: 1 })).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 20 });
    await started.graph.stop(0);
  });

  test('is one request of each of them, and under way for each until it is answered', async () => {
    const started = await start(
      { A: { concurrentRequests: 1 } },
      { sending_queue: { wait_for_result: true } },
      new ScriptedExporter(open),
    );
    const intake = started.receiver.intake!;
    void send(intake, origin('A', 'B'), { A: 1, B: 1 });
    expect(await send(intake, origin('A'), { A: 1 })).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1000 });
    await started.graph.stop(0);
  });
});

describe('what a request took of its limits', () => {
  test('comes back when it ends: a place of those under way', async () => {
    const started = await start({ A: { concurrentRequests: 1 } });
    const intake = started.receiver.intake!;
    for (let n = 0; n < 5; n++) expect(await send(intake, origin('A'), { A: 1 })).toEqual({ ok: true });
    for (let n = 0; n < 5; n++) expect(await send(intake, origin('A', 'B'), { A: 1 })).toEqual({ ok: true });
    await started.graph.stop(0);
  });

  test('comes back when a full queue refuses it: its items and bytes', async () => {
    const started = await start({ A: { itemsPerSecond: 100 } }, full(10), new ScriptedExporter(open));
    const intake = started.receiver.intake!;
    expect(await send(intake, origin('A'), { A: 10 })).toEqual({ ok: true });
    for (let n = 0; n < 50; n++) expect(await send(intake, origin('A'), { A: 10 })).toMatchObject({ code: 'QUEUE_FULL' });
    await started.graph.stop(0);
  });
});

test('limits go on over a reload', async () => {
  const started = await start({ A: { itemsPerSecond: 10, concurrentRequests: 5 } });
  const before = started.receiver.intake!;
  await send(before, origin('A'), { A: 30 });
  const receiver = new ScriptedReceiver();
  const { log } = quietContext(started.clock);
  const plan = { ...started.plan, receivers: [receiverOf('scripted', receiver)] };
  const graph = await buildGraph(plan, started.host, { clock: started.clock, random: () => 0.5, log }, started.graph);
  await graph.start();
  graph.takeOver();
  expect(await send(receiver.intake!, origin('A'), { A: 1 })).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 2100 });
  await started.graph.stop(0, graph);
  await graph.stop(0);
});

test('one scope that nobody takes the data of leaves room in the queue for the others', async () => {
  const started = await start({}, full(100, { scope_share: 0.5 }), new ScriptedExporter(open));
  const intake = started.receiver.intake!;
  let accepted = 0;
  for (let n = 0; n < 50; n++) accepted += (await send(intake, origin('A'), { A: 5 })).ok ? 5 : 0;
  expect(accepted).toBe(50);
  expect(await send(intake, origin('B'), { B: 20 })).toEqual({ ok: true });
  expect(await send(intake, origin('A'), { A: 5 })).toMatchObject({ code: 'QUEUE_FULL' });
  expect(await send(intake, origin('C'), { C: 20 })).toEqual({ ok: true });
  expectBalance(started.graph.ledger(), started.plan);
  await started.graph.stop(0);
});
