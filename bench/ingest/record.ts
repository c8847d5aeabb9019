/** One run of one contender: a line of history.jsonl. Counts and figures are of the window unless they say otherwise. */
export interface RunRecord {
  /** Start of the bench invocation that the run belongs to; rows are reported from one session each. */
  readonly session: string;
  readonly at: string;
  readonly row: string;
  readonly contender: string;
  readonly round: number;
  readonly version: string;
  readonly machine: string;
  /** Each side had a core of its own. */
  readonly pinned: boolean;
  readonly windowMs: number;
  /** Items at the sink (where there are windows: and in them) per second of CPU time of the system under test. */
  readonly itemsPerCpuS: number;
  readonly itemsPerS: number;
  /** CPU time used / time passed: below 1 the generator or an offered rate was the limit. */
  readonly cpuShare: number;
  readonly bytesOutPerItem: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  /** From start of the process to its first 200. */
  readonly firstAnswerMs: number;
  readonly peakRssBytes: number;
  /** Before any load, a second after the first answer; only in rows that offer a fixed rate. */
  readonly idleRssBytes?: number;
  /** At the end of the window, at the offered rate; only in rows that offer a fixed rate. */
  readonly loadedRssBytes?: number;
  /** Of the main process alone, where there are others. */
  readonly mainItemsPerCpuS?: number;
  /** Deltas of the live stream that its watcher had, where it has one. */
  readonly watchedDeltas?: number;
  /** Over the whole run. */
  readonly sentItems: number;
  readonly acceptedItems: number;
  readonly arrivedItems: number;
  readonly rejectedItems: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly unanswered: number;
  /** Items of random bodies at the sink, compared field by field with what was sent, and those that were not as sent. */
  readonly comparedItems: number;
  readonly changedItems: number;
  readonly fault?: string;
  /** Why the figure does not count. */
  readonly voided?: string;
}
