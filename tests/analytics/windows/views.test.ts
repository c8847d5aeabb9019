import { DuckDBListValue, DuckDBMapValue, DuckDBStructValue, DuckDBTimestampNanosecondsValue } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERF_COMMENTS } from '../../../analytics/windows/perf-table.ts';
import { COMMENTS } from '../../../analytics/windows/views.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest, encode } from '../../support/build.ts';
import { decode, mergeMessage, type Tree, type Value } from '../../support/reference/otlp.ts';
import { attributesOf, scannedRows, type Row } from '../../support/reference/scanned.ts';
import { openWindow, type OpenWindow } from '../../support/sql-rows.ts';

const VIEWS: Readonly<Record<string, string>> = {
  gauge: 'otel_metrics_gauge',
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  exponentialHistogram: 'otel_metrics_exponential_histogram',
  summary: 'otel_metrics_summary',
  logs: 'otel_logs',
  spans: 'otel_traces',
};

/** What DuckDB's library gives, as plain values: times as nanoseconds, maps and structs as objects. */
function plain(value: unknown): unknown {
  if (value instanceof DuckDBTimestampNanosecondsValue) return value.nanos;
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  if (value instanceof DuckDBMapValue) return sorted(value.entries.map(({ key, value: each }) => [String(key), plain(each)]));
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([key, each]) => [key, plain(each)]));
  return value;
}
const sorted = (pairs: [string, unknown][]): object => Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));

const LATEST = 2n ** 63n - 2n;
const time = (nanos: bigint): bigint => (nanos > LATEST ? LATEST : nanos);
const number = (value: Value | undefined): number => Number(value ?? 0);
const hex = (value: Value | undefined): string => {
  const text = Buffer.from((value ?? Buffer.alloc(0)) as Uint8Array).toString('hex');
  return /^0*$/.test(text) ? '' : text;
};
const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const CODES = ['Unset', 'Ok', 'Error'];

function messages(name: string, row: Row, key: string, read: (tree: Tree) => object): object[] {
  return (row[key] as string[]).map((bytes) => read(mergeMessage(name, {}, Buffer.from(bytes, 'hex'))));
}
const exemplarsOf = (row: Row): object[] =>
  messages('Exemplar', row, 'exemplars', (tree) => ({
    FilteredAttributes: attributesOf(tree['filteredAttributes']),
    TimeUnix: time((tree['timeUnixNano'] ?? 0n) as bigint),
    Value: tree['asInt'] === undefined ? number(tree['asDouble']) : Number(tree['asInt']),
    SpanId: hex(tree['spanId']),
    TraceId: hex(tree['traceId']),
  }));

/** What the views must show of a row of reference/scanned.ts. */
function expectedRow(kind: string, row: Row): Record<string, unknown> {
  const resource = row['resource'] as { attributes: object; schemaUrl: string; service: string };
  const scope = row['instrumentationScope'] as {
    name: string;
    version: string;
    attributes: object;
    schemaUrl: string;
    droppedAttributesCount: number;
  };
  if (kind === 'logs' || kind === 'spans') {
    const common = {
      Timestamp: time(row['time'] as bigint),
      TraceId: row['traceId'],
      SpanId: row['spanId'],
      ServiceName: resource.service,
      ResourceAttributes: resource.attributes,
      ScopeName: scope.name,
      ScopeVersion: scope.version,
    };
    if (kind === 'logs')
      return {
        ...common,
        TraceFlags: (row['flags'] as number) & 255,
        SeverityText: row['severityText'],
        SeverityNumber: row['severityNumber'],
        Body: row['body'],
        ResourceSchemaUrl: resource.schemaUrl,
        ScopeSchemaUrl: scope.schemaUrl,
        ScopeAttributes: scope.attributes,
        LogAttributes: row['attributes'],
        EventName: row['eventName'],
      };
    return {
      ...common,
      ParentSpanId: row['parentSpanId'],
      TraceState: row['traceState'],
      SpanName: row['name'],
      SpanKind: KINDS[row['kind'] as number] ?? '',
      SpanAttributes: row['attributes'],
      Duration: row['duration'],
      StatusCode: CODES[row['statusCode'] as number] ?? '',
      StatusMessage: row['statusMessage'],
      Events: messages('Event', row, 'events', (tree) => ({
        Timestamp: time((tree['timeUnixNano'] ?? 0n) as bigint),
        Name: tree['name'] ?? '',
        Attributes: attributesOf(tree['attributes']),
      })),
      Links: messages('Link', row, 'links', (tree) => ({
        TraceId: hex(tree['traceId']),
        SpanId: hex(tree['spanId']),
        TraceState: tree['traceState'] ?? '',
        Attributes: attributesOf(tree['attributes']),
      })),
    };
  }
  return { ...metricRow(resource, scope, row), ...valueColumns(kind, row) };
}

function metricRow(
  resource: { attributes: object; schemaUrl: string; service: string },
  scope: { name: string; version: string; attributes: object; schemaUrl: string; droppedAttributesCount: number },
  row: Row,
): Record<string, unknown> {
  const metric = row['metric'] as { name: string; description: string; unit: string };
  return {
    ResourceAttributes: resource.attributes,
    ResourceSchemaUrl: resource.schemaUrl,
    ScopeName: scope.name,
    ScopeVersion: scope.version,
    ScopeAttributes: scope.attributes,
    ScopeDroppedAttrCount: scope.droppedAttributesCount,
    ScopeSchemaUrl: scope.schemaUrl,
    ServiceName: resource.service,
    MetricName: metric.name,
    MetricDescription: metric.description,
    MetricUnit: metric.unit,
    Attributes: row['attributes'],
    StartTimeUnix: time(row['startTime'] as bigint),
    TimeUnix: time(row['time'] as bigint),
    Flags: row['flags'],
  };
}

function valueColumns(kind: string, row: Row): Record<string, unknown> {
  const metric = row['metric'] as { temporality: number; isMonotonic: boolean };
  const temporality = { AggregationTemporality: metric.temporality };
  if (kind === 'gauge') return { Value: row['value'], Exemplars: exemplarsOf(row) };
  if (kind === 'sum')
    return { Value: row['value'], Exemplars: exemplarsOf(row), ...temporality, IsMonotonic: metric.isMonotonic };
  if (kind === 'summary') {
    const quantiles = (row['quantiles'] as [number, number][]).map(([Quantile, Value]) => ({ Quantile, Value }));
    return { Count: row['count'], Sum: row['sum'], ValueAtQuantiles: quantiles };
  }
  const present = row['present'] as number;
  const buckets = {
    Count: row['count'],
    Sum: (present & 1) === 0 ? null : row['sum'],
    Min: (present & 2) === 0 ? null : row['min'],
    Max: (present & 4) === 0 ? null : row['max'],
    Exemplars: exemplarsOf(row),
    ...temporality,
  };
  if (kind === 'histogram') return { ...buckets, BucketCounts: row['bucketCounts'], ExplicitBounds: row['explicitBounds'] };
  return {
    ...buckets,
    Scale: row['scale'],
    ZeroCount: row['zeroCount'],
    ZeroThreshold: row['zeroThreshold'],
    PositiveOffset: row['positiveOffset'],
    PositiveBucketCounts: row['positiveBucketCounts'],
    NegativeOffset: row['negativeOffset'],
    NegativeBucketCounts: row['negativeBucketCounts'],
  };
}

/** In an order that does not depend on that of the rows. */
const inOrder = (rows: readonly object[]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(sorted(Object.entries(row)), (_, value: unknown) => {
        if (typeof value === 'bigint') return `${value}n`;
        return typeof value === 'number' && !Number.isSafeInteger(value) ? `${value}` : value;
      }),
    )
    .sort();

describe.each(SIGNALS)('the views of %s', (signal: Signal) => {
  it('show every field of every item, as the ClickHouse exporter names it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRequest(signal), { maxLength: 3 }), async (trees) => {
        const open = await openWindow();
        try {
          await open.load(signal, ...trees);
          const expected: Record<string, object[]> = {};
          for (const tree of trees)
            for (const [kind, rows] of Object.entries(scannedRows(signal, decode(signal, encode(signal, tree)))))
              (expected[kind] ??= []).push(...rows.map((row) => expectedRow(kind, row)));
          for (const [kind, rows] of Object.entries(expected)) {
            const found = await open.query(
              `SELECT * EXCLUDE (${kind === 'logs' ? 'TimestampTime' : kind === 'spans' ? '' : 'SeriesId'}) FROM ${VIEWS[kind]}`.replace(
                'EXCLUDE ()',
                '',
              ),
            );
            const shown = found.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])));
            expect(inOrder(shown)).toEqual(inOrder(rows));
          }
        } finally {
          await open.close();
        }
      }),
      { endOnFailure: true, numRuns: 40 },
    );
  }, 60_000);
});

describe('the views', () => {
  let open: OpenWindow;
  beforeAll(async () => void (open = await openWindow()));
  afterAll(() => open.close());

  it('are there, empty, before anything has come, and each says what it is', async () => {
    for (const view of Object.keys(COMMENTS)) expect(await open.query(`SELECT * FROM ${view}`)).toEqual([]);
    const listed = await open.query("SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal");
    expect(Object.fromEntries(listed.map((row) => [row['view_name'], row['comment']]))).toEqual({
      ...COMMENTS,
      ...PERF_COMMENTS,
    });
  });
});
