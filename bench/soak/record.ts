/** One soak: a line of history.jsonl. RSS is of both processes, in bytes. */
export interface SoakRecord {
  readonly bench: 'soak';
  readonly session: string;
  readonly version: string;
  readonly machine: string;
  readonly minutes: number;
  /** From here on RSS is judged: before that the window fills. */
  readonly judgedFromMinute: number;
  readonly dashboards: number;
  readonly acceptedItems: number;
  readonly itemsPerS: number;
  readonly rssMedianBytes: number;
  readonly rssMaxBytes: number;
  /** Of a straight line through the judged samples, least squares. */
  readonly rssSlopeBytesPerHour: number;
  /** The lowest of the second half of the judged samples, less the lowest of the first: what is judged. */
  readonly rssFloorRiseBytes?: number;
  readonly samples: readonly SoakSample[];
  /** Answers to the dashboards' questions. */
  readonly answers: number;
  readonly answerP99Ms: number;
  /** Messages that the dashboards had from the live stream. */
  readonly deltas: number;
  readonly gaps: number;
  /** What went wrong, in words; none: it passed. */
  readonly faults: readonly string[];
}

export interface SoakSample {
  readonly second: number;
  readonly mainRssBytes: number;
  readonly othersRssBytes: number;
}
