import type { MessagePort } from 'node:worker_threads';
import type { Signal } from './signal.ts';

/**
 * Where an agent and the collectors of one thread meet, whichever of them is there first, and whichever copy of the code each
 * of them is. They are packages of their own: this is the contract between them (docs/embedding.md), and what is changed in it
 * so that an older one cannot follow gets another version.
 */
export interface MeetingPoint {
  readonly version: typeof VERSION;
  /** Those that run; the one that began first stands first. A collector that begins anew, or has another configuration, takes
   *  the place of what it was. */
  readonly collectors: CollectorHere[];
  readonly agents: Set<AgentHere>;
}

/** A collector, as an agent sees it. */
export interface CollectorHere {
  /** A receiver of it takes that signal from the application. */
  takes(signal: Signal): boolean;
  /** A port of its own for who asks: it takes a SeamRequest and answers each with a SeamAnswer. It may be handed to another
   *  thread. Where the collector is gone it is closed, or nobody answers. */
  connect(): MessagePort;
  /** It answers while the thread that started it is blocked: it runs in another. */
  readonly isApart: boolean;
  /** The process ends now: blocks until it has stopped, with all others of its package, which need no longer than one:
   *  `timeoutMs` at most, and half a second where nothing is said. Never throws; twice is once. */
  end(timeoutMs?: number): void;
}

/** An agent, as a collector sees it. */
export interface AgentHere {
  /** Collectors have come, gone, or changed. Never throws. */
  changed(): void;
  /** All that was measured until now: a collector that stops is still there for it. Never rejects, and takes no longer. */
  flush(timeoutMs: number): Promise<unknown>;
  /** It sends its last data when the process ends, and then ends the collectors. */
  readonly endsCollectors: boolean;
}

/** One OTLP request on its way to a collector of this process. */
export interface SeamRequest {
  /** The answer has it. */
  readonly id: number;
  readonly signal: Signal;
  /** An Export…ServiceRequest in protobuf. Transferred. */
  readonly bytes: Uint8Array;
  /** Absent: the first receiver that takes the signal. */
  readonly receiver?: string | undefined;
}

/** What a collector's Outcome says of it. */
export type SeamOutcome =
  | { readonly ok: true; readonly rejected?: readonly { readonly items: number; readonly message: string }[] }
  | {
      readonly ok: false;
      readonly code: string;
      readonly retryable: boolean;
      readonly message: string;
      readonly retryAfterMs?: number;
    };

export interface SeamAnswer<Told extends SeamOutcome = SeamOutcome> {
  readonly id: number;
  readonly outcome: Told;
}

const VERSION = 1;
const KEY = Symbol.for('periscope.meeting-point');

/** That of this thread; undefined where it is of another version, and nobody meets. */
export function meetingPoint(): MeetingPoint | undefined {
  const globals = globalThis as { [KEY]?: MeetingPoint };
  globals[KEY] ??= { version: VERSION, collectors: [], agents: new Set() };
  return globals[KEY].version === VERSION ? globals[KEY] : undefined;
}
