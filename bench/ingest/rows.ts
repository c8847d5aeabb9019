import type { Protocol, Workload } from '../load/workload.ts';
import * as contenders from './contenders.ts';
import type { Contender } from './contenders.ts';

/** A ratio of items per CPU-second that the project set itself. */
export interface Target {
  readonly subject: Contender;
  readonly against: Contender;
  readonly must: number;
  readonly stretch: number;
  /** The figure is that of its main process alone. */
  readonly mainProcess?: boolean;
}

/** One line of the speed table: contenders that take turns at the same load. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly workload: Workload;
  /** Requests come in compressed. */
  readonly gzip: boolean;
  /** How requests come in; default http. They leave over HTTP. */
  readonly protocol?: Protocol;
  readonly contenders: readonly Contender[];
  readonly targets: readonly Target[];
  /** Offered items per second; undefined: as many as are taken. */
  readonly itemsPerS?: number;
}

const METRICS: Workload = { signal: 'metrics', groupsPerBody: 100, sets: 'repeating', dirty: false };
const LOGS: Workload = { ...METRICS, signal: 'logs' };
const TRACES: Workload = { ...METRICS, signal: 'traces' };

function target(subject: Contender, against: Contender, must: number, stretch: number): Target {
  return { subject, against, must, stretch };
}

function plainRow(id: string, title: string, workload: Workload, goal: Target): Row {
  return { id, title, workload, gzip: false, contenders: [goal.subject, goal.against], targets: [goal] };
}

function gzipRow(id: string, title: string, workload: Workload, goals: readonly (readonly [number, number])[]): Row {
  const { PERISCOPE_GZIP_1, PERISCOPE_GZIP_6, OTELCOL_GZIP_1, OTELCOL_GZIP_6, ROTEL_GZIP } = contenders;
  const pairs = [
    [PERISCOPE_GZIP_1, OTELCOL_GZIP_1],
    [PERISCOPE_GZIP_1, ROTEL_GZIP],
    [PERISCOPE_GZIP_6, OTELCOL_GZIP_6],
    [PERISCOPE_GZIP_6, ROTEL_GZIP],
  ] as const;
  return {
    id,
    title,
    workload,
    gzip: true,
    contenders: [PERISCOPE_GZIP_1, OTELCOL_GZIP_1, PERISCOPE_GZIP_6, OTELCOL_GZIP_6, ROTEL_GZIP],
    targets: pairs.map(([subject, against], i) => target(subject, against, goals[i]![0], goals[i]![1])),
  };
}

function grpcRow(id: string, title: string, workload: Workload, must: number, stretch: number): Row {
  const goal = target(contenders.PERISCOPE_GRPC, contenders.OTELCOL_GRPC, must, stretch);
  return { ...plainRow(id, title, workload, goal), protocol: 'grpc' };
}

const { PERISCOPE_FULL, PERISCOPE_SCOPE, PERISCOPE_NODE24, OTELCOL_FULL, OTELCOL_PASS, OTELCOL_SCOPE, ROTEL } = contenders;
const scope = (must: number, stretch: number): Target => target(PERISCOPE_SCOPE, OTELCOL_SCOPE, must, stretch);
const full = (must: number, stretch: number): Target => target(PERISCOPE_FULL, OTELCOL_FULL, must, stretch);

export const ROWS: readonly Row[] = [
  plainRow('metrics-scope', 'metrics, scope + batch, 100,000 series', METRICS, scope(6, 10)),
  plainRow('metrics-scope-1m', 'metrics, scope + batch, 1 M attribute sets', { ...METRICS, sets: 'million' }, scope(2.5, 4)),
  plainRow('metrics-full', 'metrics, scope + sanitize + batch, 100,000 series', METRICS, full(12, 25)),
  plainRow(
    'metrics-full-1m',
    'metrics, scope + sanitize + batch, 1 M attribute sets',
    { ...METRICS, sets: 'million' },
    full(6, 10),
  ),
  plainRow(
    'metrics-full-dirty',
    'metrics, scope + sanitize + batch, 10 % of the points dirty',
    { ...METRICS, dirty: true },
    full(5, 8),
  ),
  plainRow('logs-full', 'logs, scope + sanitize + batch, 10 attribute sets', LOGS, full(8, 15)),
  plainRow(
    'logs-full-unique',
    'logs, scope + sanitize + batch, a unique attribute each',
    { ...LOGS, sets: 'unique' },
    full(5, 8),
  ),
  plainRow('traces-full', 'traces, scope + sanitize + batch, 10 attribute sets', TRACES, full(8, 15)),
  plainRow(
    'traces-full-unique',
    'traces, scope + sanitize + batch, a unique attribute each',
    { ...TRACES, sets: 'unique' },
    full(5, 8),
  ),
  gzipRow('metrics-gzip', 'metrics, gzip in and out', METRICS, [
    [3.5, 5],
    [2.5, 3.5],
    [2, 3],
    [1.5, 2.1],
  ]),
  gzipRow('logs-gzip', 'logs, gzip in and out', LOGS, [
    [2.5, 3.7],
    [1.8, 2.6],
    [1.4, 2],
    [1, 1.4],
  ]),
  {
    id: 'small',
    title: 'metrics, 10 points a request',
    workload: { ...METRICS, groupsPerBody: 1 },
    gzip: false,
    contenders: [PERISCOPE_FULL, OTELCOL_PASS, PERISCOPE_NODE24, ROTEL],
    targets: [
      target(PERISCOPE_FULL, OTELCOL_PASS, 3.5, 5),
      target(PERISCOPE_FULL, ROTEL, 2.3, 3.3),
      target(PERISCOPE_NODE24, OTELCOL_PASS, 2, 2.7),
      target(PERISCOPE_NODE24, ROTEL, 1.3, 1.8),
    ],
  },
  plainRow(
    'gateway',
    'metrics, scope + batch, with tokens, limits and audit log',
    METRICS,
    target(contenders.PERISCOPE_GATEWAY, PERISCOPE_SCOPE, 0.9, 1),
  ),
  plainRow(
    'gateway-64',
    'metrics, scope + batch, 64 tenants through one gateway',
    METRICS,
    target(contenders.PERISCOPE_GATEWAY_64, contenders.PERISCOPE_GATEWAY, 0.8, 1),
  ),
  {
    id: 'windows',
    title: 'metrics, scope + batch, with windows for SQL and the live stream',
    workload: METRICS,
    gzip: false,
    contenders: [contenders.PERISCOPE_WINDOWS, PERISCOPE_SCOPE, OTELCOL_PASS],
    targets: [
      target(contenders.PERISCOPE_WINDOWS, OTELCOL_PASS, 2, 3),
      { ...target(contenders.PERISCOPE_WINDOWS, PERISCOPE_SCOPE, 0.6, 0.9), mainProcess: true },
    ],
  },
  grpcRow('grpc', 'metrics over gRPC, scope + batch', METRICS, 2, 4),
  grpcRow('grpc-small', 'metrics over gRPC, scope + batch, 10 points a request', { ...METRICS, groupsPerBody: 1 }, 0.8, 1.5),
  {
    id: 'footprint',
    title: 'start, idle, and 100,000 points a second',
    workload: METRICS,
    gzip: false,
    contenders: [PERISCOPE_FULL, OTELCOL_FULL, OTELCOL_PASS, ROTEL],
    targets: [],
    itemsPerS: 100_000,
  },
];

/** Bounds that hold for Periscope in every row: peak memory of a run, and of the footprint row the rest. */
export const FOOTPRINT_TARGETS = {
  peakRssBytes: { must: 130e6, stretch: 90e6 },
  idleRssBytes: { must: 70e6, stretch: 55e6 },
  firstAnswerMs: { must: 500, stretch: 200 },
} as const;
