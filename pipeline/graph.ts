import { assert } from './assert.ts';
import { Chain, type NamedProcessor } from './chain.ts';
import type { Clock } from './clock.ts';
import type { Admission, Component, Context, Exporter, Extension, Processor, Receiver } from './component.ts';
import { FanOut } from './fanout.ts';
import type { Host } from './host.ts';
import { ReceiverIntake } from './intake.ts';
import { Ledger, type LedgerSnapshot } from './ledger.ts';
import type { Log } from './log.ts';
import type { Instance, PipelinePlan, Plan, ScopeStageConfig } from './plan.ts';
import { DeliveryQueue } from './queue.ts';
import { RunningGraph, type Parts } from './running-graph.ts';
import { ScopeLimiters } from './scope-limits.ts';
import { DEFAULT_SCOPE_STAGE } from './scope/stage.ts';
import type { Signal } from './signal.ts';
import type { ComponentStatus } from './status.ts';

export interface Graph {
  /** Extensions, exporters, processors, receivers, in this order. Rejects with the first StartError; then `stop`. */
  start(): Promise<void>;
  /** Receivers take no more, processors pass on what they hold, queues drain; what is left after `deadlineMs` from now
   *  is counted as dropped(shutdown). Safe twice and without `start`. */
  stop(deadlineMs: number): Promise<void>;
  ledger(): LedgerSnapshot;
  status(): readonly ComponentStatus[];
}

export interface GraphContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Makes every component of a plan and connects them; starts nothing. The plan is valid: what is wrong with it here is
 *  a bug of `config/`. */
export async function buildGraph(plan: Plan, host: Host, context: GraphContext): Promise<Graph> {
  return new Builder(plan, host, context).build();
}

class Builder {
  readonly #plan: Plan;
  readonly #host: Host;
  readonly #context: GraphContext;
  readonly #ledger = new Ledger();
  readonly #queues = new Map<string, { queue: DeliveryQueue; exporter: Exporter }>();
  readonly #admissions = new Map<string, Admission>();
  readonly #limiters: ScopeLimiters;

  constructor(plan: Plan, host: Host, context: GraphContext) {
    this.#plan = plan;
    this.#host = host;
    this.#context = context;
    this.#limiters = new ScopeLimiters(plan.scope.limits, context.clock.now());
  }

  async build(): Promise<Graph> {
    const { pipelines } = this.#plan;
    const exporters = this.#plan.exporters.filter(({ id }) => pipelines.some((pipeline) => pipeline.exporters.includes(id)));
    for (const instance of exporters) {
      const exporter: Exporter = await this.#make(instance);
      this.#queues.set(instance.id, {
        exporter,
        queue: new DeliveryQueue(instance.id, exporter, instance.delivery, { ...this.#context, audit: this.#host.audit }),
      });
    }
    const chains: Chain[] = [];
    for (const pipeline of pipelines) chains.push(await this.#chain(pipeline, chains));
    const receivers: Parts['receivers'][number][] = [];
    for (const instance of this.#plan.receivers) {
      const own = pipelines.filter((pipeline) => pipeline.receivers.includes(instance.id));
      if (own.length === 0) continue;
      const intake = await this.#intake(instance.id, own, chains);
      const receiver: Receiver = await this.#make(instance);
      receivers.push({ id: instance.id, receiver, intake });
    }
    const extensions: Parts['extensions'][number][] = [];
    for (const instance of this.#plan.extensions) {
      const extension: Extension = await this.#make(instance);
      extensions.push({ id: instance.id, extension });
    }
    const admissions = [...this.#admissions].map(([id, admission]) => ({ id, admission }));
    return new RunningGraph(
      { extensions, admissions, receivers, chains, exporters: [...this.#queues.values()] },
      this.#ledger,
      this.#context,
    );
  }

  async #make<Made>(instance: Instance): Promise<Made> {
    const { load, type } = instance.component as Component;
    assert(load !== undefined, `component ${type} makes nothing`);
    const module = await load();
    const context: Context = { ...this.#context, id: instance.id, host: this.#host };
    return module.create(instance.config, context) as Made;
  }

  #processor(id: string): Instance<'processor' | 'admission' | 'scope'> {
    const instance = this.#plan.processors.find((each) => each.id === id);
    assert(instance !== undefined, `pipeline names processor ${id}, which the plan has not`);
    return instance;
  }

  /** `earlier` is the list that this chain will be part of: queues ask all chains that feed them what they hold. */
  async #chain(pipeline: PipelinePlan, chains: readonly Chain[]): Promise<Chain> {
    const stages: NamedProcessor[] = [];
    for (const id of pipeline.processors) {
      const instance = this.#processor(id);
      if (instance.component.kind === 'processor') {
        const processor: Processor = await this.#make(instance);
        stages.push({ id, processor });
      } else assert(stages.length === 0, `${id} is not first in pipeline ${pipeline.id}`);
    }
    const destinations = pipeline.exporters.map((id) => {
      const queue = this.#queues.get(id)?.queue;
      assert(queue !== undefined, `pipeline names exporter ${id}, which the plan has not`);
      return { queue, rows: this.#ledger.exporter(id, (signal, scope) => this.#held(id, chains, signal, scope)) };
    });
    const fanOut = new FanOut(
      pipeline.signal,
      destinations,
      this.#ledger.pipeline(pipeline.id),
      this.#plan.service.ack === 'delivered',
    );
    return new Chain(pipeline.id, pipeline.signal, stages, fanOut, this.#context.log, this.#host.audit);
  }

  #held(exporter: string, chains: readonly Chain[], signal: Signal, scope: string): number {
    let items = 0;
    for (const { id, exporters } of this.#plan.pipelines) {
      const chain = exporters.includes(exporter) ? chains.find((each) => each.id === id) : undefined;
      if (chain?.signal === signal) items += chain.held(scope);
    }
    return items;
  }

  async #intake(receiver: string, pipelines: readonly PipelinePlan[], chains: readonly Chain[]): Promise<ReceiverIntake> {
    const admission = this.#agreed(receiver, pipelines, 'admission');
    const stage = this.#agreed(receiver, pipelines, 'scope');
    return new ReceiverIntake({
      receiver,
      binding: this.#plan.scope.binding,
      stage: stage === undefined ? DEFAULT_SCOPE_STAGE : (stage.config as ScopeStageConfig),
      admission: admission === undefined ? undefined : await this.#admission(admission),
      chains: chains.filter((chain) => pipelines.some((pipeline) => pipeline.id === chain.id)),
      limiters: this.#limiters,
      ledger: this.#ledger,
      clock: this.#context.clock,
      log: this.#context.log,
      audit: this.#host.audit,
    });
  }

  /** The entry of `kind` in the pipelines of one receiver: they agree, or have none. */
  #agreed(receiver: string, pipelines: readonly PipelinePlan[], kind: 'admission' | 'scope'): Instance | undefined {
    const entries = pipelines.map((pipeline) => pipeline.processors.filter((id) => this.#processor(id).component.kind === kind));
    const first = entries[0]?.[0];
    assert(
      entries.every((ids) => ids.length <= 1 && ids[0] === first),
      `the pipelines of ${receiver} disagree on their ${kind} entry`,
    );
    return first === undefined ? undefined : this.#processor(first);
  }

  /** One per id, whoever uses it: it watches the process. */
  async #admission(instance: Instance): Promise<Admission> {
    const known = this.#admissions.get(instance.id);
    if (known !== undefined) return known;
    const admission: Admission = await this.#make(instance);
    this.#admissions.set(instance.id, admission);
    return admission;
  }
}
