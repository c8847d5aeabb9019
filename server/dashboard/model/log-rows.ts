import type { StreamLog } from '../../stream/protocol.ts';
import { parseFilter } from './filter-text.ts';
import { timeOf } from './format.ts';
import { leastSeverity, type LogView } from './log-queries.ts';
import { severityName, SEVERITIES } from './palette.ts';

export interface LogRow {
  /** The same row has the same one in the next answer. */
  readonly key: string;
  readonly ms: number;
  /** As the API wrote it, to the nanosecond. */
  readonly time: string;
  readonly severity: number;
  readonly level: string;
  readonly service: string;
  readonly body: string;
  readonly trace: string;
  readonly span: string;
  readonly event: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value);
const mapOf = (value: unknown): Readonly<Record<string, string>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Readonly<Record<string, string>>) : {};

/** Rows of the API. A row has no number of its own: what makes it up does, with how many of the same stood before it. */
export function logRowsOf(rows: readonly Readonly<Record<string, unknown>>[]): LogRow[] {
  const seen = new Map<string, number>();
  return rows.map((row) => {
    const [time, body, span] = [textOf(row['time']), textOf(row['body']), textOf(row['span'])];
    const severity = Number(row['severity'] ?? 0);
    const same = JSON.stringify([time, row['service'], span, body]);
    const count = seen.get(same) ?? 0;
    seen.set(same, count + 1);
    return {
      key: `${same}${count}`,
      ms: timeOf(time),
      time,
      severity,
      level: severityName(severity),
      service: textOf(row['service']),
      body,
      trace: textOf(row['trace']),
      span,
      event: textOf(row['event']),
      attributes: mapOf(row['attributes']),
      resource: mapOf(row['resource']),
    };
  });
}

/** 0 to 6, as `logCounts` numbers them. */
export const levelName = (level: number): string => (level < 1 ? 'none' : (SEVERITIES[Math.min(5, level - 1)] ?? 'fatal'));

/** Rows that have just come before those that are there: newest first, no row twice, at most `most`. */
export function prepend(fresh: readonly LogRow[], rows: readonly LogRow[], most: number): LogRow[] {
  const known = new Set(rows.map(({ key }) => key));
  const added = fresh.filter(({ key }) => !known.has(key));
  if (added.length === 0) return rows.length > most ? rows.slice(0, most) : [...rows];
  return [...added.toSorted((left, right) => (left.time < right.time ? 1 : left.time > right.time ? -1 : 0)), ...rows].slice(
    0,
    most,
  );
}

/** Records of the live stream as rows. They lack resource and event name, which come with the next answer of the API. */
export const streamedRows = (records: readonly StreamLog[]): LogRow[] =>
  logRowsOf(
    records.map(({ time, severity_number: severity, service, body, trace_id: trace, span_id: span, attributes }) => ({
      time,
      severity,
      service,
      body,
      trace,
      span,
      attributes,
    })),
  );

/** Would the API find this row? What the stream does not tell (the resource) counts as not fitting, until the API does. */
export function fits(row: LogRow, { q, service, severity, trace }: LogView): boolean {
  const { words, conditions } = parseFilter(q);
  const body = row.body.toLowerCase();
  const named: Readonly<Record<string, string>> = {
    service: row.service,
    trace: row.trace,
    span: row.span,
    event: row.event,
    body: row.body,
  };
  return (
    (service === '' || row.service === service) &&
    (trace === '' || row.trace === trace) &&
    row.severity >= leastSeverity(severity) &&
    words.every((word) => body.includes(word.toLowerCase())) &&
    conditions.every(({ key, not, value }) => ((named[key] ?? row.attributes[key]) === value) !== not)
  );
}
