import type { PerfMetric, PerfRecord } from '../../../pipeline/perf/record.ts';
import type { PerfFilter, PerfVerdict } from '../../perf/rows.ts';

/** A stream that text can be written to; whether a person looks at it decides about colours. */
export interface PrintTarget {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** MASTER_PERF of this process: the latest state of each thing, tagged with its scope. */
export interface Perf {
  /**
   * Takes a row; the next export sends it. Without a claim it gets the scope of this process. One that claims another scope
   * throws an error whose `code` is `SCOPE_VIOLATION`, and nothing else throws: what is no row is not taken, and the verdict
   * says why.
   */
  add(metric: PerfMetric): PerfVerdict;
  /** The rows as JSON has them, the one that changed last at the end. */
  metrics(filter?: PerfFilter): PerfRecord[];
  /** The ten columns and the time, with a header line (RFC 4180). */
  csv(filter?: PerfFilter): string;
  /** A table without colours. */
  toString(): string;
  /** The table, in colours where a person looks. Default: stdout. */
  print(target?: PrintTarget): void;
}
