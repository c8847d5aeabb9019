/** What fell between two bounds. `lo` null: from below everything; `hi` null: without end. */
export interface Bucket {
  readonly lo: number | null;
  readonly hi: number | null;
  readonly n: number;
}

/**
 * The value that a share `q` of all lies below, as far as buckets tell: within a bucket evenly spread, from zero where the
 * first bucket of positive bounds has no lower one, and at its bound where a bucket has no end (Prometheus' rules).
 * NaN when nothing was counted. Buckets may overlap (of several senders) and come in any order.
 */
export function quantileOf(buckets: readonly Bucket[], q: number): number {
  const sorted = buckets
    .filter(({ n }) => n > 0)
    .toSorted((left, right) => upper(left) - upper(right) || lower(left) - lower(right));
  const total = sorted.reduce((sum, { n }) => sum + n, 0);
  if (total === 0) return Number.NaN;
  const wanted = q * total;
  let seen = 0;
  for (const each of sorted) {
    if (seen + each.n >= wanted) {
      if (each.hi === null) return each.lo ?? Number.NaN;
      const from = each.lo ?? Math.min(0, each.hi);
      return from + (each.hi - from) * Math.max(0, (wanted - seen) / each.n);
    }
    seen += each.n;
  }
  const last = sorted.at(-1);
  return last?.hi ?? last?.lo ?? Number.NaN;
}
const upper = ({ hi }: Bucket): number => hi ?? Infinity;
const lower = ({ lo }: Bucket): number => lo ?? -Infinity;

export interface Heatmap {
  /** Rows from the lowest value up: between two edges of `edges`. */
  readonly edges: readonly number[];
  /** Counts, row by row, each with one cell per time. */
  readonly cells: readonly (readonly number[])[];
  readonly most: number;
}

const ROWS_MAX = 36;

/** Buckets over time on common rows. The bounds themselves where there are few; else evenly spaced powers between the least
 *  and the greatest. What a bucket counts is spread over the rows it covers, so no count is lost or made. */
export function heatmapOf(columns: readonly (readonly Bucket[])[]): Heatmap {
  const edges = edgesOf(columns);
  const cells = Array.from({ length: Math.max(0, edges.length - 1) }, () => Array.from({ length: columns.length }, () => 0));
  const [least = 0, greatest = 0] = [edges[0], edges.at(-1)];
  for (const [at, buckets] of columns.entries()) {
    for (const { lo, hi, n } of buckets) {
      const from = Math.max(least, lo ?? least);
      const to = Math.min(greatest, hi ?? greatest);
      const width = to - from;
      for (let row = 0; row < cells.length; row += 1) {
        const [low = 0, high = 0] = [edges[row], edges[row + 1]];
        const share =
          width > 0
            ? (Math.min(to, high) - Math.max(from, low)) / width
            : isIn(from, low, high, row === cells.length - 1)
              ? 1
              : 0;
        const line = cells[row];
        if (share > 0 && line !== undefined) line[at] = (line[at] ?? 0) + n * share;
      }
    }
  }
  const most = cells.reduce((high, line) => line.reduce((each, value) => Math.max(each, value), high), 0);
  return { edges, cells, most };
}

const isIn = (value: number, low: number, high: number, last: boolean): boolean =>
  value >= low && (value < high || (last && value <= high));

function edgesOf(columns: readonly (readonly Bucket[])[]): number[] {
  const bounds = new Set<number>();
  for (const buckets of columns) {
    for (const { lo, hi, n } of buckets) {
      if (n <= 0) continue;
      if (hi !== null) bounds.add(hi);
      if (lo !== null) bounds.add(lo);
      else if (hi !== null) bounds.add(Math.min(0, hi === 0 ? -1 : hi < 0 ? hi * 2 : 0));
      // Without end: as wide as from zero.
      if (hi === null && lo !== null) bounds.add(lo > 0 ? lo * 2 : lo + 1);
    }
  }
  const sorted = [...bounds].toSorted((left, right) => left - right);
  const [least, greatest] = [sorted[0], sorted.at(-1)];
  if (least === undefined || greatest === undefined) return [];
  if (least === greatest) return [least, least === 0 ? 1 : least + Math.abs(least)];
  if (sorted.length <= ROWS_MAX + 1) return sorted;
  const smallest = sorted.find((value) => value > 0);
  if (least < 0 || smallest === undefined)
    return Array.from({ length: ROWS_MAX + 1 }, (_, at) =>
      at === ROWS_MAX ? greatest : least + ((greatest - least) * at) / ROWS_MAX,
    );
  const rows = ROWS_MAX - (least === 0 ? 1 : 0);
  const powers = Array.from({ length: rows + 1 }, (_, at) => smallest * (greatest / smallest) ** (at / rows));
  powers[rows] = greatest;
  return least === 0 ? [0, ...powers] : powers;
}
