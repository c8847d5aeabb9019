import type { Audit } from './audit.ts';
import type { Sender } from './batch/batch.ts';
import { letGo, type ScopedBatch } from './batch/scoped-batch.ts';
import type { Drop, Emit, MutationCounts, Processor, Rejection } from './component.ts';
import type { FanOut, Lane } from './fanout.ts';
import type { Log } from './log.ts';
import type { Signal } from './signal.ts';
import type { ComponentStats } from './stats.ts';
import type { ComponentStatus } from './status.ts';
import type { ProcessorTraffic } from './traffic.ts';

export interface NamedProcessor {
  readonly id: string;
  readonly processor: Processor;
  /** Counts what it takes and passes on; absent = nobody asks. */
  readonly traffic?: ProcessorTraffic;
}

const MUTATIONS = ['added', 'modified', 'deleted'] as const satisfies readonly (keyof MutationCounts)[];
const NO_MUTATIONS: MutationCounts = { added: 0, modified: 0, deleted: 0 };
const SEVERAL: Sender = { head: { remoteAddress: '*' } };

/** What one call of a processor has done with the batch it was given. */
interface Call {
  readonly batch: ScopedBatch;
  left: number;
  emitted: boolean;
}

/** One pipeline: its processors in order, then its fan-out. All of it runs synchronously. */
export class Chain {
  readonly id: string;
  readonly signal: Signal;
  readonly #stages: readonly NamedProcessor[];
  readonly #fanOut: FanOut;
  readonly #log: Log;
  readonly #audit: Audit | undefined;
  /** By stage: what the audit log knows of its changes. */
  readonly #mutations: MutationCounts[];
  readonly #emits: readonly Emit[];
  readonly #drop: Drop;
  readonly #broken = new Map<string, string>();
  #call: Call | undefined;
  #rejected: Rejection[] | undefined;
  #entering: ScopedBatch | undefined;
  #sender: Sender | undefined;

  constructor(id: string, signal: Signal, stages: readonly NamedProcessor[], fanOut: FanOut, log: Log, audit?: Audit) {
    this.id = id;
    this.signal = signal;
    this.#stages = stages;
    this.#fanOut = fanOut;
    this.#log = log;
    this.#audit = audit;
    this.#mutations = stages.map(() => NO_MUTATIONS);
    this.#drop = (batch, items, reason, message) => this.#dropped(batch, items, reason, message);
    this.#emits = stages.map(({ traffic }, stage) => (batch: ScopedBatch) => {
      if (traffic !== undefined) traffic.outgoing += batch.items;
      if (this.#call !== undefined) this.#call.emitted = true;
      this.#run(batch, stage + 1);
    });
  }

  get processors(): readonly Processor[] {
    return this.#stages.map((stage) => stage.processor);
  }

  get waits(): boolean {
    return this.#fanOut.waits;
  }

  /** As Exporter.reusesMatches, of any of its destinations. */
  get reusesMatches(): boolean {
    return this.#fanOut.reusesMatches;
  }

  lane(scope: string): Lane {
    return this.#fanOut.lane(scope);
  }

  start(): void {
    this.#stages.forEach(({ processor }, stage) => processor.start?.(this.#emits[stage]!, this.#drop));
  }

  /** Runs a batch of `sender` for which `lane` has room. Returns what processors let go of it at once, for the sender. */
  enter(batch: ScopedBatch, lane: Lane, sender?: Sender): readonly Rejection[] | undefined {
    lane.enter(batch);
    this.#entering = batch;
    this.#sender = sender;
    this.#rejected = undefined;
    this.#run(batch, 0);
    this.#entering = undefined;
    this.#sender = undefined;
    return this.#rejected;
  }

  /** Items of `scope` that processors hold. */
  held(scope: string): number {
    let items = 0;
    for (const { processor } of this.#stages) items += processor.held?.(scope) ?? 0;
    return items;
  }

  flush(): void {
    this.#stages.forEach(({ processor }, stage) => processor.flush?.(this.#emits[stage]!, this.#drop));
  }

  stop(): void {
    for (const { processor } of this.#stages) processor.stop?.();
  }

  status(): readonly ComponentStatus[] {
    return this.#stages.map(({ id }) => {
      const message = this.#broken.get(id);
      return message === undefined ? { id, kind: 'processor', state: 'ok' } : { id, kind: 'processor', state: 'failed', message };
    });
  }

  /** What its processors count by themselves. */
  stats(): readonly ComponentStats[] {
    return this.#stages.flatMap(({ id, processor }) => {
      const stats = processor.stats?.();
      return stats === undefined ? [] : [{ id, kind: 'processor', pipeline: this.id, stats }];
    });
  }

  #run(batch: ScopedBatch, stage: number): void {
    const next = this.#stages[stage];
    if (next === undefined) {
      this.#fanOut.route(batch);
      return;
    }
    if (next.traffic !== undefined) next.traffic.incoming += batch.items;
    const outer = this.#call;
    const call: Call = { batch, left: batch.items, emitted: false };
    this.#call = call;
    try {
      next.processor.process(batch, this.#emits[stage]!, this.#drop);
    } catch (error) {
      this.#failed(next.id, error, call);
    }
    this.#call = outer;
    if (this.#audit?.active === true) this.#auditMutations(this.#audit, next, stage, batch);
  }

  /** Tells what a processor has changed since the last time, and for whom. */
  #auditMutations(audit: Audit, { id, processor }: NamedProcessor, stage: number, batch: ScopedBatch): void {
    const now = processor.mutations?.();
    if (now === undefined) return;
    const before = this.#mutations[stage]!;
    this.#mutations[stage] = now;
    // Behind `batch` a change is no longer one sender's.
    const sender = this.#isOpen(batch) ? this.#sender : SEVERAL;
    for (const action of MUTATIONS) {
      const items = now[action] - before[action];
      if (items === 0) continue;
      const who = { scope: batch.scope, user: sender?.user, client: sender?.head?.remoteAddress, component: `${this.id} ${id}` };
      audit.record({ type: 'METRIC_MUTATION', severity: 'INFO', action, result: 'SUCCESS', ...who, items });
    }
  }

  #dropped(batch: ScopedBatch, items: number, reason: string, message?: string, clean = true): void {
    if (items === 0) return;
    this.#fanOut.lane(batch.scope).drop(items, reason);
    const call = this.#call?.batch === batch ? this.#call : undefined;
    if (call !== undefined) call.left -= items;
    // Nothing of it goes on, so nobody else will answer for its requests.
    if ((call?.left ?? batch.items - items) === 0) letGo(batch, { ok: true }, clean);
    if (message !== undefined && this.#isOpen(batch)) (this.#rejected ??= []).push({ reason, items, message });
  }

  /** Is it part of the request that is coming in now, and of no other: then its sender can still be told. */
  #isOpen(batch: ScopedBatch): boolean {
    const receipt = this.#entering?.receipts[0];
    return receipt !== undefined && batch.receipts.length === 1 && batch.receipts[0] === receipt;
  }

  /** A bug of a processor costs the batch that met it, and is told. */
  #failed(id: string, error: unknown, call: Call): void {
    const cause = error instanceof Error ? error.message : String(error);
    this.#broken.set(id, `cannot process ${this.signal} in ${id}: ${cause}`);
    this.#log.limited(`processor ${id}`, `cannot process ${this.signal} in ${id}: ${cause}`);
    const event = { type: 'ERROR', severity: 'ERROR', action: 'processor_failed', result: 'FAILURE' } as const;
    this.#audit?.record({ ...event, scope: call.batch.scope, component: id, items: call.left });
    if (!call.emitted && call.left > 0) this.#dropped(call.batch, call.left, 'internal', undefined, false);
  }
}
