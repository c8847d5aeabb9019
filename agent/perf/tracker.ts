import type { PerfMetric, PerfRecord } from '../../pipeline/perf/record.ts';
import { judgeProperties, type PropertyRules } from '../../pipeline/scope/properties.ts';
import { surfaceOf } from '../terminal/surface.ts';
import { drawPerfMatrix, perfTsv } from './matrix.ts';
import { PerfRows, type PerfFilter, type PerfRowsOptions, type PerfVerdict } from './rows.ts';

export interface MasterPerfTrackerOptions extends Omit<PerfRowsOptions, 'judge'>, PropertyRules {}

/** Names of operations whose calls are counted, unless it is told otherwise. */
const OPERATIONS_MAX = 1000;

interface PrintTarget {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Calls of one operation so far. */
interface Operation {
  calls: number;
  failures: number;
  totalMs: number;
  bytes: number;
}

/**
 * MASTER_PERF inside an app, by the names of the earlier system. Keeps the latest state of each thing, of one scope, in
 * memory. What is no metric, or claims another scope, is not taken, and the verdict says why: nothing throws.
 */
export class MasterPerfTracker {
  readonly #rows: PerfRows;
  readonly #operationsMax: number;
  readonly #operations = new Map<string, Operation>();

  constructor(options: MasterPerfTrackerOptions = {}) {
    this.#rows = new PerfRows({ ...options, judge: (properties) => judgeProperties(properties, options) });
    this.#operationsMax = options.rowsMax ?? OPERATIONS_MAX;
  }

  get scope(): string {
    return this.#rows.scope;
  }

  addPerformanceMetric(metric: PerfMetric): PerfVerdict {
    return this.#rows.add(metric);
  }

  /** The latest of each, the one that changed last at the end; as `POST /api/infra/master-perf` takes them. */
  getMasterPerfMetrics(filter: PerfFilter = {}): PerfRecord[] {
    return this.#rows.records(filter);
  }

  /** The ten columns, as the stream can show them; tab-separated values where nobody looks. */
  printMasterPerfMatrix(stream: PrintTarget = process.stdout): void {
    const rows = this.getMasterPerfMetrics();
    const surface = surfaceOf(stream, process.env);
    stream.write(`${surface.isTerminal ? drawPerfMatrix(rows, surface).text : perfTsv(rows)}\n`);
  }

  /**
   * Runs a call of a storage client and adds what it took: latency and, where `bytes` tells of how many, throughput, over
   * all calls of that name so far. Gives back what the call gives, and throws what it throws.
   */
  async timeOperation<Result>(name: string, call: () => Promise<Result>, bytes?: (result: Result) => number): Promise<Result> {
    const operation = this.#operation(name);
    const startMs = performance.now();
    try {
      const result = await call();
      operation.bytes += bytes?.(result) ?? 0;
      return result;
    } catch (error) {
      operation.failures += 1;
      throw error;
    } finally {
      const tookMs = performance.now() - startMs;
      operation.calls += 1;
      operation.totalMs += tookMs;
      this.#addOperation(name, operation, tookMs, bytes !== undefined);
    }
  }

  #operation(name: string): Operation {
    let operation = this.#operations.get(name);
    if (operation === undefined) {
      operation = { calls: 0, failures: 0, totalMs: 0, bytes: 0 };
      if (this.#operations.size >= this.#operationsMax) this.#operations.delete(this.#operations.keys().next().value!);
      this.#operations.set(name, operation);
    }
    return operation;
  }

  #addOperation(name: string, { calls, failures, totalMs, bytes }: Operation, tookMs: number, hasBytes: boolean): void {
    const of = { category: 'R2', type: 'performance', topic: name, id: `r2.${name}` };
    const meanMs = totalMs / calls;
    this.addPerformanceMetric({
      ...of,
      subCat: 'Latency',
      value: `${tookMs.toFixed(2)}ms`,
      pattern: 'time_measurement',
      properties: { calls, failures, meanMs: meanMs.toFixed(2) },
    });
    if (!hasBytes) return;
    const perSecond = totalMs === 0 ? 0 : (bytes / totalMs) * 1000;
    this.addPerformanceMetric({
      ...of,
      subCat: 'Throughput',
      value: `${(perSecond / 1e6).toFixed(2)}MB/s`,
      pattern: 'throughput_measurement',
      properties: { calls, bytes },
    });
  }
}
