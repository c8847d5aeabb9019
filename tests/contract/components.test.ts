import { mkdtemp, readFile, rm, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../agent/collector/host.ts';
import { exporters } from '../../exporters/index.ts';
import { extensions } from '../../extensions/index.ts';
import { systemClock } from '../../pipeline/clock.ts';
import type {
  Admission,
  Component,
  Context,
  Exporter,
  Extension,
  Outcome,
  Processor,
  Receiver,
} from '../../pipeline/component.ts';
import { deliveryOf } from '../../pipeline/delivery.ts';
import { buildGraph } from '../../pipeline/graph.ts';
import type { Delivery, Instance, Plan } from '../../pipeline/plan.ts';
import { SIGNALS } from '../../pipeline/signal.ts';
import { processors } from '../../processors/index.ts';
import { receivers } from '../../receivers/index.ts';
import { quietContext } from '../support/contexts.ts';
import { attributeOf } from '../support/items.ts';
import { expectBalance, sumOf } from '../support/ledger.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { GrpcSink } from '../support/grpc-sink.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { scopedBatch } from '../support/scoped-batches.ts';
import {
  exporterOf,
  idsOf,
  pipelineOf,
  planOf,
  receiverOf,
  requestOf,
  ScriptedExporter,
  ScriptedReceiver,
} from '../support/scripted.ts';
import { itemsOf } from '../support/items.ts';
import { decode } from '../support/reference/otlp.ts';

/** The least each component needs to run in a test; a new component has to be given its line. */
const CONFIGS: Readonly<Record<string, (folder: string, sink: string) => unknown>> = {
  'receiver otlp': () => ({ protocols: { http: { endpoint: '127.0.0.1:0' } } }),
  'receiver master_perf': () => undefined,
  'admission memory_limiter': () => undefined,
  'scope scope': () => undefined,
  'processor sanitize': () => undefined,
  'processor resource': () => ({ attributes: [{ key: 'zone', value: 'z1', action: 'upsert' }] }),
  'processor filter': () => ({
    traces: { span: ['attributes["id"] == nil'], spanevent: ['name == "none"'] },
    metric_conditions: ['datapoint.attributes["id"] == "none" or metric.name == "none"'],
    logs: { log_record: ['IsMatch(attributes["id"], "none")'] },
  }),
  'processor attributes': () => ({
    actions: [
      { key: 'id', from_attribute: 'id', action: 'upsert' },
      { key: 'copy', from_attribute: 'id', action: 'insert' },
    ],
  }),
  'processor batch': () => ({ timeout: '20ms', send_batch_size: 30, send_batch_max_size: 40 }),
  'exporter otlp_http': (_, sink) => ({ endpoint: sink, retry_on_failure: RETRY }),
  'exporter otlp': () => ({ endpoint: `http://${grpcSink.endpoint}`, retry_on_failure: RETRY }),
  'exporter debug': (folder) => ({ output_paths: [join(folder, 'debug.txt')], sending_queue: { on_full: 'refuse' } }),
  'exporter live': () => ({ sending_queue: { on_full: 'refuse' } }),
  'exporter file': (folder) => ({ path: join(folder, 'out.jsonl'), retry_on_failure: RETRY }),
  'exporter windows': () => ({ sending_queue: { on_full: 'refuse' }, retry_on_failure: RETRY }),
  'extension health_check': () => ({ endpoint: '127.0.0.1:0' }),
  'extension audit': () => undefined,
  'extension dashboard': () => ({ endpoint: '127.0.0.1:0' }),
};
const RETRY = { initial_interval: '5ms', max_interval: '20ms', max_elapsed_time: 0 };

type Any = Component<never, unknown>;
const listed = [...receivers, ...processors, ...exporters, ...extensions] as unknown as readonly (Component & Any)[];
const keyOf = ({ kind, type }: Component): string => `${kind} ${type}`;
const makes = listed.filter(({ load }) => load !== undefined);

let folder: string;
let sink: OtlpSink;
let grpcSink: GrpcSink;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-contract-'));
  sink = await OtlpSink.start();
  grpcSink = await GrpcSink.start();
});
afterEach(async () => {
  grpcSink.close();
  await sink.close();
  await rm(folder, { recursive: true, force: true });
});

const context = (): Context => ({ ...quietContext(systemClock), host: createHost(folder) });
const configOf = (component: Component): unknown => component.config.parse(CONFIGS[keyOf(component)]!(folder, sink.url));

async function make<Made>(component: Component, use: Context = context()): Promise<Made> {
  return (await component.load!()).create(configOf(component) as never, use) as Made;
}

test('every listed component is tested here', () => {
  expect(Object.keys(CONFIGS).toSorted()).toEqual(listed.map(keyOf).toSorted());
});

describe.each(makes.map((component) => [keyOf(component), component] as const))('%s', (_, component) => {
  test('stops twice, and without a start', async () => {
    const never = await make<Partial<Receiver & Processor & Admission & Exporter & Extension>>(component);
    await never.stop?.(0);
    await never.stop?.(0);
    const part = await make<typeof never>(component);
    if (component.kind === 'receiver') {
      const receiver = new ScriptedReceiver();
      const graph = await buildGraph(
        planOf({
          receivers: [receiverOf('scripted', receiver)],
          exporters: [exporterOf('e', new ScriptedExporter())],
          pipelines: [pipelineOf('logs', { exporters: ['e'] })],
        }),
        createHost(folder),
        context(),
      );
      await graph.start();
      await part.start?.(receiver.intake as never, undefined as never);
      await graph.stop(0);
    } else await part.start?.((() => {}) as never, (() => {}) as never);
    await part.stop?.(100);
    await part.stop?.(100);
  });
});

describe.each(exporters.map((component) => [component.type, component as unknown as Component] as const))(
  'exporter %s',
  (_, component) => {
    test.each(SIGNALS)('takes %s, and settles whatever it is given', async (signal) => {
      const exporter = await make<Exporter>(component);
      await exporter.start();
      const bytes = requestOf(signal, ['i0', 'i1']);
      expect(await exporter.send(scopedBatch(signal, [bytes], 2), new AbortController().signal)).toMatchObject({ ok: true });
      expect(
        await exporter.send(scopedBatch(signal, [bytes.subarray(0, 9), bytes.subarray(9)], 2), new AbortController().signal),
      ).toMatchObject({ ok: true });
      const aborted = await exporter.send(scopedBatch(signal, [bytes], 2), AbortSignal.abort());
      expect(typeof aborted.ok).toBe('boolean');
      await exporter.stop(100);
      const late = await exporter.send(scopedBatch(signal, [bytes], 2), new AbortController().signal);
      expect(typeof late.ok).toBe('boolean');
    });
  },
);

const later: Outcome = { ok: false, code: 'UNAVAILABLE', retryable: true, message: 'not now' };
const never: Outcome = { ok: false, code: 'DESTINATION_REFUSED', retryable: false, message: 'never' };
const NEIGHBOURS: Readonly<Record<string, (attempt: number) => Outcome>> = {
  'never fails': () => ({ ok: true }),
  'sometimes fails for now': (attempt) => (attempt % 3 === 0 ? later : { ok: true }),
  'sometimes fails for good': (attempt) => (attempt % 3 === 0 ? never : { ok: true }),
  'always fails for now': () => later,
  'always fails for good': () => never,
};
const ids = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, n) => `${prefix}.${n}`);

describe.each(
  processors
    .filter(({ kind }) => kind === 'processor')
    .map((component) => [component.type, component as unknown as Component] as const),
)('processor %s', (_, component) => {
  test.each(Object.entries(NEIGHBOURS))('loses and doubles nothing before a destination that %s', async (_name, answer) => {
    const clock = new ManualClock();
    const exporter = new ScriptedExporter();
    const tried: string[] = [];
    exporter.answer = async (batch) => {
      tried.push(...idsOf(batch));
      return answer(exporter.attempts);
    };
    const receiver = new ScriptedReceiver();
    const instance = { id: component.type, component, config: configOf(component) } as unknown as Instance<'processor'>;
    const plan = planOf({
      receivers: [receiverOf('scripted', receiver)],
      processors: [instance],
      exporters: [exporterOf('e', exporter, { retry_on_failure: { ...RETRY, max_elapsed_time: '500ms' } })],
      pipelines: SIGNALS.map((signal) => pipelineOf(signal, { processors: [component.type], exporters: ['e'] })),
    });
    const graph = await buildGraph(plan, createHost(folder), { clock, random: Math.random, log: quietContext().log });
    await graph.start();
    const sent: string[] = [];
    for (let n = 0; n < 60; n++) {
      const request = ids(1 + (n % 25), String(n));
      expect(await receiver.send(SIGNALS[n % 3]!, request, n % 2 === 0 ? 'A' : 'B')).toEqual({ ok: true });
      sent.push(...request);
      if (n % 5 === 0) await clock.advance(7);
      await settle();
      expectBalance(graph.ledger(), plan);
    }
    await clock.until(graph.stop(5000));
    const ledger = graph.ledger();
    expectBalance(ledger, plan);
    expect([...new Set(tried)].toSorted()).toEqual(sent.toSorted());
    expect(exporter.delivered).toHaveLength(new Set(exporter.delivered).size);
    const total = (of: (row: (typeof ledger.exporters)[number]) => number): number =>
      ledger.exporters.reduce((sum, row) => sum + of(row), 0);
    expect(total((row) => row.exported)).toBe(exporter.delivered.length);
    expect(total((row) => row.exported + row.refused + sumOf(row.dropped))).toBe(sent.length);
    expect(total((row) => row.inFlight)).toBe(0);
  });
});

describe('real receiver, processors and exporters together', () => {
  test.each([
    ['never', () => false],
    ['one time in three', (attempt: number) => attempt % 3 === 0],
  ] as const)('lose and double nothing when the destination fails %s', async (_, fails) => {
    let attempts = 0;
    const taken = new Set<number>();
    const failing = await OtlpSink.start((_request, index) => {
      if (fails(++attempts)) return { status: 503 };
      taken.add(index);
      return {};
    });
    try {
      const host = createHost(folder);
      const instance = (component: Component, config = configOf(component)): Instance => ({
        id: component.type,
        component: component as Instance['component'],
        config,
      });
      const outs = exporters.map((component) => {
        const made = instance(
          component as unknown as Component,
          component.config.parse(CONFIGS[`exporter ${component.type}`]!(folder, failing.url)),
        );
        return { ...made, delivery: deliveryOf(made.config as Delivery) } as Plan['exporters'][number];
      });
      const plan = planOf({
        receivers: receivers.map((component) => instance(component as unknown as Component)) as Plan['receivers'],
        processors: processors.map((component) => instance(component as unknown as Component)) as Plan['processors'],
        exporters: outs,
        pipelines: SIGNALS.map((signal) =>
          pipelineOf(signal, {
            receivers: ['otlp'],
            processors: processors.map(({ type }) => type),
            exporters: outs.map(({ id }) => id),
          }),
        ),
      });
      const graph = await buildGraph(plan, host, { clock: systemClock, random: Math.random, log: quietContext().log });
      await graph.start();
      const { url } = host.listeners[0]!.listener;
      const sent: string[] = [];
      for (let n = 0; n < 60; n++) {
        const request = ids(1 + (n % 25), String(n));
        sent.push(...request);
        const signal = SIGNALS[n % 3]!;
        const answer = await fetch(`${url}/v1/${signal}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf' },
          body: requestOf(signal, request) as Uint8Array<ArrayBuffer>,
        });
        expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, 0]);
        expectBalance(graph.ledger(), plan);
      }
      await graph.stop(10_000);
      const ledger = graph.ledger();
      expectBalance(ledger, plan);
      for (const { id } of outs) {
        const rows = ledger.exporters.filter((row) => row.exporter === id);
        expect(
          rows.reduce((sum, row) => sum + row.exported, 0),
          id,
        ).toBe(sent.length);
      }
      const arrived = failing.requests.flatMap((each, index) =>
        taken.has(index) ? itemsOf(each.signal!, decode(each.signal!, each.body)) : [],
      );
      expect(arrived.map(({ item }) => attributeOf(item, 'id')).toSorted()).toEqual(sent.toSorted());
      expect((await writtenIds()).toSorted()).toEqual(sent.toSorted());
    } finally {
      await failing.close();
    }
  });

  /** Ids in the lines of the file exporter. */
  async function writtenIds(): Promise<string[]> {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    return [...texts.join('').matchAll(/"key":"id","value":\{"stringValue":"([^"]+)"\}/g)].map((match) => match[1]!);
  }
});
