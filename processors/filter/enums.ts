/** Names that stand for numbers, in every context that has them (contrib, pkg/ottl/contexts, symbols.go). */
const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) => [
  name,
  `${name}2`,
  `${name}3`,
  `${name}4`,
]);

function numbered(prefix: string, names: readonly string[]): [string, bigint][] {
  return names.map((name, number) => [prefix + name, BigInt(number)]);
}

/** Of Span.kind: as OTTL's kind.string says them. */
export const KIND_NAMES = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];

/** The OTTL number of a metric's type, by the field of Metric.data. */
export const METRIC_TYPES: Readonly<Record<number, number>> = { 0: 0, 5: 1, 7: 2, 9: 3, 10: 4, 11: 5 };

export const ENUMS: Readonly<Record<string, bigint>> = Object.fromEntries([
  ...numbered('SEVERITY_NUMBER_', ['UNSPECIFIED', ...SEVERITIES]),
  ...numbered(
    'SPAN_KIND_',
    KIND_NAMES.map((name) => name.toUpperCase()),
  ),
  ...numbered('STATUS_CODE_', ['UNSET', 'OK', 'ERROR']),
  ...numbered('METRIC_DATA_TYPE_', ['NONE', 'GAUGE', 'SUM', 'HISTOGRAM', 'EXPONENTIAL_HISTOGRAM', 'SUMMARY']),
  ...numbered('AGGREGATION_TEMPORALITY_', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE']),
  ['FLAG_NONE', 0n],
  ['FLAG_NO_RECORDED_VALUE', 1n],
]);
