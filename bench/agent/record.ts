/** What measured it; the runtimes are the columns of the table. */
export const RUNTIMES = ['node20', 'node22', 'node24', 'bun'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

/** By contender, a figure per round. */
export type RowFigures = Readonly<Record<string, readonly number[]>>;

/** What one runtime gave in a session: a line of history.jsonl. */
export interface AgentRecord {
  readonly bench: 'agent';
  readonly session: string;
  readonly runtime: RuntimeName;
  /** `v20.20.2` */
  readonly runtimeVersion: string;
  readonly version: string;
  readonly machine: string;
  readonly pinned: boolean;
  /** By id of ROWS. */
  readonly figures: Readonly<Record<string, RowFigures>>;
}
