import { isDeepStrictEqual } from 'node:util';
import { assert } from './assert.ts';
import { Chain, type NamedProcessor } from './chain.ts';
import type { Clock } from './clock.ts';
import type { Admission, Component, Context, Exporter, Extension, Processor, Receiver } from './component.ts';
import { FanOut } from './fanout.ts';
import type { Host } from './host.ts';
import { ReceiverIntake } from './intake.ts';
import { Ledger, type Held, type LedgerSnapshot } from './ledger.ts';
import type { Log } from './log.ts';
import type { Instance, PipelinePlan, Plan } from './plan.ts';
import { DeliveryQueue } from './queue.ts';
import { RunningGraph, type AdmissionPart, type ExporterPart, type ExtensionPart, type ReceiverPart } from './running-graph.ts';
import { ScopeLimiters } from './scope-limits.ts';
import { DEFAULT_SCOPE_STAGE, type ScopeStageConfig } from './scope/stage.ts';
import type { GraphStats, QueueShare } from './stats.ts';
import type { ComponentStatus } from './status.ts';

export interface Graph {
  /** Extensions, exporters, processors, receivers, in this order. Rejects with the first StartError; then `stop`. */
  start(): Promise<void>;
  /** Receivers take no more, processors pass on what they hold, queues drain; what is left after `deadlineMs` from now
   *  is counted as dropped(shutdown). Safe twice and without `start`. What `successor` has taken over runs on. */
  stop(deadlineMs: number, successor?: Graph): Promise<void>;
  /** Resolves when a stop has got so far that its processors hold nothing and it takes nothing in any more: what they
   *  held is in the queues, its own and those that its successor has taken over. */
  readonly flushed: Promise<void>;
  /** The graph this one was built to follow is being stopped: what was taken over from it is this one's now. */
  takeOver(): void;
  ledger(): LedgerSnapshot;
  status(): readonly ComponentStatus[];
  stats(): GraphStats;
  /** What a scope has of the queue of an exporter; undefined where none of this id is in the graph. */
  queueShare(exporter: string, scope: string): QueueShare | undefined;
}

export interface GraphContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Makes every component of a plan and connects them; starts nothing. The plan is valid: what is wrong with it here is
 * a bug of `config/`. With `before`, a graph that runs, exporters, extensions and admissions whose settings are the same
 * are taken over from it as they are, with all that they hold, and counters and limits go on. It runs on untouched until the
 * new one has started and `takeOver` is called; then it is stopped with the new one as its `successor`. With a Ledger
 * instead, the first graph of a process counts on in that.
 */
export async function buildGraph(plan: Plan, host: Host, context: GraphContext, before?: Graph | Ledger): Promise<Graph> {
  if (before instanceof Ledger) return new Builder(plan, host, context, undefined, before).build();
  assert(before === undefined || before instanceof RunningGraph, 'a graph follows one that was not built here');
  return new Builder(plan, host, context, before, before?.counters ?? new Ledger()).build();
}

class Builder {
  readonly #plan: Plan;
  readonly #host: Host;
  readonly #context: GraphContext;
  readonly #before: RunningGraph | undefined;
  readonly #ledger: Ledger;
  readonly #exporters = new Map<string, ExporterPart>();
  readonly #admissions = new Map<string, AdmissionPart>();
  readonly #limiters: ScopeLimiters;

  constructor(plan: Plan, host: Host, context: GraphContext, before: RunningGraph | undefined, ledger: Ledger) {
    this.#plan = plan;
    this.#host = host;
    this.#context = context;
    this.#before = before;
    this.#ledger = ledger;
    this.#limiters = new ScopeLimiters(plan.scope.limits, context.clock.now(), before?.parts.limiters);
  }

  async build(): Promise<Graph> {
    const { pipelines } = this.#plan;
    const chains: Chain[] = [];
    for (const instance of this.#plan.exporters) {
      if (!pipelines.some((pipeline) => pipeline.exporters.includes(instance.id))) continue;
      this.#exporters.set(instance.id, await this.#exporter(instance, chains));
    }
    for (const pipeline of pipelines) chains.push(await this.#chain(pipeline));
    const receivers: ReceiverPart[] = [];
    for (const instance of this.#plan.receivers) {
      const own = pipelines.filter((pipeline) => pipeline.receivers.includes(instance.id));
      if (own.length === 0) continue;
      const intake = await this.#intake(instance.id, own, chains);
      const receiver: Receiver = await this.#make(instance);
      receivers.push({ id: instance.id, receiver, intake });
    }
    const extensions: ExtensionPart[] = [];
    for (const instance of this.#plan.extensions) {
      const known = this.#before?.parts.extensions.find((part) => isSame(part.instance, instance));
      extensions.push(known ?? { id: instance.id, instance, extension: await this.#make<Extension>(instance) });
    }
    const parts = {
      extensions,
      admissions: [...this.#admissions.values()],
      receivers,
      chains,
      exporters: [...this.#exporters.values()],
      limiters: this.#limiters,
    };
    return new RunningGraph(parts, this.#ledger, this.#context, this.#before);
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

  /** `chains` is the list that all chains will be part of: counters ask them what they hold. */
  async #exporter(instance: Plan['exporters'][number], chains: readonly Chain[]): Promise<ExporterPart> {
    const { id } = instance;
    const feeding = new Set(
      this.#plan.pipelines.filter(({ exporters }) => exporters.includes(id)).map((pipeline) => pipeline.id),
    );
    const held: Held = (signal, scope) =>
      chains.reduce((sum, chain) => (chain.signal === signal && feeding.has(chain.id) ? sum + chain.held(scope) : sum), 0);
    const known = this.#before?.parts.exporters.find((part) => isSame(part.instance, instance));
    if (known !== undefined) return { ...known, held };
    const exporter: Exporter = await this.#make(instance);
    return {
      instance,
      exporter,
      queue: new DeliveryQueue(id, exporter, instance.delivery, { ...this.#context, audit: this.#host.audit }),
      held,
    };
  }

  async #chain(pipeline: PipelinePlan): Promise<Chain> {
    const stages: NamedProcessor[] = [];
    for (const id of pipeline.processors) {
      const instance = this.#processor(id);
      if (instance.component.kind === 'processor') {
        const processor: Processor = await this.#make(instance);
        stages.push({ id, processor, traffic: this.#ledger.traffic.processor(id)[pipeline.signal] });
      } else assert(stages.length === 0, `${id} is not first in pipeline ${pipeline.id}`);
    }
    const destinations = pipeline.exporters.map((id) => {
      const part = this.#exporters.get(id);
      assert(part !== undefined, `pipeline names exporter ${id}, which the plan has not`);
      return { queue: part.queue, rows: this.#ledger.exporter(id, part.held) };
    });
    const fanOut = new FanOut(
      pipeline.signal,
      destinations,
      this.#ledger.pipeline(pipeline.id),
      this.#plan.service.ack === 'delivered',
    );
    return new Chain(pipeline.id, pipeline.signal, stages, fanOut, this.#context.log, this.#host.audit);
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
    let part =
      this.#admissions.get(instance.id) ?? this.#before?.parts.admissions.find((each) => isSame(each.instance, instance));
    part ??= { id: instance.id, instance, admission: await this.#make<Admission>(instance) };
    this.#admissions.set(instance.id, part);
    return part.admission;
  }
}

/** Made of the same component with the same settings, under the same name. */
function isSame(one: Instance, other: Instance): boolean {
  return one.component === other.component && isDeepStrictEqual(one, other);
}
