import { SCOPE_PROPERTY } from '../../pipeline/perf/attributes.ts';
import {
  judgePerfMetric,
  perfKey,
  recordOf,
  type PerfMetric,
  type PerfRecord,
  type PerfRow,
} from '../../pipeline/perf/record.ts';
import { nanosOfTime } from '../../pipeline/perf/time.ts';
import { validateMetricScope } from '../../pipeline/scope/claim.ts';
import { detectScope } from '../../pipeline/scope/detect.ts';
import type { PropertyJudge } from '../../pipeline/scope/properties.ts';

/** Kept unless somebody says otherwise. */
const ROWS_MAX = 1000;
/** Characters of all rows together, and of one: properties have no limit of their number. */
const CHARACTERS_MAX = 4 * 1024 * 1024;
const ROW_CHARACTERS_MAX = 64 * 1024;

export interface PerfRowsOptions {
  /** Whose rows these are; default: as `detectScope` says. */
  readonly scope?: string;
  /** States that are kept, one per key; one more and the longest unchanged goes. */
  readonly rowsMax?: number;
  /** What becomes of properties; default: they are cleaned. */
  readonly judge?: PropertyJudge;
  /** ms since 1970, with decimals down to nanoseconds. */
  readonly now?: () => number;
}

export type PerfVerdict =
  | { readonly accepted: true }
  | {
      readonly accepted: false;
      /** It claims another scope, or is no metric. */
      readonly code: 'SCOPE_VIOLATION' | 'MALFORMED';
      readonly reason: string;
    };

export interface PerfFilter {
  readonly category?: string;
  readonly type?: string;
}

/**
 * Rows of MASTER_PERF of one scope: the latest state of each thing, in memory. What is no metric, or claims another scope, is
 * not taken, and the verdict says why: nothing throws on plain data.
 */
export class PerfRows {
  readonly scope: string;
  readonly #judge: PropertyJudge | undefined;
  readonly #rowsMax: number;
  readonly #now: () => number;
  readonly #rows = new Map<string, PerfRow>();
  #characters = 0;
  /** Rows that were taken so far. */
  taken = 0;

  constructor({ scope = detectScope(), rowsMax = ROWS_MAX, now = Date.now, judge }: PerfRowsOptions = {}) {
    this.scope = scope;
    this.#judge = judge;
    this.#rowsMax = rowsMax;
    this.#now = now;
  }

  /** By key, the one that changed last at the end. A row that changes is another object. */
  get all(): ReadonlyMap<string, PerfRow> {
    return this.#rows;
  }

  add(metric: PerfMetric): PerfVerdict {
    const { isValid, reason = '' } = validateMetricScope(metric, this.scope);
    // What is no object claims nothing.
    if (!isValid && typeof metric === 'object' && metric !== null) return { accepted: false, code: 'SCOPE_VIOLATION', reason };
    const judged = judgePerfMetric(metric, nanosOfTime(this.#now()) ?? 0n, this.#judge);
    if (!judged.ok) return malformed(judged.message);
    // First for who reads it, and last so that a property that says something else at each reading changes nothing.
    const scope = { [SCOPE_PROPERTY]: this.scope };
    const row = { ...judged.row, properties: { ...scope, ...judged.row.properties, ...scope } };
    if (charactersOf(row) > ROW_CHARACTERS_MAX)
      return malformed(`cannot accept the metric: it has more than ${ROW_CHARACTERS_MAX} characters`);
    this.#keep(perfKey(row), row);
    return { accepted: true };
  }

  records({ category, type }: PerfFilter = {}): PerfRecord[] {
    return [...this.#rows.values()]
      .filter((row) => (category === undefined || row.category === category) && (type === undefined || row.type === type))
      .map(recordOf);
  }

  #keep(key: string, row: PerfRow): void {
    this.#forget(key);
    this.#rows.set(key, row);
    this.#characters += charactersOf(row);
    this.taken += 1;
    while (this.#rows.size > this.#rowsMax || this.#characters > CHARACTERS_MAX) this.#forget(this.#rows.keys().next().value!);
  }

  #forget(key: string): void {
    const row = this.#rows.get(key);
    if (row === undefined) return;
    this.#rows.delete(key);
    this.#characters -= charactersOf(row);
  }
}

export const malformed = (reason: string): PerfVerdict => ({ accepted: false, code: 'MALFORMED', reason });

function charactersOf(row: PerfRow): number {
  const texts: readonly unknown[] = [...Object.values(row), ...Object.entries(row.properties).flat()];
  return texts.reduce((sum: number, text) => (typeof text === 'string' ? sum + text.length : sum), 0);
}
