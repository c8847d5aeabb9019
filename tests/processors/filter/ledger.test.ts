import { expect, test } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { buildGraph } from '../../../pipeline/graph.ts';
import type { Instance } from '../../../pipeline/plan.ts';
import { create } from '../../../processors/filter/filter.ts';
import { filter } from '../../../processors/filter/index.ts';
import { encode, logRecord, request, span } from '../../support/build.ts';
import { quietContext } from '../../support/contexts.ts';
import { expectBalance } from '../../support/ledger.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { processed } from '../../support/processing.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';
import { exporterOf, pipelineOf, planOf, receiverOf, ScriptedExporter, ScriptedReceiver } from '../../support/scripted.ts';

test('what is dropped is in the ledger as filter, senders are not told, and a request of which nothing is left is answered', async () => {
  const clock = new ManualClock();
  const exporter = new ScriptedExporter();
  const receiver = new ScriptedReceiver();
  const config = filter.config.parse({ logs: { log_record: ['IsMatch(attributes["id"], "^drop")'] } });
  const plan = planOf({
    receivers: [receiverOf('scripted', receiver)],
    processors: [{ id: 'filter', component: filter, config } as unknown as Instance<'processor'>],
    exporters: [exporterOf('e', exporter)],
    pipelines: [pipelineOf('logs', { processors: ['filter'], exporters: ['e'] })],
    service: { ack: 'delivered', shutdownTimeoutMs: 1000 },
  });
  const graph = await buildGraph(plan, createHost(), { clock, random: Math.random, log: quietContext().log });
  await graph.start();
  for (const ids of [['keep.1', 'drop.1', 'drop.2'], ['drop.3', 'drop.4'], ['keep.2']]) {
    expect(await receiver.send('logs', ids, 'A')).toEqual({ ok: true });
    await settle();
    expectBalance(graph.ledger(), plan);
  }
  await clock.until(graph.stop(1000));
  expect(exporter.delivered).toEqual(['keep.1', 'keep.2']);
  expect(graph.ledger().pipelines.map(({ accepted, dropped }) => [accepted, dropped])).toEqual([[6, { filter: 4 }]]);
  expect(graph.ledger().exporters.map(({ routed, exported }) => [routed, exported])).toEqual([[2, 2]]);
});

test('what it has let go, items and span events, are deletions for the audit log', () => {
  const rules = { logs: { log_record: ['attributes["id"] == "x"'] }, traces: { spanevent: ['name == "drop"'] } };
  const processor = create(filter.config.parse(rules), quietContext());
  const records = [logRecord({ id: 'x' }), logRecord({ id: 'y' }), logRecord({ id: 'x' })];
  const logs = encode('logs', request('logs', [{ items: records }]));
  processed(processor, scopedBatch('logs', [logs], 3));
  expect(processor.mutations?.()).toEqual({ added: 0, modified: 0, deleted: 2 });
  const events = [{ name: 'drop' }, { name: 'keep' }, { name: 'drop' }];
  const spans = encode('traces', request('traces', [{ items: [span({}, { events }), span()] }]));
  processed(processor, scopedBatch('traces', [spans], 2));
  expect(processor.mutations?.()).toEqual({ added: 0, modified: 0, deleted: 4 });

  const failing = create(
    filter.config.parse({ error_mode: 'propagate', logs: { log_record: ['body["a"]["b"] == 1'] } }),
    quietContext(),
  );
  const { dropped } = processed(failing, scopedBatch('logs', [logs], 3));
  expect(dropped).toEqual({ filter_error: 3 });
  expect(failing.mutations?.()).toEqual({ added: 0, modified: 0, deleted: 3 });
});
