export type Heights = [low: number, high: number];

/** Values that differ by less of their size stand on one line: an axis cannot count between them, and would try for ever. */
const FLAT = 1e-10;

/** The heights of a chart of values from `low` to `high`: from zero where zero is near, with some air above. */
export function heightsOf(low: number | null, high: number | null, fromZero: boolean): Heights {
  if (low === null || high === null) return [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const span = high - low <= size * FLAT ? 0 : high - low;
  const isNear = low >= 0 && low <= span;
  const from = fromZero || isNear ? Math.min(0, low) : low - (span || size) * 0.1;
  const to = fromZero ? Math.max(0, high) : high;
  return [from, to === from ? from + 1 : to + (to - from) * 0.06];
}
