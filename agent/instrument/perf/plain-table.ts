import { PERF_FIELDS, type PerfRecord } from '../../../pipeline/perf/record.ts';
import { printable } from '../../terminal/fit.ts';

/** The ten columns one under the other, for bundles without the matrix: no lines, no colours, and no width but their own.
 *  What would steer a terminal is made visible here, too. */
export function plainTable(records: readonly PerfRecord[]): string {
  const lines = [
    PERF_FIELDS.map((field) => field.toUpperCase()),
    ...records.map((record) =>
      PERF_FIELDS.map((field) => printable(field === 'properties' ? JSON.stringify(record.properties) : record[field])),
    ),
  ];
  const widths = PERF_FIELDS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
