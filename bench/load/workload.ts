/** What the load generator sends: everything about a body but its number. */
export interface Workload {
  readonly signal: 'metrics' | 'logs' | 'traces';
  /** Resource groups per body, ten items each. */
  readonly groupsPerBody: number;
  /**
   * How often attribute sets repeat. `repeating`: 100,000 metric series in 65,536 attribute sets and one point in a hundred in a new one, or ten
   * attribute sets over all records or spans. `million`: 2^20 sets, each seen again only after all others. `unique`: a
   * value never seen before on every item.
   */
  readonly sets: 'repeating' | 'million' | 'unique';
  /** One item in ten has an attribute that cleaning must change. */
  readonly dirty: boolean;
  /**
   * Times of metric points; default: a number that tells the body, so that the sink can rebuild it. `now`: the clock's.
   * `hour`: 5,000 bodies fill an hour, however fast they are sent.
   */
  readonly times?: 'now' | 'hour';
}

export const ITEMS_PER_GROUP = 10;
export const RESOURCES = 1000;
export const MILLION_SETS = 1 << 20;

export function itemsPerBody(workload: Workload): number {
  return workload.groupsPerBody * ITEMS_PER_GROUP;
}

export const PATHS = { metrics: '/v1/metrics', logs: '/v1/logs', traces: '/v1/traces' } as const;

export const GRPC_PATHS = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const;
export type Protocol = 'http' | 'grpc';

/** Upper half of every time sent, so that the lower half alone tells bodies apart: 2025-09-18 plus up to 4.3 s. */
export const TIME_HIGH = 0x18664a00;
/** Nanoseconds from a patched time to its later twin. */
export const LATER_NS = 1_500_000;
