import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { scopedBatchOf } from './scoped-batches.ts';

/** A log record per id that says a row of MASTER_PERF with this value. */
export function perfBatch(scope: string, values: Readonly<Record<string, string>>): ScopedBatch {
  const entries = Object.entries(values);
  const logRecords = entries.map(([id, value]) => ({
    timeUnixNano: `${Date.now()}000000`,
    attributes: Object.entries({ category: 'R2', type: 'performance', topic: 'Get', id, value }).map(([key, stringValue]) => ({
      key: `perf.${key}`,
      value: { stringValue },
    })),
  }));
  return scopedBatchOf('logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }, entries.length, scope);
}
