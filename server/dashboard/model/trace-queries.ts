import { filterConditions, parseFilter, type FilterColumns } from './filter-text.ts';
import { text, where, within } from './sql-text.ts';
import type { Stretch } from './time-range.ts';

export interface TraceView {
  readonly q: string;
  readonly service: string;
  readonly errors: boolean;
  /** Milliseconds; 0 = any. */
  readonly least: number;
  readonly order: 'newest' | 'slowest';
}

const COLUMNS: FilterColumns = {
  text: 'SpanName',
  names: { service: 'ServiceName', name: 'SpanName', kind: 'SpanKind', status: 'StatusCode', trace: 'TraceId', span: 'SpanId' },
  maps: ['SpanAttributes', 'ResourceAttributes'],
};

/** (trace, start ms, duration ns, spans, errors, services, service, name): those with a span that fits all conditions. */
export function traceList({ q, service, errors, least, order }: TraceView, stretch: Stretch, most: number): string {
  const ofSpan = [...(service === '' ? [] : [`ServiceName = ${text(service)}`]), ...filterConditions(parseFilter(q), COLUMNS)];
  const having = [
    ...(ofSpan.length === 0 ? [] : [`bool_or(${ofSpan.join(' AND ')})`]),
    ...(errors ? ['errors > 0'] : []),
    ...(least > 0 ? [`duration >= ${Math.round(least * 1e6)}`] : []),
  ];
  const root = (column: string): string =>
    `coalesce(any_value(${column}) FILTER (WHERE ParentSpanId = ''), arg_min(${column}, Timestamp))`;
  return `SELECT TraceId AS trace, epoch_ms(min(Timestamp)) AS start,
  max(epoch_ns(Timestamp) + Duration::BIGINT) - min(epoch_ns(Timestamp)) AS duration, count(*) AS spans,
  count(*) FILTER (WHERE StatusCode = 'Error') AS errors, list(DISTINCT ServiceName ORDER BY ServiceName) AS services,
  ${root('ServiceName')} AS service, ${root('SpanName')} AS name
FROM otel_traces
${where(within('Timestamp', stretch))}
GROUP BY TraceId${having.length === 0 ? '' : `\nHAVING ${having.join('\n  AND ')}`}
ORDER BY ${order === 'slowest' ? 'duration' : 'start'} DESC
LIMIT ${most}`;
}

/** All spans of one trace, whenever they came. */
export const traceSpans = (trace: string): string =>
  `SELECT SpanId AS span, ParentSpanId AS parent, SpanName AS name, SpanKind AS kind, ServiceName AS service, Timestamp AS time,
  epoch_ns(Timestamp) - min(epoch_ns(Timestamp)) OVER () AS offset_ns, Duration AS duration, StatusCode AS status,
  StatusMessage AS message, SpanAttributes AS attributes, ResourceAttributes AS resource, ScopeName AS instrumentation,
  Events AS events, Links AS links
FROM otel_traces
WHERE TraceId = ${text(trace)}
ORDER BY Timestamp
LIMIT 10000`;
