import type { Delivery } from './delivery.ts';

/** One round of the stream bench: a line of history.jsonl. Memory and CPU are the collector's, all of it one process. */
export interface StreamRecord {
  readonly bench: 'stream';
  readonly session: string;
  readonly at: string;
  readonly round: number;
  readonly version: string;
  readonly machine: string;
  readonly pinned: boolean;
  readonly clients: number;
  readonly scopes: number;
  readonly series: number;
  readonly windowMs: number;
  /** All clients read. */
  readonly reading: Delivery;
  readonly cpuShare: number;
  readonly rssBytes: number;
  /** Of so many, which have subscribed to more than they read, nothing is read: what the others have. */
  readonly stopped: number;
  readonly beside: Delivery;
  readonly besideCpuShare: number;
  /** Highest of the whole round. */
  readonly peakRssBytes: number;
  /** Deltas that those who had stopped were told they do not get, in so many gaps. */
  readonly dropped: number;
  readonly gaps: number;
  /** Why the round does not count, or what went wrong. */
  readonly faults: readonly string[];
}
