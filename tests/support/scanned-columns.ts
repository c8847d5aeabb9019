import { logsScan, metricsScan, tracesScan } from '../../pipeline/otlp/scan.ts';
import type {
  Dictionaries,
  ExponentialHistogramColumns,
  HistogramColumns,
  LogColumns,
  PointColumns,
  SpanColumns,
  SummaryColumns,
} from '../../pipeline/otlp/scan-types.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { asText, type Row } from './reference/scanned.ts';
import { encodeMessage, mergeMessage, wireFields, type Tree } from './reference/otlp.ts';

/** Columns of a scan as rows like those of reference/scanned.ts. */
export type AnyScan = ReturnType<typeof metricsScan> | ReturnType<typeof logsScan> | ReturnType<typeof tracesScan>;

export function newScan(signal: Signal): AnyScan {
  return signal === 'metrics' ? metricsScan() : signal === 'logs' ? logsScan() : tracesScan();
}

export function rowsOf(scan: AnyScan): Record<string, Row[]> {
  const { dictionaries } = scan;
  if ('logs' in scan) return { logs: each(scan.logs.length, (row) => logRow(scan.logs, row, dictionaries)) };
  if ('spans' in scan) return { spans: each(scan.spans.length, (row) => spanRow(scan.spans, row, dictionaries)) };
  const { gauge, sum, histogram, exponentialHistogram, summary } = scan;
  return {
    gauge: each(gauge.length, (row) => pointRow(gauge, row, dictionaries)),
    sum: each(sum.length, (row) => pointRow(sum, row, dictionaries)),
    histogram: each(histogram.length, (row) => histogramRow(histogram, row, dictionaries)),
    exponentialHistogram: each(exponentialHistogram.length, (row) => exponentialRow(exponentialHistogram, row, dictionaries)),
    summary: each(summary.length, (row) => summaryRow(summary, row, dictionaries)),
  };
}

const each = (length: number, read: (row: number) => Row): Row[] => Array.from({ length }, (_, row) => read(row));

export function big(words: Uint32Array, row: number): bigint {
  return (BigInt(words[2 * row + 1]!) << 32n) | BigInt(words[2 * row]!);
}
function id(words: Uint32Array, count: number, row: number): string {
  const bytes = Buffer.from(words.slice(count * row, count * row + count).buffer).toString('hex');
  return bytes.replace(/^0+$/, '');
}
function bytesOf(heap: Uint8Array, ranges: Uint32Array, row: number): Buffer {
  return Buffer.from(heap.slice(ranges[2 * row]!, ranges[2 * row + 1]!));
}
function counts(heap: Uint8Array, ranges: Uint32Array, row: number): bigint[] {
  const bytes = bytesOf(heap, ranges, row);
  return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readBigUInt64LE(i * 8));
}
function doubles(heap: Uint8Array, ranges: Uint32Array, row: number): number[] {
  const bytes = bytesOf(heap, ranges, row);
  return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
}
function messages(name: string, heap: Uint8Array, ranges: Uint32Array, row: number): string[] {
  return wireFields(bytesOf(heap, ranges, row)).map(({ number, content }) => {
    if (number !== 1) throw new Error(`field ${number} in a range of messages`);
    return encodeMessage(name, withoutUnknown(mergeMessage(name, {}, content))).toString('hex');
  });
}
function withoutUnknown(tree: Tree): Tree {
  return JSON.parse(
    JSON.stringify(tree, (key, value: unknown) => (key === '$unknown' ? undefined : packed(value))),
    (_, value: unknown) => unpacked(value),
  ) as Tree;
}
function packed(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value === 'number') return { $number: Object.is(value, -0) ? '-0' : String(value) };
  const buffer = value as { type?: string; data?: number[] } | null;
  if (typeof value === 'object' && buffer?.type === 'Buffer') return { $bytes: Buffer.from(buffer.data!).toString('hex') };
  return value;
}
function unpacked(value: unknown): unknown {
  const boxed = value as { $bigint?: string; $number?: string; $bytes?: string } | null;
  if (typeof value !== 'object' || boxed === null) return value;
  if (boxed.$bigint !== undefined) return BigInt(boxed.$bigint);
  if (boxed.$number !== undefined) return Number(boxed.$number);
  if (boxed.$bytes !== undefined) return Buffer.from(boxed.$bytes, 'hex');
  return value;
}

function sorted(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([...pairs].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function originRow(origin: number, dictionaries: Dictionaries): Row {
  const resource = dictionaries.resource(dictionaries.resourceOf(origin));
  const instrumentationScope = dictionaries.instrumentationScope(dictionaries.instrumentationScopeOf(origin));
  return {
    resource: { ...resource, attributes: sorted(resource.attributes) },
    instrumentationScope: { ...instrumentationScope, attributes: sorted(instrumentationScope.attributes) },
  };
}

function seriesRow(
  table: PointColumns | HistogramColumns | ExponentialHistogramColumns | SummaryColumns,
  row: number,
  dictionaries: Dictionaries,
): Row {
  const series = table.series[row]!;
  return {
    ...originRow(dictionaries.originOf(series), dictionaries),
    metric: dictionaries.metric(dictionaries.metricOf(series)),
    attributes: sorted(dictionaries.attributeSet(dictionaries.attributesOf(series))),
    time: big(table.time, row),
    startTime: big(table.startTime, row),
    flags: table.flags[row],
  };
}

function pointRow(table: PointColumns, row: number, dictionaries: Dictionaries): Row {
  return {
    ...seriesRow(table, row, dictionaries),
    value: table.value[row],
    exemplars: messages('Exemplar', table.heap, table.exemplars, row),
  };
}

function bucketsRow(table: HistogramColumns | ExponentialHistogramColumns, row: number, dictionaries: Dictionaries): Row {
  return {
    ...seriesRow(table, row, dictionaries),
    count: big(table.count, row),
    sum: table.sum[row],
    present: table.present[row],
    min: table.min[row],
    max: table.max[row],
    exemplars: messages('Exemplar', table.heap, table.exemplars, row),
  };
}

function histogramRow(table: HistogramColumns, row: number, dictionaries: Dictionaries): Row {
  return {
    ...bucketsRow(table, row, dictionaries),
    bucketCounts: counts(table.heap, table.bucketCounts, row),
    explicitBounds: doubles(table.heap, table.explicitBounds, row),
  };
}

function exponentialRow(table: ExponentialHistogramColumns, row: number, dictionaries: Dictionaries): Row {
  return {
    ...bucketsRow(table, row, dictionaries),
    scale: table.scale[row],
    zeroCount: big(table.zeroCount, row),
    zeroThreshold: table.zeroThreshold[row],
    positiveOffset: table.positiveOffset[row],
    positiveBucketCounts: counts(table.heap, table.positiveBucketCounts, row),
    negativeOffset: table.negativeOffset[row],
    negativeBucketCounts: counts(table.heap, table.negativeBucketCounts, row),
  };
}

function summaryRow(table: SummaryColumns, row: number, dictionaries: Dictionaries): Row {
  const numbers = doubles(table.heap, table.quantiles, row);
  return {
    ...seriesRow(table, row, dictionaries),
    count: big(table.count, row),
    sum: table.sum[row],
    quantiles: Array.from({ length: numbers.length / 2 }, (_, i) => numbers.slice(2 * i, 2 * i + 2)),
  };
}

function logRow(table: LogColumns, row: number, dictionaries: Dictionaries): Row {
  const body = bytesOf(table.heap, table.body, row);
  return {
    ...originRow(table.origin[row]!, dictionaries),
    attributes: sorted(dictionaries.attributeSet(table.attributes[row]!)),
    time: big(table.time, row),
    severityNumber: table.severityNumber[row],
    severityText: dictionaries.text(table.severityText[row]!),
    eventName: dictionaries.text(table.eventName[row]!),
    body: table.bodyIsText[row] === 1 ? body.toString() : asText(mergeMessage('AnyValue', {}, body)),
    traceId: id(table.traceId, 4, row),
    spanId: id(table.spanId, 2, row),
    flags: table.flags[row],
  };
}

function spanRow(table: SpanColumns, row: number, dictionaries: Dictionaries): Row {
  return {
    ...originRow(table.origin[row]!, dictionaries),
    attributes: sorted(dictionaries.attributeSet(table.attributes[row]!)),
    time: big(table.time, row),
    duration: big(table.duration, row),
    traceId: id(table.traceId, 4, row),
    spanId: id(table.spanId, 2, row),
    parentSpanId: id(table.parentSpanId, 2, row),
    name: dictionaries.text(table.name[row]!),
    traceState: dictionaries.text(table.traceState[row]!),
    statusMessage: dictionaries.text(table.statusMessage[row]!),
    kind: table.kind[row],
    statusCode: table.statusCode[row],
    flags: table.flags[row],
    events: messages('Event', table.heap, table.events, row),
    links: messages('Link', table.heap, table.links, row),
  };
}
