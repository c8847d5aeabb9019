import fc from 'fast-check';
import type { Signal } from '../../pipeline/signal.ts';
import { encode, type Tree, type Value } from './reference/otlp.ts';

/**
 * OTLP requests for tests, as trees of tests/support/reference/otlp.ts; `encode(signal, tree)` makes the bytes.
 * Builders take what a test is about and fill in the rest; `anyRequest` makes all that OTLP can say.
 */
export { encode };

export const NOW_NANOS = 1_700_000_000_000_000_000n;
export const TRACE_ID = Buffer.from('5b8efff798038103d269b633813fc60c', 'hex');
export const SPAN_ID = Buffer.from('eee19b7ec3c1b174', 'hex');

/** string, boolean, bigint (int), number (double), bytes, array (list), object (map); null is a value without content. */
export type Plain = string | boolean | bigint | number | Uint8Array | null | readonly Plain[] | { readonly [key: string]: Plain };
export type Attributes = Readonly<Record<string, Plain>>;

export function anyValue(value: Plain): Tree {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: value };
  if (typeof value === 'number') return { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value) };
  if (Array.isArray(value)) return { arrayValue: list('values', (value as readonly Plain[]).map(anyValue)) };
  return { kvlistValue: list('values', attributes(value as Attributes)) };
}

export function attribute(key: string, value: Plain): Tree {
  return { ...(key === '' ? {} : { key }), value: anyValue(value) };
}

export function attributes(of: Attributes): Tree[] {
  return Object.entries(of).map(([key, value]) => attribute(key, value));
}

/** A list field, absent when empty, as a reader gives it back. */
function list(name: string, values: readonly Value[]): Tree {
  return values.length === 0 ? {} : { [name]: [...values] };
}

export function point(of: Attributes = {}, value: number | bigint = 1): Tree {
  return {
    ...list('attributes', attributes(of)),
    timeUnixNano: NOW_NANOS,
    ...(typeof value === 'bigint' ? { asInt: value } : { asDouble: value }),
  };
}

export const gauge = (name: string, dataPoints: readonly Tree[]): Tree => ({ name, gauge: list('dataPoints', dataPoints) });

export const sum = (name: string, dataPoints: readonly Tree[]): Tree => ({
  name,
  unit: '1',
  sum: { ...list('dataPoints', dataPoints), aggregationTemporality: 2, isMonotonic: true },
});

export const histogram = (name: string, dataPoints: readonly Tree[]): Tree => ({
  name,
  unit: 'ms',
  histogram: { ...list('dataPoints', dataPoints), aggregationTemporality: 1 },
});

export function histogramPoint(of: Attributes = {}): Tree {
  return {
    ...list('attributes', attributes(of)),
    startTimeUnixNano: NOW_NANOS - 1_000_000_000n,
    timeUnixNano: NOW_NANOS,
    count: 3n,
    sum: 12.5,
    bucketCounts: [1n, 2n, 0n],
    explicitBounds: [5, 10],
    min: 0,
    max: 9,
    exemplars: [{ asDouble: 4.5, timeUnixNano: NOW_NANOS, spanId: SPAN_ID, traceId: TRACE_ID }],
  };
}

export const exponentialHistogram = (name: string, dataPoints: readonly Tree[]): Tree => ({
  name,
  exponentialHistogram: { ...list('dataPoints', dataPoints), aggregationTemporality: 2 },
});

export function exponentialHistogramPoint(of: Attributes = {}): Tree {
  return {
    ...list('attributes', attributes(of)),
    timeUnixNano: NOW_NANOS,
    count: 5n,
    sum: -2.25,
    scale: -3,
    zeroCount: 1n,
    positive: { offset: -7, bucketCounts: [1n, 0n, 2n] },
    negative: { bucketCounts: [1n] },
    zeroThreshold: 1e-9,
  };
}

export const summary = (name: string, dataPoints: readonly Tree[]): Tree => ({ name, summary: list('dataPoints', dataPoints) });

export function summaryPoint(of: Attributes = {}): Tree {
  return {
    ...list('attributes', attributes(of)),
    timeUnixNano: NOW_NANOS,
    count: 10n,
    sum: 55,
    quantileValues: [
      { quantile: 0.5, value: 5 },
      { quantile: 0.99, value: 9.9 },
    ],
  };
}

export function span(of: Attributes = {}, more: Tree = {}): Tree {
  return {
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: NOW_NANOS - 5_000_000n,
    endTimeUnixNano: NOW_NANOS,
    ...list('attributes', attributes(of)),
    ...more,
  };
}

export function logRecord(of: Attributes = {}, body: Plain = 'a line', more: Tree = {}): Tree {
  return {
    timeUnixNano: NOW_NANOS,
    observedTimeUnixNano: NOW_NANOS,
    severityNumber: 9,
    severityText: 'INFO',
    body: anyValue(body),
    ...list('attributes', attributes(of)),
    ...more,
  };
}

/** Names of the fields on the way from a request to its items (metrics: to the Metric). */
export const LEVELS: Readonly<Record<Signal, readonly [groups: string, scopes: string, items: string]>> = {
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
};

export interface GroupSpec {
  /** Of the Resource; undefined = no Resource at all. */
  readonly resource?: Attributes;
  /** Of the InstrumentationScope. */
  readonly instrumentationScope?: Attributes;
  /** Metrics, spans or log records. */
  readonly items: readonly Tree[];
}

/** A request with one InstrumentationScope per Resource group. */
export function request(signal: Signal, groups: readonly GroupSpec[]): Tree {
  const [group, scopes, items] = LEVELS[signal];
  return list(
    group,
    groups.map((spec) => ({
      ...(spec.resource === undefined ? {} : { resource: list('attributes', attributes(spec.resource)) }),
      [scopes]: [
        {
          scope: { name: 'test', version: '1', ...list('attributes', attributes(spec.instrumentationScope ?? {})) },
          ...list(items, spec.items),
        },
      ],
    })),
  );
}

/** `count` items, each with its place as attribute `n`, in one group. */
export function numbered(signal: Signal, count: number, resource: Attributes = { 'service.name': 'test' }): Tree {
  const numbers = Array.from({ length: count }, (_, i) => BigInt(i));
  const items =
    signal === 'metrics'
      ? [
          gauge(
            'numbered',
            numbers.map((n) => point({ n })),
          ),
        ]
      : numbers.map((n) => (signal === 'traces' ? span({ n }) : logRecord({ n })));
  return request(signal, [{ resource, items }]);
}

// ---- arbitraries: everything OTLP can say -------------------------------------------------------------------------

const text = fc.oneof(
  fc.constantFrom('service.name', 'http.route', 'a', 'ключ', '"\\\u0000\n\u2028', '𝄞'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);
const uint32 = fc.oneof(fc.constantFrom(1, 0xffff_ffff), fc.integer({ min: 1, max: 0xffff_ffff }));
const int32 = fc.oneof(fc.constantFrom(-(2 ** 31), 2 ** 31 - 1), fc.integer({ min: -20, max: 20 }));
const uint64 = fc.oneof(
  fc.constantFrom(1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n, NOW_NANOS),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const int64 = fc.oneof(
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const double = fc.oneof(
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 0.1, 5e-324, 1.7976931348623157e308),
  fc.double(),
  fc.integer(),
);
const bytes = fc.uint8Array({ maxLength: 9 }).map((array) => Buffer.from(array));
const id = (size: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((array) => Buffer.from(array));

const many = (of: fc.Arbitrary<Tree>, maxLength = 3): fc.Arbitrary<Value[]> => fc.array(of as fc.Arbitrary<Value>, { maxLength });

/** A message from its fields, each there or not; `defaults` of plain proto3 fields, and empty lists, are then absent. */
function message(fields: Record<string, fc.Arbitrary<Value>>, withPresence: readonly string[] = []): fc.Arbitrary<Tree> {
  return fc.record(fields, { requiredKeys: [] }).map((tree) => {
    const kept = Object.entries(tree as Tree).filter(([key, value]) => {
      if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
      return withPresence.includes(key) || (value !== '' && value !== 0n && value !== false && !Object.is(value, 0));
    });
    return Object.fromEntries(kept);
  });
}
const oneof = (members: Record<string, fc.Arbitrary<Value>>): fc.Arbitrary<Tree> =>
  fc.oneof(fc.constant<Tree>({}), ...Object.entries(members).map(([name, of]) => of.map((value): Tree => ({ [name]: value }))));
const joined = (...parts: readonly fc.Arbitrary<Tree>[]): fc.Arbitrary<Tree> =>
  fc.tuple(...parts).map((trees) => Object.assign({}, ...trees) as Tree);

/** An AnyValue in any form, to a depth of three. */
export const anyAnyValue: fc.Arbitrary<Tree> = fc.letrec<{ value: Tree; pair: Tree }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    oneof({ stringValue: text, boolValue: fc.boolean(), intValue: int64, doubleValue: double, bytesValue: bytes }),
    many(tie('value')).map((values): Tree => ({ arrayValue: list('values', values) })),
    many(tie('pair')).map((values): Tree => ({ kvlistValue: list('values', values) })),
  ),
  pair: message({ key: text, value: tie('value') }),
})).value;

export const anyAttribute: fc.Arbitrary<Tree> = message({ key: text, value: anyAnyValue });
const anyAttributes = many(anyAttribute);
const exemplar = joined(
  message({ filteredAttributes: anyAttributes, timeUnixNano: uint64, spanId: id(8), traceId: id(16) }),
  oneof({ asDouble: double, asInt: int64 }),
);
const pointBase = { attributes: anyAttributes, startTimeUnixNano: uint64, timeUnixNano: uint64, flags: uint32 };
const distribution = { ...pointBase, count: uint64, sum: double, min: double, max: double, exemplars: many(exemplar, 2) };
const buckets = message({ offset: int32, bucketCounts: fc.array<Value>(uint64, { maxLength: 5 }) });
const numberPoint = joined(message({ ...pointBase, exemplars: many(exemplar, 2) }), oneof({ asDouble: double, asInt: int64 }));
const distributionPoint = message(
  {
    ...distribution,
    bucketCounts: fc.array<Value>(uint64, { maxLength: 5 }),
    explicitBounds: fc.array<Value>(double, { maxLength: 4 }),
  },
  ['sum', 'min', 'max'],
);
const exponentialPoint = message(
  { ...distribution, scale: int32, zeroCount: uint64, positive: buckets, negative: buckets, zeroThreshold: double },
  ['sum', 'min', 'max'],
);
const quantile = message({ quantile: double, value: double });
const summaryPointAny = message({ ...pointBase, count: uint64, sum: double, quantileValues: many(quantile) });
const temporality = fc.integer({ min: 0, max: 2 });
const metric = joined(
  message({ name: text, description: text, unit: text, metadata: anyAttributes }),
  oneof({
    gauge: message({ dataPoints: many(numberPoint) }),
    sum: message({ dataPoints: many(numberPoint), aggregationTemporality: temporality, isMonotonic: fc.boolean() }),
    histogram: message({ dataPoints: many(distributionPoint), aggregationTemporality: temporality }),
    exponentialHistogram: message({ dataPoints: many(exponentialPoint), aggregationTemporality: temporality }),
    summary: message({ dataPoints: many(summaryPointAny) }),
  }),
);
const event = message({ timeUnixNano: uint64, name: text, attributes: anyAttributes, droppedAttributesCount: uint32 });
const link = message({
  traceId: id(16),
  spanId: id(8),
  traceState: text,
  attributes: anyAttributes,
  droppedAttributesCount: uint32,
  flags: uint32,
});
const anySpan = message({
  traceId: id(16),
  spanId: id(8),
  traceState: text,
  parentSpanId: id(8),
  flags: uint32,
  name: text,
  kind: fc.oneof(fc.integer({ min: 0, max: 5 }), int32),
  startTimeUnixNano: uint64,
  endTimeUnixNano: uint64,
  attributes: anyAttributes,
  droppedAttributesCount: uint32,
  events: many(event, 2),
  droppedEventsCount: uint32,
  links: many(link, 2),
  droppedLinksCount: uint32,
  status: message({ message: text, code: fc.integer({ min: 0, max: 2 }) }),
});
const anyLogRecord = message({
  timeUnixNano: uint64,
  observedTimeUnixNano: uint64,
  severityNumber: fc.integer({ min: 0, max: 24 }),
  severityText: text,
  body: anyAnyValue,
  attributes: anyAttributes,
  droppedAttributesCount: uint32,
  flags: uint32,
  traceId: id(16),
  spanId: id(8),
  eventName: text,
});
const ITEMS: Readonly<Record<Signal, fc.Arbitrary<Tree>>> = { metrics: metric, traces: anySpan, logs: anyLogRecord };

/** A request of a signal with every field OTLP has, each there or not. */
export function anyRequest(signal: Signal): fc.Arbitrary<Tree> {
  const [group, scopes, items] = LEVELS[signal];
  const strings = fc.array<Value>(text, { maxLength: 2 });
  const entity = message({ schemaUrl: text, type: text, idKeys: strings, descriptionKeys: strings });
  const anyResource = message({ attributes: anyAttributes, droppedAttributesCount: uint32, entityRefs: many(entity, 2) });
  const instrumentationScope = message({ name: text, version: text, attributes: anyAttributes, droppedAttributesCount: uint32 });
  const scope = message({ scope: instrumentationScope, schemaUrl: text, [items]: many(ITEMS[signal], 4) });
  return message({ [group]: many(message({ resource: anyResource, schemaUrl: text, [scopes]: many(scope) })) });
}
