import { PERF_FIELDS, type PerfMetric, type PerfRecord } from '../../../pipeline/perf/record.ts';
import { malformed, PerfRows, type PerfVerdict } from '../../perf/rows.ts';
import { csvText } from '../../terminal/csv.ts';
import type { KeptSource } from '../export/series-log.ts';
import { PERF_LIMITS } from '../limits.ts';
import type { OperationTotals } from '../track/contract.ts';
import type { Perf, PrintTarget } from './contract.ts';
import { OperationRows } from './operation-rows.ts';
import { PerfOutbox } from './outbox.ts';
import { scopeViolation } from './scope-violation.ts';
import { wallClock } from './wall-clock.ts';

export interface PerfOptions {
  /** Of this process; asked for by the first row, or the first collection. */
  readonly scope: () => string;
  /** The rows as a table; with `target` as it can show them, else without colours. */
  readonly draw: (records: readonly PerfRecord[], target?: PrintTarget) => string;
  /** What operations of the app took until now. */
  readonly operations?: () => Iterable<OperationTotals>;
  /** Told of a row that claims another scope, before it is thrown. Never throws. */
  readonly onViolation?: ((reason: string) => void) | undefined;
}

export interface StartedPerf {
  readonly perf: Perf;
  /** What the export sends of it. */
  readonly outbox: KeptSource;
}

/** MASTER_PERF of this process. */
export function startPerf({ scope, draw, operations = () => [], onViolation }: PerfOptions): StartedPerf {
  let made: PerfRows | undefined;
  const rows = (): PerfRows => (made ??= new PerfRows({ scope: scope(), rowsMax: PERF_LIMITS.rows, now: wallClock() }));
  const ofOperations = new OperationRows();
  const refresh = (taken: boolean): void => {
    for (const metric of ofOperations.next(operations(), taken)) rows().add(metric);
  };
  const records: Perf['metrics'] = (filter) => {
    refresh(false);
    return rows().records(filter);
  };
  const perf: Perf = {
    add(metric) {
      const verdict = judged(rows(), metric);
      if (verdict.accepted || verdict.code !== 'SCOPE_VIOLATION') return verdict;
      onViolation?.(verdict.reason);
      throw scopeViolation(verdict.reason, rows().scope);
    },
    metrics: records,
    csv: (filter) =>
      csvText(
        COLUMNS,
        records(filter).map((record) => COLUMNS.map((column) => record[column])),
      ),
    toString: () => draw(records()),
    print: (target = process.stdout) => void target.write(`${draw(records(), target)}\n`),
  };
  return { perf, outbox: new PerfOutbox(rows, () => refresh(true)) };
}

const COLUMNS = [...PERF_FIELDS, 'time'] as const;

/** What an application hands in may throw when it is looked at. */
function judged(rows: PerfRows, metric: PerfMetric): PerfVerdict {
  try {
    return rows.add(metric);
  } catch {
    return malformed('cannot accept the metric: it cannot be read');
  }
}
