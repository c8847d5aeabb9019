/** Bytes a row takes in DuckDB beside its texts and lists, measured. */
export const ROW_BYTES: Readonly<Record<string, number>> = {
  gauge: 32,
  gauge_rich: 72,
  sum: 32,
  sum_rich: 72,
  histogram: 112,
  exponential_histogram: 152,
  summary: 72,
  logs: 72,
  traces: 96,
};
