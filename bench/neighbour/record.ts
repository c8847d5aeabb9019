/** What stands beside the quiet tenant: nobody; one that keeps to its limit; one at fifty times its limit; the generator
 *  of that one, with a listener in the collector's place that does no work. */
export const PHASES = ['alone', 'within its limit', 'at 50 times its limit', 'generator only'] as const;
export type Phase = (typeof PHASES)[number];

/** What one tenant sent in a run, and what it heard. */
export interface TenantFigures {
  readonly sentItemsPerS: number;
  readonly acceptedItemsPerS: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly unanswered: number;
}

/** One run of the neighbour bench: a line of history.jsonl. */
export interface NeighbourRecord {
  readonly bench: 'neighbour';
  readonly session: string;
  readonly at: string;
  readonly round: number;
  readonly phase: Phase;
  readonly version: string;
  readonly machine: string;
  readonly pinned: boolean;
  /** Latency and CPU are of the window; counts and rates of warm-up and window together. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** Of the collector. */
  readonly cpuShare: number;
  readonly quiet: TenantFigures;
  readonly other?: TenantFigures;
}
