import type { Chain } from './chain.ts';
import type { Admission, Exporter, Extension, Kind, Receiver } from './component.ts';
import type { Graph, GraphContext } from './graph.ts';
import type { ReceiverIntake } from './intake.ts';
import type { Held, Ledger, LedgerSnapshot } from './ledger.ts';
import type { Instance } from './plan.ts';
import type { DeliveryQueue } from './queue.ts';
import type { ScopeLimiters } from './scope-limits.ts';
import type { GraphStats, QueueShare } from './stats.ts';
import { worstOfEach, type ComponentState, type ComponentStatus } from './status.ts';

export interface ExtensionPart {
  readonly id: string;
  readonly instance: Instance;
  readonly extension: Extension;
}
export interface AdmissionPart {
  readonly id: string;
  readonly instance: Instance;
  readonly admission: Admission;
}
export interface ReceiverPart {
  readonly id: string;
  readonly receiver: Receiver;
  readonly intake: ReceiverIntake;
}
export interface ExporterPart {
  readonly instance: Instance;
  readonly queue: DeliveryQueue;
  readonly exporter: Exporter;
  /** What the chains of this graph hold on their way to it. */
  readonly held: Held;
}

/** The components of a graph, each once. */
export interface Parts {
  readonly extensions: readonly ExtensionPart[];
  readonly admissions: readonly AdmissionPart[];
  readonly receivers: readonly ReceiverPart[];
  readonly chains: readonly Chain[];
  readonly exporters: readonly ExporterPart[];
  /** Of all receivers together. */
  readonly limiters: ScopeLimiters;
}

/** The components themselves, which two graphs can have in common. */
function componentsOf({ extensions, admissions, exporters }: Parts): Set<unknown> {
  return new Set<unknown>([
    ...extensions.map(({ extension }) => extension),
    ...admissions.map(({ admission }) => admission),
    ...exporters.map(({ exporter }) => exporter),
  ]);
}

/** Of the time to stop, receivers may use so much; destinations need the rest to take what is left. */
const RECEIVERS_PART = 0.5;
const KEEP_ALIVE_MS = 60_000;

/** Starts and stops the parts of a graph, in order, and tells how they are. */
export class RunningGraph implements Graph {
  readonly parts: Parts;
  readonly counters: Ledger;
  readonly #context: GraphContext;
  /** Components of another graph: they run already, and are not ours to stop. */
  #foreign: ReadonlySet<unknown>;
  readonly flushed: Promise<void>;
  #hasFlushed: () => void = () => {};
  #state: ComponentState = 'starting';
  #stopped: Promise<void> | undefined;

  constructor(parts: Parts, counters: Ledger, context: GraphContext, before: RunningGraph | undefined) {
    this.parts = parts;
    this.counters = counters;
    this.#context = context;
    this.flushed = new Promise((resolve) => (this.#hasFlushed = resolve));
    this.#foreign = before === undefined ? new Set() : componentsOf(before.parts);
  }

  async start(): Promise<void> {
    const { extensions, exporters, chains, admissions, receivers } = this.parts;
    const foreign = this.#foreign;
    for (const { extension } of extensions) if (!foreign.has(extension)) await extension.start();
    for (const { exporter } of exporters) if (!foreign.has(exporter)) await exporter.start();
    for (const chain of chains) chain.start();
    for (const { admission } of admissions) if (!foreign.has(admission)) admission.start();
    for (const { receiver, intake } of receivers) await receiver.start(intake);
    this.#state = 'ok';
  }

  takeOver(): void {
    this.#foreign = new Set();
  }

  stop(deadlineMs: number, successor?: Graph): Promise<void> {
    if (successor instanceof RunningGraph) this.#foreign = componentsOf(successor.parts);
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  ledger(): LedgerSnapshot {
    return this.counters.snapshot();
  }

  status(): readonly ComponentStatus[] {
    const { extensions, admissions, receivers, chains, exporters } = this.parts;
    const state = this.#state;
    const running = state === 'ok';
    return [
      ...extensions.map(({ id, extension }) => ({ id, kind: 'extension', state, ...(running && extension.status?.()) }) as const),
      ...receivers.map(({ id }) => ({ id, kind: 'receiver', state }) as const),
      ...admissions.map(({ id }) => ({ id, kind: 'admission', state }) as const),
      ...worstOfEach(chains.flatMap((chain) => chain.status())).map((status) => (running ? status : { ...status, state })),
      ...exporters.map(({ queue }) => (running ? queue.status() : { ...queue.status(), state })),
    ];
  }

  stats(): GraphStats {
    const { chains, exporters, extensions } = this.parts;
    const own = <K extends Kind>(kind: K, id: string, stats: Readonly<Record<string, number>> | undefined) =>
      stats === undefined ? [] : [{ id, kind, stats }];
    return {
      components: [
        ...chains.flatMap((chain) => chain.stats()),
        ...exporters.flatMap(({ instance, exporter }) => own('exporter', instance.id, exporter.stats?.())),
        ...extensions.flatMap(({ id, extension }) => own('extension', id, extension.stats?.())),
      ],
      queues: exporters.map(({ queue }) => queue.stats()),
      traffic: this.counters.traffic,
    };
  }

  queueShare(exporter: string, scope: string): QueueShare | undefined {
    return this.parts.exporters.find(({ queue }) => queue.id === exporter)?.queue.shareOf(scope);
  }

  async #stop(deadlineMs: number): Promise<void> {
    const endMs = this.#context.clock.now() + deadlineMs;
    const leftMs = () => Math.max(0, endMs - this.#context.clock.now());
    // Timers of a drain keep no process alive, and between two retries nothing else may.
    const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
    try {
      await this.#stopParts(leftMs);
    } finally {
      clearInterval(keepAlive);
      this.#hasFlushed();
      this.#state = 'stopped';
    }
  }

  async #stopParts(leftMs: () => number): Promise<void> {
    const { receivers, chains } = this.parts;
    const foreign = this.#foreign;
    const extensions = this.parts.extensions.filter(({ extension }) => !foreign.has(extension));
    const admissions = this.parts.admissions.filter(({ admission }) => !foreign.has(admission));
    const exporters = this.parts.exporters.filter(({ exporter }) => !foreign.has(exporter));
    for (const { queue } of exporters) {
      // Senders that wait for room are sent away, and retries come soon, so that open requests end.
      queue.room.close();
      queue.hasten();
    }
    await this.#all(receivers, ({ id, receiver }) => this.#guard(id, receiver.stop(leftMs() * RECEIVERS_PART)));
    for (const { intake } of receivers) intake.close();
    for (const { admission } of admissions) admission.stop();
    for (const chain of chains) {
      chain.flush();
      chain.stop();
    }
    this.#hasFlushed();
    for (const { held } of this.parts.exporters) this.counters.forget(held);
    await this.#all(exporters, async ({ queue, exporter }) => {
      await queue.drain(leftMs());
      await this.#guard(queue.id, exporter.stop(leftMs()));
    });
    await this.#all(extensions, ({ id, extension }) => this.#guard(id, extension.stop(leftMs())));
  }

  async #all<Part>(parts: readonly Part[], stop: (part: Part) => Promise<void>): Promise<void> {
    await Promise.all(parts.map(stop));
  }

  /** One component that cannot stop keeps no other from it. */
  async #guard(id: string, stopping: Promise<void>): Promise<void> {
    try {
      await stopping;
    } catch (error) {
      this.#context.log.error(`cannot stop ${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
