import type { PerfMetric } from '../../../pipeline/perf/record.ts';
import type { OperationTotals } from '../track/contract.ts';

interface Told {
  /** When rows were taken last. */
  calls: number;
  seconds: number;
  /** That the row of the operation tells of. */
  rowCalls: number;
}

/** What operations took, as rows: made of what `op.duration` has counted when somebody looks, so that a call costs nothing. */
export class OperationRows {
  readonly #told = new Map<string, Told>();

  /**
   * Rows of the operations that were called since the row before. The value is the mean since rows were last taken away; what
   * was ever called stands in the properties. `taken`: these are taken away.
   */
  *next(operations: Iterable<OperationTotals>, taken: boolean): Iterable<PerfMetric> {
    for (const { name, calls, failures, seconds } of operations) {
      const told = this.#told.get(name) ?? { calls: 0, seconds: 0, rowCalls: 0 };
      this.#told.set(name, told);
      if (calls !== told.rowCalls) {
        told.rowCalls = calls;
        const recentMs = milliseconds((seconds - told.seconds) / (calls - told.calls));
        yield rowOf(name, recentMs, { calls, failures, meanMs: milliseconds(seconds / calls) });
      }
      if (taken) Object.assign(told, { calls, seconds });
    }
  }
}

function rowOf(name: string, recentMs: number, properties: Readonly<Record<string, number>>): PerfMetric {
  return {
    category: 'Operation',
    type: 'performance',
    topic: name,
    subCat: 'Latency',
    id: `op.${name}`,
    value: `${recentMs}ms`,
    pattern: 'time_measurement',
    properties,
  };
}

/** Three digits: operations take from nanoseconds to hours, and none takes 0.00 ms. */
const milliseconds = (seconds: number): number => Number((seconds * 1000).toPrecision(3));
