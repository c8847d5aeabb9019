/**
 * The package's `./perf` entry: MASTER_PERF inside an app, under the names that users of the earlier system know. Light: no
 * npm package is loaded. What a tracker holds goes to a collector by `POST /api/infra/master-perf`.
 */
export { PERF_FIELDS, type PerfMetric, type PerfRecord } from '../../pipeline/perf/record.ts';
export { assignScope, validateMetricScope } from '../../pipeline/scope/claim.ts';
export { sanitizeProperties } from '../../pipeline/scope/properties.ts';
export type { PerfFilter, PerfVerdict } from './rows.ts';
export { MasterPerfTracker, type MasterPerfTrackerOptions } from './tracker.ts';
