import { filterConditions, parseFilter, type FilterColumns } from './filter-text.ts';
import { SEVERITIES } from './palette.ts';
import { bucket, text, where, within } from './sql-text.ts';
import type { Stretch } from './time-range.ts';

export interface LogView {
  readonly q: string;
  /** '' = all. */
  readonly service: string;
  /** Name of the least severity: `warn`; '' = all. */
  readonly severity: string;
  /** '' = of any trace, or of none. */
  readonly trace: string;
}

const COLUMNS: FilterColumns = {
  text: 'Body',
  names: { service: 'ServiceName', severity: 'SeverityText', trace: 'TraceId', span: 'SpanId', event: 'EventName', body: 'Body' },
  maps: ['LogAttributes', 'ResourceAttributes'],
};

/** The least number of a severity's name: `warn` → 13. */
export function leastSeverity(severity: string): number {
  const at = SEVERITIES.findIndex((each) => each === severity);
  return at === -1 ? 0 : at * 4 + 1;
}

function conditions({ q, service, severity, trace }: LogView): string[] {
  const least = leastSeverity(severity);
  return [
    ...(trace === '' ? [] : [`TraceId = ${text(trace)}`]),
    ...(service === '' ? [] : [`ServiceName = ${text(service)}`]),
    ...(least === 0 ? [] : [`SeverityNumber >= ${least}`]),
    ...filterConditions(parseFilter(q), COLUMNS),
  ];
}

/** The newest first; with `stretch` undefined, whenever they came. */
export const logRows = (view: LogView, stretch: Stretch | undefined, most: number): string =>
  `SELECT Timestamp AS time, SeverityNumber AS severity, SeverityText AS severity_text, ServiceName AS service, Body AS body,
  TraceId AS trace, SpanId AS span, EventName AS event, LogAttributes AS attributes, ResourceAttributes AS resource
FROM otel_logs
${where(stretch && within('Timestamp', stretch), ...conditions(view))}
ORDER BY Timestamp DESC
LIMIT ${most}`;

/** (t ms, level, n): `level` 0 = none, 1 = trace … 6 = fatal. */
export const logCounts = (view: LogView, stretch: Stretch, step: number): string =>
  `SELECT ${bucket('Timestamp', step)} AS t, least((SeverityNumber + 3) // 4, 6) AS level, count(*) AS n
FROM otel_logs
${where(within('Timestamp', stretch), ...conditions(view))}
GROUP BY ALL ORDER BY t`;
