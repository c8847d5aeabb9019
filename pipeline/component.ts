import type { ZodType } from 'zod';
import type { Batch, Origin } from './batch/batch.ts';
import type { ScopedBatch } from './batch/scoped-batch.ts';
import type { Clock } from './clock.ts';
import type { ErrorCode } from './errors.ts';
import type { Host } from './host.ts';
import type { Log } from './log.ts';
import type { AttributeInspection, Inspection } from './otlp/inspection.ts';
import type { Binding } from './scope/binding.ts';
import type { Signal } from './signal.ts';
import type { ComponentState } from './status.ts';

/** Items a sender is told about by OTLP partial success. `message` says how to mend it; `reason` is a counter label. */
export interface Rejection {
  readonly reason: string;
  readonly items: number;
  readonly message: string;
}

export interface Refusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** For the sender or the operator: "cannot <verb> <object>: <cause>". */
  readonly message: string;
  readonly retryAfterMs?: number;
  /** The answer is to wait so long, unread what comes meanwhile; `retryAfterMs` counts from the answer. */
  readonly holdMs?: number;
}

/** What downstream says about a batch. On the data path a fault is a value; nothing throws. */
export type Outcome = { readonly ok: true; readonly rejected?: readonly Rejection[] } | Refusal;

/** Everything a component may touch besides its config and its input. */
export interface Context {
  readonly id: string;
  readonly host: Host;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Where a receiver delivers. One per receiver instance, shared by all pipelines it feeds. */
export interface Intake {
  /** As what the process binds its data; a receiver with a `scope:` of its own narrows it per listener. */
  readonly binding: Binding;
  /** Called with the length of a body before it is read or decoded; a refusal ends the request. Else the bytes are
   *  held until `release` is called with the same number, exactly once. */
  admit(bytes: number): Refusal | undefined;
  release(bytes: number): void;
  /** Called with the head of a request, before its body is read: may its sender bring one more? A refusal ends the
   *  request; else `end` is called, exactly once, when it is answered or given up. */
  begin(signal: Signal, origin: Origin): Refusal | undefined;
  end(origin: Origin): void;
  /** What the walk must look for in this signal, or undefined when no pipeline takes it (answer 404). */
  inspection(signal: Signal): Inspection | undefined;
  /** Hands `batch` over: the caller never touches its bytes again. What is decided at once is returned as it is; else it
   *  resolves when acknowledged or refused (`service.ack`), and never rejects. `rejected` counts the items that were cut
   *  out of an accepted request. */
  next(batch: Batch): Promise<Outcome> | Outcome;
}

/** `stop` is safe twice and without `start`, for every kind. */
export interface Receiver {
  start(intake: Intake): Promise<void>;
  /** Takes no new requests, answers those under way. */
  stop(deadlineMs: number): Promise<void>;
}

export type Emit = (batch: ScopedBatch) => void;

/** Synchronous on purpose: no `await` between a batch coming in and going out. One instance per pipeline.
 *  Items that are neither emitted nor held must be reported through `drop`. */
export interface Processor {
  process(batch: ScopedBatch, emit: Emit, drop: Drop): void;
  /** Emits what is held. Called on a drain; `batch` also calls its own timer. */
  flush?(emit: Emit, drop: Drop): void;
  /** Called once before the first `process`: for processors that emit on their own time. */
  start?(emit: Emit, drop: Drop): void;
  stop?(): void;
  /** Items of `scope` that came in and neither left nor were dropped yet. Every processor that holds items has it. */
  held?(scope: string): number;
  /** What the walk must look for on its behalf. */
  readonly inspection?: ProcessorInspection;
  /** Counters of its own, by name. */
  stats?(): Readonly<Record<string, number>>;
  /** How much of the data it has changed so far. One that changes data has it: the audit log tells it per sender. */
  mutations?(): MutationCounts;
}
/** Things (attributes, texts, items) since the start; an item that is dropped counts as deleted. */
export interface MutationCounts {
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
}
export interface ProcessorInspection {
  readonly attributes: AttributeInspection;
  /** Invalid UTF-8 in a string field is mended here. */
  readonly mendsText: boolean;
}
/** A processor let `items` of `batch` go, for `reason` (a counter label); `message` is told to the sender when the
 *  request is still open. A batch whose items are all dropped, in one call of `process`, is not emitted. */
export type Drop = (batch: ScopedBatch, items: number, reason: string, message?: string) => void;

/** Sends once. Queue, retry, timeout and ledger are wrapped around every exporter in `pipeline/`. The bytes of `batch`
 *  may be read until the promise settles and not after. Never rejects; a throw is counted as INTERNAL. */
export interface Exporter {
  /** It compresses, and can use what the senders' compressors found (`ScopedBatch.sources`): then that is kept. */
  readonly reusesMatches?: boolean;
  start(): Promise<void>;
  send(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome>;
  stop(deadlineMs: number): Promise<void>;
  /** Counters of its own for the summary and the benches, units last in the names: `bytesOut`, `requests`. */
  stats?(): Readonly<Record<string, number>>;
}

export interface Extension {
  start(): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
  /** How it is while it runs; without it, well. */
  status?(): { readonly state: ComponentState; readonly message?: string };
  /** Counters of its own, by name. */
  stats?(): Readonly<Record<string, number>>;
}

/** The `memory_limiter`: belongs to the receiver, runs before anything is decoded. */
export interface Admission {
  start(): void;
  stop(): void;
  admit(bytes: number): Refusal | undefined;
  release(bytes: number): void;
}

interface Made {
  receiver: Receiver;
  processor: Processor;
  exporter: Exporter;
  extension: Extension;
  /** Listed under `processors:` in YAML; the receiver runs it. */
  admission: Admission;
  /** Listed under `processors:` in YAML; configures the scope stage, makes nothing. */
  scope: never;
}
export type Kind = keyof Made;
export type Stability = 'development' | 'alpha' | 'beta' | 'stable';

export interface Component<K extends Kind = Kind, Config = unknown> {
  readonly kind: K;
  /** The YAML key, and the folder's name. */
  readonly type: string;
  /** Other names the Go collector has or had for it. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly signals: Readonly<Partial<Record<Signal, Stability>>>;
  /** Types, defaults, checks and docs in one; parse(undefined) and parse(null) give the defaults. */
  readonly config: ZodType<Config>;
  readonly load?: () => Promise<{ create(config: Config, context: Context): Made[K] }>;
}

/** Declares a component. Importing one registers nothing and loads nothing heavy. */
export function define<K extends Kind, Config>(component: Component<K, Config>): Component<K, Config> {
  return Object.freeze(component);
}
