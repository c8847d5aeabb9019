/** What is measured of the windows, each by itself. */
export const PARTS = ['visibility', 'full', 'small', 'users'] as const;
export type Part = (typeof PARTS)[number];

/** One run of one part: a line of history.jsonl. */
export interface WindowsRecord {
  readonly bench: 'windows';
  readonly session: string;
  readonly at: string;
  readonly part: Part;
  readonly round: number;
  readonly version: string;
  readonly machine: string;
  readonly pinned: boolean;
  readonly figures: Figures;
  /** Why the figures do not count. */
  readonly voided?: string;
}

/** By id of FIGURES. */
export type Figures = Readonly<Record<string, number>>;

export interface Figure {
  readonly id: string;
  readonly part: Part;
  readonly title: string;
  readonly unit: string;
  /** What it may be at most; absent: it is only shown. */
  readonly must?: number;
}

export const FIGURES: readonly Figure[] = [
  { id: 'visibleP50Ms', part: 'visibility', title: 'a point is in SQL, from its acknowledgement, p50', unit: 'ms' },
  { id: 'visibleP99Ms', part: 'visibility', title: 'the same, p99', unit: 'ms', must: 1000 },
  { id: 'visibleMaxMs', part: 'visibility', title: 'the same, longest', unit: 'ms' },
  { id: 'probeQuestionP50Ms', part: 'visibility', title: 'of that, the question that looks, p50', unit: 'ms' },
  { id: 'offeredItemsPerS', part: 'visibility', title: 'points acknowledged meanwhile', unit: '/s' },
  { id: 'visibilityCpuShare', part: 'visibility', title: 'CPU of both processes meanwhile', unit: '%' },
  { id: 'fullRssMb', part: 'full', title: 'RSS of both processes, 5 M points in a window', unit: 'MB', must: 700 },
  { id: 'fullMainRssMb', part: 'full', title: 'of that, the main process', unit: 'MB' },
  { id: 'fullPeakRssMb', part: 'full', title: 'peak RSS of both while they were loaded', unit: 'MB' },
  { id: 'fullRows', part: 'full', title: 'points in the window', unit: '' },
  { id: 'byServiceMinuteMs', part: 'full', title: 'points by service and minute over all of them, p50', unit: 'ms', must: 150 },
  { id: 'byServiceMinuteViewsMs', part: 'full', title: 'the same over otel_metrics_gauge and _sum, p50', unit: 'ms' },
  { id: 'seriesListMs', part: 'full', title: 'the hundred busiest series, p50', unit: 'ms' },
  { id: 'selectOneMs', part: 'small', title: '`select 1` over HTTP, p50', unit: 'ms', must: 2 },
  { id: 'zScoreMs', part: 'small', title: 'z-score of 50 series x 60 points, in SQL, p50', unit: 'ms', must: 5 },
  { id: 'correlationMs', part: 'small', title: 'correlation of 50 series x 60 points, in SQL, p50', unit: 'ms', must: 5 },
  { id: 'zScoreHttpMs', part: 'small', title: 'the z-score over HTTP, p50', unit: 'ms' },
  { id: 'correlationHttpMs', part: 'small', title: 'the correlation over HTTP, p50', unit: 'ms' },
  { id: 'p99AloneMs', part: 'users', title: 'p99 of a request with 1,000 points, nobody asks', unit: 'ms' },
  { id: 'p99AskedMs', part: 'users', title: 'the same, ten users ask without pause', unit: 'ms' },
  { id: 'p99Ratio', part: 'users', title: 'the second by the first, within a round', unit: 'x', must: 2 },
  { id: 'userAnswersPerS', part: 'users', title: 'answers to the ten users', unit: '/s' },
  { id: 'userAnswerP50Ms', part: 'users', title: 'their p50', unit: 'ms' },
  { id: 'userAnswerP99Ms', part: 'users', title: 'their p99', unit: 'ms' },
];
