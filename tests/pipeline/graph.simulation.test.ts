import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../pipeline/component.ts';
import { buildGraph, type Graph } from '../../pipeline/graph.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { Plan } from '../../pipeline/plan.ts';
import { BatchProcessor } from '../../processors/batch/batch.ts';
import { config as batchConfig } from '../../processors/batch/config.ts';
import { quietContext } from '../support/contexts.ts';
import { expectBalance, sumOf } from '../support/ledger.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import {
  exporterOf,
  LossyProcessor,
  pipelineOf,
  planOf,
  processorOf,
  receiverOf,
  ScriptedExporter,
  ScriptedReceiver,
  type Answer,
} from '../support/scripted.ts';

/** Numbers in [0, 1) that only depend on the seed. */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const refusal = (retryable: boolean, retryAfterMs?: number): Outcome => ({
  ok: false,
  code: retryable ? 'UNAVAILABLE' : 'DESTINATION_REFUSED',
  retryable,
  message: 'scripted',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** An exporter that does, by chance, everything an exporter may do and some things it may not. */
function moody(random: () => number, clock: ManualClock): Answer {
  const later = (outcome: Outcome): Promise<Outcome> =>
    new Promise((resolve) => clock.after(random() * 80, () => resolve(outcome)));
  return (batch, signal) => {
    const onAbort = (outcome: Outcome): Promise<Outcome> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(outcome), { once: true }));
    const moods: readonly (() => Promise<Outcome>)[] = [
      async () => ({ ok: true }),
      async () => ({ ok: true }),
      () => later({ ok: true }),
      () => later({ ok: true }),
      () =>
        later({
          ok: true,
          rejected: [{ reason: 'partial_success', items: Math.floor(random() * (batch.items + 3)), message: '' }],
        }),
      () => later(refusal(true)),
      async () => refusal(true, Math.floor(random() * 300)),
      () => later(refusal(false)),
      () => onAbort(refusal(true)),
      () => onAbort({ ok: true }),
      () => new Promise(() => {}),
      () => Promise.reject(new Error('scripted rejection')),
      () => {
        throw new Error('scripted throw');
      },
    ];
    return moods[Math.floor(random() * moods.length)]!();
  };
}

interface World {
  readonly plan: Plan;
  readonly graph: Graph;
  readonly clock: ManualClock;
  readonly receiver: ScriptedReceiver;
  readonly exporters: readonly ScriptedExporter[];
}

async function build(random: () => number, ack: 'queued' | 'delivered'): Promise<World> {
  const clock = new ManualClock();
  const pick = <Value>(...values: readonly Value[]): Value => values[Math.floor(random() * values.length)]!;
  const receiver = new ScriptedReceiver();
  const exporters = Array.from({ length: 3 }, () => new ScriptedExporter(moody(random, clock)));
  const batch = () => {
    const size = pick(1, 10, 30);
    return new BatchProcessor(
      batchConfig.parse({
        send_batch_size: size,
        send_batch_max_size: pick(0, size, size + 5),
        timeout: '50ms',
        metadata_keys: pick([], ['tenant']),
      }),
      clock,
    );
  };
  const options = () => ({
    sending_queue: {
      num_consumers: pick(1, 2, 4),
      queue_size: pick(20, 60, 400),
      sizer: 'items' as const,
      queue_bytes: pick(4000, 1_000_000),
      on_full: pick('refuse' as const, 'drop' as const, 'block' as const),
      wait_for_result: pick(false, false, true),
      batch: pick(
        undefined,
        { min_size: 20, flush_timeout: '70ms' },
        { min_size: 8, max_size: pick(8, 12), flush_timeout: '30ms', partition: { metadata_keys: pick([], ['Tenant']) } },
        { min_size: pick(0, 600), max_size: pick(600, 900), sizer: 'bytes' as const, flush_timeout: '30ms' },
      ),
    },
    retry_on_failure: {
      initial_interval: '20ms',
      max_interval: '200ms',
      max_elapsed_time: pick('0', '500ms'),
      enabled: pick(true, true, false),
    },
    timeout: pick('100ms', '40ms'),
  });
  const plan = planOf({
    receivers: [receiverOf('scripted', receiver)],
    processors: [
      processorOf('batch', batch),
      processorOf('lossy', () => new LossyProcessor(pick(0, 0.3), 7)),
      processorOf('late_lossy', () => new LossyProcessor(pick(0, 0.5, 1), 13)),
    ],
    exporters: [
      exporterOf('e0', exporters[0]!, options()),
      exporterOf('e1', exporters[1]!, { ...options(), scopes: ['A'] }),
      exporterOf('e2', exporters[2]!, options()),
    ],
    pipelines: [
      pipelineOf('logs/a', {
        processors: pick(['batch'], ['lossy', 'batch'], [], ['batch', 'late_lossy', 'batch']),
        exporters: ['e0', 'e1'],
      }),
      pipelineOf('logs/b', {
        processors: pick(['lossy'], ['batch'], ['lossy', 'batch']),
        exporters: pick(['e0', 'e2'], ['e2'], ['e1', 'e2']),
      }),
      pipelineOf('metrics', { processors: ['batch'], exporters: ['e0', 'e1', 'e2'] }),
    ],
    service: { ack, shutdownTimeoutMs: 1000 },
  });
  const { host, log } = quietContext(clock);
  return { plan, graph: await buildGraph(plan, host, { clock, random, log }), clock, receiver, exporters };
}

const inFlightOf = (ledger: LedgerSnapshot): number => ledger.exporters.reduce((sum, row) => sum + row.inFlight, 0);

async function simulate(seed: number, steps: number, ack: 'queued' | 'delivered'): Promise<void> {
  const random = seeded(seed);
  const { plan, graph, clock, receiver, exporters } = await build(random, ack);
  await graph.start();
  const answers: Promise<Outcome>[] = [];
  const check = async (): Promise<void> => {
    await settle();
    expectBalance(graph.ledger(), plan);
  };
  let nextId = 0;
  for (let step = 0; step < steps; step++) {
    if (random() < 0.6) {
      const ids = Array.from({ length: 1 + Math.floor(random() * 25) }, () => `i${nextId++}`);
      answers.push(
        receiver.send(random() < 0.7 ? 'logs' : 'metrics', ids, random() < 0.6 ? 'A' : 'B', {
          tenant: random() < 0.5 ? 'x' : 'y',
        }),
      );
    } else await clock.advance(random() * 60);
    await check();
  }
  await clock.until(graph.stop(1000));
  const outcomes = await Promise.all(answers);
  const ledger = graph.ledger();
  expectBalance(ledger, plan);
  expect(inFlightOf(ledger)).toBe(0);
  for (const status of graph.status())
    if (status.queue !== undefined) expect(status.queue, status.id).toMatchObject({ items: 0, bytes: 0 });
  const received = ledger.receivers.reduce((sum, row) => sum + row.received, 0);
  expect(received).toBe(nextId);
  expect(outcomes).toHaveLength(answers.length);
  exporters.forEach((exporter, at) => expectDelivered(exporter, `e${at}`, ledger, plan));
  expect([...exporters[1]!.scopes].filter((scope) => scope !== 'A')).toEqual([]);
  // Answers of attempts that were given up come now, and change nothing; nobody has left a timer behind.
  await clock.advance(2000);
  expect(graph.ledger()).toEqual(ledger);
  expect(clock.pending).toBe(0);
}

/** What the exporter says it took is what the ledger says, and no item came more often than pipelines feed it. */
function expectDelivered(exporter: ScriptedExporter, id: string, ledger: LedgerSnapshot, plan: Plan): void {
  const rows = ledger.exporters.filter((row) => row.exporter === id);
  const exported = rows.reduce((sum, row) => sum + row.exported, 0);
  const refused = rows.reduce((sum, row) => sum + row.refused, 0);
  expect(exporter.delivered.length, id).toBeGreaterThanOrEqual(exported);
  expect(exporter.delivered.length, id).toBeLessThanOrEqual(exported + refused);
  const feeds = Math.max(
    ...(['logs', 'metrics'] as const).map(
      (signal) => plan.pipelines.filter((each) => each.signal === signal && each.exporters.includes(id)).length,
    ),
  );
  const times = new Map<string, number>();
  for (const item of exporter.delivered) times.set(item, (times.get(item) ?? 0) + 1);
  expect(Math.max(0, ...times.values()), `${id} got an item too often`).toBeLessThanOrEqual(feeds);
  expect(exporter.mostUnder, id).toBeGreaterThanOrEqual(0);
  expect(rows.every((row) => sumOf(row.dropped) >= 0)).toBe(true);
}

describe('the runtime under every mood of its exporters', () => {
  test.each(['queued', 'delivered'] as const)(
    'with ack %s the ledger balances after every step, and nothing is in flight at the end',
    async (ack) => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 60 }), (seed, steps) => simulate(seed, steps, ack)),
        // A sender that nobody answers would hang here.
        { timeout: 20_000, numRuns: Number(process.env['PERISCOPE_RUNS'] ?? 60) },
      );
    },
  );
});
