import { resolve } from 'node:path';
import { z } from 'zod';
import type { Sender } from '../../pipeline/batch/batch.ts';
import { split, type ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import {
  define,
  type Drop,
  type Emit,
  type Exporter,
  type Intake,
  type Outcome,
  type Processor,
  type Receiver,
} from '../../pipeline/component.ts';
import { deliveryFields, deliveryOf } from '../../pipeline/delivery.ts';
import { splitContent } from '../../pipeline/otlp/split.ts';
import { walk } from '../../pipeline/otlp/walk.ts';
import type { Delivery, Instance, PipelinePlan, Plan } from '../../pipeline/plan.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { BatchProcessor } from '../../processors/batch/batch.ts';
import { config as batchConfig } from '../../processors/batch/config.ts';
import { encode, gauge, logRecord, point, request, span } from './build.ts';
import { attributeOf, itemsOf } from './items.ts';
import type { ManualClock } from './manual-clock.ts';
import { decode } from './reference/otlp.ts';

/** Ids of the items of a batch, as an independent reader of its bytes sees them. */
export function idsOf(batch: ScopedBatch): string[] {
  return itemsOf(batch.signal, decode(batch.signal, batch.segments)).map(({ item }) => attributeOf(item, 'id') ?? '');
}

export function requestOf(signal: Signal, ids: readonly string[]): Uint8Array {
  const items = {
    metrics: () => [
      gauge(
        'g',
        ids.map((id) => point({ id })),
      ),
    ],
    traces: () => ids.map((id) => span({ id })),
    logs: () => ids.map((id) => logRecord({ id })),
  };
  return encode(signal, request(signal, [{ resource: { 'service.name': 'test' }, items: items[signal]() }]));
}

/** A receiver that the test itself feeds. */
export class ScriptedReceiver implements Receiver {
  intake: Intake | undefined;
  stops = 0;

  async start(intake: Intake): Promise<void> {
    this.intake = intake;
  }

  async stop(): Promise<void> {
    this.stops += 1;
  }

  async send(
    signal: Signal,
    ids: readonly string[],
    scope: string,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<Outcome> {
    return this.sendBytes(signal, requestOf(signal, ids), scope, metadata);
  }

  async sendBytes(
    signal: Signal,
    bytes: Uint8Array,
    scope: string,
    metadata?: Readonly<Record<string, string>>,
    sender?: Sender,
  ): Promise<Outcome> {
    const inspection = this.intake!.inspection(signal);
    if (inspection === undefined) throw new Error(`no pipeline takes ${signal}`);
    const walked = walk(signal, bytes, inspection);
    if ('ok' in walked) return walked;
    const binding = { allowed: [scope], fallback: scope, from: 'listener' } as const;
    return this.intake!.next({
      signal,
      walk: walked,
      origin: { receiver: 'scripted', transport: 'http', binding, ...(metadata && { metadata }), ...sender },
    });
  }
}

/** What happens to one attempt. */
export type Answer = (batch: ScopedBatch, signal: AbortSignal) => Promise<Outcome>;

export class ScriptedExporter implements Exporter {
  answer: Answer;
  starts = 0;
  stops = 0;
  /** Ids that it took for good, in order. */
  readonly delivered: string[] = [];
  readonly scopes = new Set<string>();
  attempts = 0;
  under = 0;
  mostUnder = 0;

  constructor(answer: Answer = async () => ({ ok: true })) {
    this.answer = answer;
  }

  async start(): Promise<void> {
    this.starts += 1;
  }

  send(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome> {
    this.attempts += 1;
    this.scopes.add(batch.scope);
    const promise = this.answer(batch, signal);
    this.under += 1;
    this.mostUnder = Math.max(this.mostUnder, this.under);
    return promise.then(
      (outcome) => {
        this.under -= 1;
        if (outcome.ok) this.delivered.push(...idsOf(batch));
        return outcome;
      },
      (error: unknown) => {
        this.under -= 1;
        throw error;
      },
    );
  }

  async stop(): Promise<void> {
    this.stops += 1;
  }
}

/** Lets the last `share` of the items of every batch go; throws at batches of `throwAt` items. */
export class LossyProcessor implements Processor {
  readonly #share: number;
  readonly #throwAt: number;

  constructor(share: number, throwAt = -1) {
    this.#share = share;
    this.#throwAt = throwAt;
  }

  process(batch: ScopedBatch, emit: Emit, drop: Drop): void {
    if (batch.items === this.#throwAt) throw new Error('this batch is cursed');
    const lost = Math.floor(batch.items * this.#share);
    if (lost === 0) return emit(batch);
    if (lost === batch.items) return drop(batch, lost, 'lossy', `${lost} items let go`);
    const [first, second, ...more] = split(batch, splitContent(batch.signal, batch.segments, batch.items - lost));
    emit(first!);
    for (const part of [second!, ...more]) drop(part, part.items, 'lossy');
  }
}

const anything = z.any();
const signals = { metrics: 'stable', traces: 'stable', logs: 'stable' } as const;

/** A configured component that makes the given object. */
export function receiverOf(id: string, receiver: Receiver): Instance<'receiver'> {
  return {
    id,
    config: {},
    component: define({
      kind: 'receiver',
      type: 'scripted',
      summary: '',
      signals,
      config: anything,
      load: async () => ({ create: () => receiver }),
    }),
  };
}

export function processorOf(id: string, make: () => Processor): Instance<'processor'> {
  return {
    id,
    config: {},
    component: define({
      kind: 'processor',
      type: 'scripted',
      summary: '',
      signals,
      config: anything,
      load: async () => ({ create: make }),
    }),
  };
}

/** As YAML gives it: collector keys, durations as text. */
export type DeliveryInput = z.input<z.ZodObject<typeof deliveryFields>>;

export function delivery(input: DeliveryInput = {}): Delivery {
  return deliveryOf(z.strictObject(deliveryFields).parse(input) as Delivery);
}

export function exporterOf(id: string, exporter: Exporter, input: DeliveryInput = {}): Plan['exporters'][number] {
  return {
    id,
    config: {},
    delivery: delivery(input),
    component: define({
      kind: 'exporter',
      type: 'scripted',
      summary: '',
      signals,
      config: anything,
      load: async () => ({ create: () => exporter }),
    }),
  };
}

export function pipelineOf(id: string, parts: Partial<PipelinePlan> & Pick<PipelinePlan, 'exporters'>): PipelinePlan {
  return { id, signal: id.split('/')[0] as Signal, receivers: ['scripted'], processors: [], ...parts };
}

export function planOf(parts: Partial<Plan> & Pick<Plan, 'receivers' | 'exporters' | 'pipelines'>): Plan {
  return {
    processors: [],
    extensions: [],
    service: { ack: 'queued', shutdownTimeoutMs: 10_000 },
    storage: { directory: resolve('.periscope') },
    scope: { binding: { allowed: ['global'], fallback: 'global', from: 'fallback' }, known: ['global'], limits: new Map() },
    ...parts,
  };
}

/** Answers of a destination: not now, and never any. */
export const later: Outcome = { ok: false, code: 'UNAVAILABLE', retryable: true, message: 'not now' };
export const open = (): Promise<Outcome> => new Promise(() => {});
export const ids = (count: number, prefix = 'i'): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** A batch processor with a clock of its own, so that moving it moves nothing else. */
export const batchOf = (clock: ManualClock): Processor => new BatchProcessor(batchConfig.parse({}), clock);

/** A queue that is full at `size` items. */
export const full = (size: number, more: DeliveryInput['sending_queue'] = {}): DeliveryInput => ({
  sending_queue: { queue_size: size, sizer: 'items', ...more },
  timeout: 0,
});
