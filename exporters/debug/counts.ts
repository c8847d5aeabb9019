import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { FieldCursor } from '../../pipeline/otlp/field-cursor.kernel.ts';
import { ITEM_NAMES, type Signal } from '../../pipeline/signal.ts';

/** What the collector calls a batch of each signal. */
export const TITLES: Readonly<Record<Signal, string>> = { metrics: 'Metrics', traces: 'Traces', logs: 'Logs' };
const GROUP_NAMES: Readonly<Record<Signal, string>> = {
  metrics: 'resource metrics',
  traces: 'resource spans',
  logs: 'resource logs',
};

/** The counts of the collector's line, in its words and order, after the scope. Reads no further than the metrics. */
export function countsOf(batch: ScopedBatch): Record<string, number | string> {
  let groups = 0;
  let metrics = 0;
  // A segment may end anywhere in the request, so what is counted needs them in one piece.
  const bytes =
    batch.segments.length === 1 && batch.segments[0] !== undefined ? batch.segments[0] : Buffer.concat(batch.segments);
  const request = new FieldCursor(bytes, 0, bytes.length);
  while (request.next()) {
    if (!isMessage(request, 1)) continue;
    groups += 1;
    if (batch.signal === 'metrics') metrics += metricsIn(bytes, request.valueStart, request.position);
  }
  const counts: Record<string, number | string> = { scope: batch.scope, [GROUP_NAMES[batch.signal]]: groups };
  if (batch.signal === 'metrics') counts['metrics'] = metrics;
  counts[ITEM_NAMES[batch.signal]] = batch.items;
  return counts;
}

function metricsIn(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  const group = new FieldCursor(bytes, start, end);
  while (group.next()) {
    if (!isMessage(group, 2)) continue;
    const instrumentationScope = new FieldCursor(bytes, group.valueStart, group.position);
    while (instrumentationScope.next()) if (isMessage(instrumentationScope, 2)) count += 1;
  }
  return count;
}

function isMessage(cursor: FieldCursor, field: number): boolean {
  return cursor.number === field && cursor.wireType === 2;
}
