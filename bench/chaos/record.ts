/** What a destination does to those who send, by turns; the one after which the agent waits longest is the last. */
export const TROUBLES = ['absent', 'hangs', 'resets', 'drips', 'answers 503', 'answers 413', 'answers 401'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** What an app tells of itself. */
export interface AppFigures {
  readonly unhandledRejections: number;
  readonly uncaughtErrors: number;
  readonly warnings: number;
  /** Of the agent's thread. */
  readonly restarts: number;
  readonly served: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How one of the two apps went. */
export interface AppRun {
  /** While the destination is well, and while it is not. */
  readonly calm: Latency;
  readonly troubled: Latency;
  readonly rssMedianBytes: number;
  readonly rssMaxBytes: number;
  /** The lowest of the second half less the lowest of the first, without the first minute. */
  readonly rssFloorRiseBytes: number;
}

/** One run: a line of history.jsonl. */
export interface ChaosRecord {
  readonly bench: 'agent-chaos';
  readonly session: string;
  readonly version: string;
  readonly machine: string;
  readonly minutes: number;
  readonly ours: AppRun;
  readonly bare: AppRun;
  /** Of each app. */
  readonly requests: number;
  /** Requests of the agent that reached the destination, and of those that it took. */
  readonly exports: number;
  readonly taken: number;
  /** Those that arrived during each trouble. */
  readonly met: Readonly<Partial<Record<Trouble, number>>>;
  /** After the last trouble, until the destination had something again. */
  readonly recoveredAfterMs: number;
  /** What the collector had in the end, of `requests`. */
  readonly counted: number;
  /** That the agent printed. */
  readonly lines: number;
  /** What went wrong, in words; none: it passed. */
  readonly faults: readonly string[];
}
