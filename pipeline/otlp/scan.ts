import type { Signal } from '../signal.ts';
import { canonicalise } from './canonicalise.ts';
import { FULL, GAUGE, NOT_CANONICAL, OK, SUM } from './scan-cells.ts';
import {
  ExponentialHistogramTable,
  HistogramTable,
  LogTable,
  PointTable,
  SpanTable,
  SummaryTable,
  type Table,
} from './scan-columns.ts';
import { ScannedDictionaries } from './scan-dictionaries.ts';
import { NO_MEMORY, ScanMachine } from './scan-machine.ts';
import type { LogsScan, MetricsScan, ScanOutcome, TracesScan } from './scan-types.ts';

const READ: ScanOutcome = { rows: 0, fault: '' };

/**
 * Reads requests into columns (scan-types.ts says which). A request is read whole or not at all. One in which a singular
 * field occurs twice is first brought into canonical form, as the walk does.
 */
abstract class RequestScan {
  readonly dictionaries: ScannedDictionaries;
  protected readonly machine: ScanMachine;
  protected abstract readonly tables: readonly Table[];
  readonly #signal: Signal;

  constructor(signal: Signal, memoryBytes?: number) {
    this.#signal = signal;
    this.machine = new ScanMachine(signal, memoryBytes);
    this.dictionaries = new ScannedDictionaries(this.machine);
  }

  get rows(): number {
    let rows = 0;
    for (const table of this.tables) rows += table.length;
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
    if (verdict === OK) return { rows: this.rows - before, fault: '' };
    return { ...READ, fault: `cannot read the ${this.#signal} request: ${cause(verdict)}` };
  }

  clear(): void {
    for (const table of this.tables) table.length = table.heapLength = 0;
    this.machine.settle();
    this.#look();
  }

  rotate(): void {
    this.machine.forget();
    this.#look();
    this.dictionaries.generation += 1;
  }

  /** Takes back the rows of a request that it cannot read. */
  #run(bytes: Uint8Array): number {
    const { tables } = this;
    const before = tables.map(({ length, heapLength }) => [length, heapLength] as const);
    const verdict = this.machine.run(bytes);
    if (verdict !== OK) for (const [i, table] of tables.entries()) [table.length, table.heapLength] = before[i]!;
    this.#look();
    return verdict;
  }

  #look(): void {
    for (const table of this.tables) table.look();
  }
}

function cause(verdict: number): string {
  if (verdict === FULL) return 'too many rows wait already';
  return verdict === NO_MEMORY ? 'no memory is left for what it holds' : 'not valid OTLP protobuf';
}

class ScanOfMetrics extends RequestScan implements MetricsScan {
  readonly gauge = new PointTable(this.machine, GAUGE);
  readonly sum = new PointTable(this.machine, SUM);
  readonly histogram = new HistogramTable(this.machine);
  readonly exponentialHistogram = new ExponentialHistogramTable(this.machine);
  readonly summary = new SummaryTable(this.machine);
  protected override readonly tables = [this.gauge, this.sum, this.histogram, this.exponentialHistogram, this.summary];
}
class ScanOfLogs extends RequestScan implements LogsScan {
  readonly logs = new LogTable(this.machine);
  protected override readonly tables = [this.logs];
}
class ScanOfTraces extends RequestScan implements TracesScan {
  readonly spans = new SpanTable(this.machine);
  protected override readonly tables = [this.spans];
}

/** `memoryBytes`: what it may take at most, a multiple of 64 KiB. */
export function metricsScan(memoryBytes?: number): MetricsScan {
  return new ScanOfMetrics('metrics', memoryBytes);
}
export function logsScan(memoryBytes?: number): LogsScan {
  return new ScanOfLogs('logs', memoryBytes);
}
export function tracesScan(memoryBytes?: number): TracesScan {
  return new ScanOfTraces('traces', memoryBytes);
}
