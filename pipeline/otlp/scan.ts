import { randomInt } from 'node:crypto';
import { LIMITS } from '../limits.ts';
import type { Signal } from '../signal.ts';
import { canonicalise } from './canonicalise.ts';
import type { AnyTable } from './scan-columns.kernel.ts';
import { ScannedDictionaries } from './scan-dictionaries.ts';
import { MetricsScanner } from './scan-metrics.kernel.ts';
import { LogsScanner, TracesScanner } from './scan-records.kernel.ts';
import { FULL, type RequestScanner } from './scan-request.kernel.ts';
import type { LogsScan, MetricsScan, ScanOutcome, TracesScan } from './scan-types.ts';
import { NOT_CANONICAL, OK } from './strict.kernel.ts';

type Tables = readonly AnyTable[];
const READ: ScanOutcome = { rows: 0, fault: '' };

/**
 * Reads requests into columns (scan-types.ts says which). A request is read whole or not at all. One in which a singular
 * field occurs twice is first brought into canonical form, as the walk does.
 */
abstract class RequestScan<Scanner extends RequestScanner & { readonly tables: Tables }> {
  readonly dictionaries: ScannedDictionaries;
  protected readonly scanner: Scanner;
  readonly #signal: Signal;

  constructor(signal: Signal, scanner: Scanner) {
    this.#signal = signal;
    this.scanner = scanner;
    this.dictionaries = new ScannedDictionaries(scanner);
    for (const table of scanner.tables) {
      table.rowsMax = LIMITS.scanRows;
      table.heapBytesMax = LIMITS.scanHeapBytes;
    }
  }

  get rows(): number {
    let rows = 0;
    for (const table of this.scanner.tables) rows += table.length;
    return rows;
  }

  scan(bytes: Uint8Array): ScanOutcome {
    const before = this.rows;
    let verdict = this.#run(bytes);
    if (verdict === NOT_CANONICAL) {
      const rewritten = canonicalise(this.#signal, bytes);
      if (!(rewritten instanceof Uint8Array)) return { ...READ, fault: rewritten.message };
      verdict = this.#run(rewritten);
    }
    if (verdict === FULL) return { ...READ, fault: `cannot read the ${this.#signal} request: too many rows wait already` };
    if (verdict !== OK) return { ...READ, fault: `cannot read the ${this.#signal} request: not valid OTLP protobuf` };
    return { rows: this.rows - before, fault: '' };
  }

  clear(): void {
    for (const table of this.scanner.tables) table.clear();
  }

  rotate(): void {
    this.clear();
    this.scanner.forget();
    this.dictionaries.generation += 1;
  }

  /** Takes back the rows of a request that it cannot read. */
  #run(bytes: Uint8Array): number {
    const { tables } = this.scanner;
    const lengths = tables.map((table) => table.length);
    const heaps = tables.map((table) => table.heapLength);
    const verdict = this.scanner.run(bytes);
    if (verdict === OK) return OK;
    for (const [i, table] of tables.entries()) {
      table.length = lengths[i]!;
      table.heapLength = heaps[i]!;
    }
    return verdict;
  }
}

const seed = (): number => randomInt(2 ** 31);

class ScanOfMetrics extends RequestScan<MetricsScanner> implements MetricsScan {
  readonly gauge = this.scanner.gauge;
  readonly sum = this.scanner.sum;
  readonly histogram = this.scanner.histogram;
  readonly exponentialHistogram = this.scanner.exponentialHistogram;
  readonly summary = this.scanner.summary;
}
class ScanOfLogs extends RequestScan<LogsScanner> implements LogsScan {
  readonly logs = this.scanner.logs;
}
class ScanOfTraces extends RequestScan<TracesScanner> implements TracesScan {
  readonly spans = this.scanner.spans;
}

export function metricsScan(): MetricsScan {
  return new ScanOfMetrics('metrics', new MetricsScanner(seed(), LIMITS.valueDepth));
}
export function logsScan(): LogsScan {
  return new ScanOfLogs('logs', new LogsScanner(seed(), LIMITS.valueDepth));
}
export function tracesScan(): TracesScan {
  return new ScanOfTraces('traces', new TracesScanner(seed(), LIMITS.valueDepth));
}
