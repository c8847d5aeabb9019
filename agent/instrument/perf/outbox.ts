import { perfAttributes, PERF_EVENT, PERF_INSTRUMENTATION_SCOPE } from '../../../pipeline/perf/attributes.ts';
import type { PerfRow } from '../../../pipeline/perf/record.ts';
import type { PerfRows } from '../../perf/rows.ts';
import type { KeptSource } from '../export/series-log.ts';
import type { KeptPoint, KeptPoints } from '../metrics/contract.ts';

/** Rows on their way to the exporting thread: each is a point of the gauge `perf.metric`, with its own time. */
export class PerfOutbox implements KeptSource {
  readonly #rows: () => PerfRows;
  readonly #refresh: () => void;
  #told: ReadonlyMap<string, PerfRow> = new Map();

  /** `refresh` is called before rows are taken. */
  constructor(rows: () => PerfRows, refresh: () => void) {
    this.#rows = rows;
    this.#refresh = refresh;
  }

  get version(): number {
    return this.#rows().taken;
  }

  take(all: boolean): KeptPoints {
    this.#refresh();
    const { all: rows } = this.#rows();
    const known: ReadonlyMap<string, PerfRow> = all ? new Map() : this.#told;
    const points: KeptPoint[] = [];
    for (const key of known.keys()) if (!rows.has(key)) points.push({ key, point: undefined });
    for (const [key, row] of rows) if (known.get(key) !== row) points.push({ key, point: pointOf(row) });
    if (points.length > 0 || all) this.#told = new Map(rows);
    return { name: PERF_EVENT, meter: PERF_INSTRUMENTATION_SCOPE, points };
  }
}

/** Its number is the one that the value begins with, for whoever draws it; 1 where there is none. */
function pointOf(row: PerfRow): NonNullable<KeptPoint['point']> {
  const number = Number.parseFloat(row.value);
  return {
    timeNs: row.timeUnixNano,
    value: Number.isFinite(number) ? number : 1,
    attributes: perfAttributes(row),
  };
}
