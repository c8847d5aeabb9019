import type { Signal } from '../signal.ts';

/**
 * Every message of an OTLP request, once, for code that works on any of them (JSON, canonical form, splitting).
 * Source: opentelemetry-proto 1.11, `opentelemetry/proto/{common,resource,metrics,trace,logs}/v1`. Left out on purpose:
 * `AnyValue.string_value_strindex` and `KeyValue.key_strindex`, which only mean something in the profiling signal;
 * receivers of other signals must treat them as absent, so here they are unknown fields: forwarded, never read.
 */
export type FieldType =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'enum'
  | 'int32'
  | 'sint32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'
  | 'message';

/** Protobuf wire types; 3 and 4 (groups) have never been part of OTLP. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export interface Field {
  readonly number: number;
  /** Position in `Message.fields`; below 32, so a set of fields fits an integer. */
  readonly index: number;
  readonly name: string;
  readonly jsonName: string;
  readonly type: FieldType;
  /** Wire type of one element. */
  readonly wireType: number;
  readonly repeated: boolean;
  /** A repeated number: written as one packed run, read packed or not. */
  readonly packed: boolean;
  /** Has presence (oneof member or `optional`): a zero is a value and is written. */
  readonly explicit: boolean;
  /** Of a oneof member: one bit per member, by `index`. Else 0. */
  readonly oneofMembers: number;
  /** 16 for trace ids and 8 for span ids, which are hex in JSON; else 0. */
  readonly idBytes: number;
  readonly enumValues: ReadonlyMap<string, number> | undefined;
  readonly message: Message | undefined;
}

export interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
  /** Sparse, by field number. */
  readonly byNumber: readonly (Field | undefined)[];
  /** Under the JSON name and the proto name. */
  readonly byName: ReadonlyMap<string, Field>;
}

interface Row {
  readonly number: number;
  readonly name: string;
  readonly type: FieldType;
  readonly repeated?: boolean;
  readonly optional?: boolean;
  readonly oneof?: string;
  readonly idBytes?: number;
  readonly enumValues?: ReadonlyMap<string, number>;
  readonly message?: string;
}

const scalar = (number: number, name: string, type: FieldType): Row => ({ number, name, type });
const string = (number: number, name: string): Row => ({ number, name, type: 'string' });
const optional = (number: number, name: string, type: FieldType): Row => ({ number, name, type, optional: true });
const traceId = (number: number): Row => ({ number, name: 'trace_id', type: 'bytes', idBytes: 16 });
const spanId = (number: number, name = 'span_id'): Row => ({ number, name, type: 'bytes', idBytes: 8 });
const one = (number: number, name: string, message: string): Row => ({ number, name, type: 'message', message });
const many = (number: number, name: string, message: string): Row => ({ ...one(number, name, message), repeated: true });
const list = (number: number, name: string, type: FieldType): Row => ({ number, name, type, repeated: true });
const oneOf = (oneof: string, rows: readonly Row[]): Row[] => rows.map((row) => ({ ...row, oneof }));
const times = (first: number): Row[] => [
  scalar(first, 'start_time_unix_nano', 'fixed64'),
  scalar(first + 1, 'time_unix_nano', 'fixed64'),
];

function enumeration(number: number, name: string, prefix: string, names: readonly string[]): Row {
  return { number, name, type: 'enum', enumValues: new Map(names.map((value, i) => [prefix + value, i])) };
}
const temporality = enumeration(2, 'aggregation_temporality', 'AGGREGATION_TEMPORALITY_', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE']);
const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) => [
  name,
  `${name}2`,
  `${name}3`,
  `${name}4`,
]);

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  ExportMetricsServiceRequest: [many(1, 'resource_metrics', 'ResourceMetrics')],
  ResourceMetrics: [one(1, 'resource', 'Resource'), many(2, 'scope_metrics', 'ScopeMetrics'), string(3, 'schema_url')],
  ScopeMetrics: [one(1, 'scope', 'InstrumentationScope'), many(2, 'metrics', 'Metric'), string(3, 'schema_url')],
  Metric: [
    string(1, 'name'),
    string(2, 'description'),
    string(3, 'unit'),
    ...oneOf('data', [
      one(5, 'gauge', 'Gauge'),
      one(7, 'sum', 'Sum'),
      one(9, 'histogram', 'Histogram'),
      one(10, 'exponential_histogram', 'ExponentialHistogram'),
      one(11, 'summary', 'Summary'),
    ]),
    many(12, 'metadata', 'KeyValue'),
  ],
  Gauge: [many(1, 'data_points', 'NumberDataPoint')],
  Sum: [many(1, 'data_points', 'NumberDataPoint'), temporality, scalar(3, 'is_monotonic', 'bool')],
  Histogram: [many(1, 'data_points', 'HistogramDataPoint'), temporality],
  ExponentialHistogram: [many(1, 'data_points', 'ExponentialHistogramDataPoint'), temporality],
  Summary: [many(1, 'data_points', 'SummaryDataPoint')],
  NumberDataPoint: [
    ...times(2),
    ...oneOf('value', [scalar(4, 'as_double', 'double'), scalar(6, 'as_int', 'sfixed64')]),
    many(5, 'exemplars', 'Exemplar'),
    many(7, 'attributes', 'KeyValue'),
    scalar(8, 'flags', 'uint32'),
  ],
  HistogramDataPoint: [
    ...times(2),
    scalar(4, 'count', 'fixed64'),
    optional(5, 'sum', 'double'),
    list(6, 'bucket_counts', 'fixed64'),
    list(7, 'explicit_bounds', 'double'),
    many(8, 'exemplars', 'Exemplar'),
    many(9, 'attributes', 'KeyValue'),
    scalar(10, 'flags', 'uint32'),
    optional(11, 'min', 'double'),
    optional(12, 'max', 'double'),
  ],
  ExponentialHistogramDataPoint: [
    many(1, 'attributes', 'KeyValue'),
    ...times(2),
    scalar(4, 'count', 'fixed64'),
    optional(5, 'sum', 'double'),
    scalar(6, 'scale', 'sint32'),
    scalar(7, 'zero_count', 'fixed64'),
    one(8, 'positive', 'Buckets'),
    one(9, 'negative', 'Buckets'),
    scalar(10, 'flags', 'uint32'),
    many(11, 'exemplars', 'Exemplar'),
    optional(12, 'min', 'double'),
    optional(13, 'max', 'double'),
    scalar(14, 'zero_threshold', 'double'),
  ],
  Buckets: [scalar(1, 'offset', 'sint32'), list(2, 'bucket_counts', 'uint64')],
  SummaryDataPoint: [
    ...times(2),
    scalar(4, 'count', 'fixed64'),
    scalar(5, 'sum', 'double'),
    many(6, 'quantile_values', 'ValueAtQuantile'),
    many(7, 'attributes', 'KeyValue'),
    scalar(8, 'flags', 'uint32'),
  ],
  ValueAtQuantile: [scalar(1, 'quantile', 'double'), scalar(2, 'value', 'double')],
  Exemplar: [
    scalar(2, 'time_unix_nano', 'fixed64'),
    ...oneOf('value', [scalar(3, 'as_double', 'double'), scalar(6, 'as_int', 'sfixed64')]),
    spanId(4),
    traceId(5),
    many(7, 'filtered_attributes', 'KeyValue'),
  ],

  ExportTraceServiceRequest: [many(1, 'resource_spans', 'ResourceSpans')],
  ResourceSpans: [one(1, 'resource', 'Resource'), many(2, 'scope_spans', 'ScopeSpans'), string(3, 'schema_url')],
  ScopeSpans: [one(1, 'scope', 'InstrumentationScope'), many(2, 'spans', 'Span'), string(3, 'schema_url')],
  Span: [
    traceId(1),
    spanId(2),
    string(3, 'trace_state'),
    spanId(4, 'parent_span_id'),
    string(5, 'name'),
    enumeration(6, 'kind', 'SPAN_KIND_', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']),
    scalar(7, 'start_time_unix_nano', 'fixed64'),
    scalar(8, 'end_time_unix_nano', 'fixed64'),
    many(9, 'attributes', 'KeyValue'),
    scalar(10, 'dropped_attributes_count', 'uint32'),
    many(11, 'events', 'Event'),
    scalar(12, 'dropped_events_count', 'uint32'),
    many(13, 'links', 'Link'),
    scalar(14, 'dropped_links_count', 'uint32'),
    one(15, 'status', 'Status'),
    scalar(16, 'flags', 'fixed32'),
  ],
  Event: [
    scalar(1, 'time_unix_nano', 'fixed64'),
    string(2, 'name'),
    many(3, 'attributes', 'KeyValue'),
    scalar(4, 'dropped_attributes_count', 'uint32'),
  ],
  Link: [
    traceId(1),
    spanId(2),
    string(3, 'trace_state'),
    many(4, 'attributes', 'KeyValue'),
    scalar(5, 'dropped_attributes_count', 'uint32'),
    scalar(6, 'flags', 'fixed32'),
  ],
  Status: [string(2, 'message'), enumeration(3, 'code', 'STATUS_CODE_', ['UNSET', 'OK', 'ERROR'])],

  ExportLogsServiceRequest: [many(1, 'resource_logs', 'ResourceLogs')],
  ResourceLogs: [one(1, 'resource', 'Resource'), many(2, 'scope_logs', 'ScopeLogs'), string(3, 'schema_url')],
  ScopeLogs: [one(1, 'scope', 'InstrumentationScope'), many(2, 'log_records', 'LogRecord'), string(3, 'schema_url')],
  LogRecord: [
    scalar(1, 'time_unix_nano', 'fixed64'),
    enumeration(2, 'severity_number', 'SEVERITY_NUMBER_', ['UNSPECIFIED', ...severities]),
    string(3, 'severity_text'),
    one(5, 'body', 'AnyValue'),
    many(6, 'attributes', 'KeyValue'),
    scalar(7, 'dropped_attributes_count', 'uint32'),
    scalar(8, 'flags', 'fixed32'),
    traceId(9),
    spanId(10),
    scalar(11, 'observed_time_unix_nano', 'fixed64'),
    string(12, 'event_name'),
  ],

  Resource: [
    many(1, 'attributes', 'KeyValue'),
    scalar(2, 'dropped_attributes_count', 'uint32'),
    many(3, 'entity_refs', 'EntityRef'),
  ],
  EntityRef: [string(1, 'schema_url'), string(2, 'type'), list(3, 'id_keys', 'string'), list(4, 'description_keys', 'string')],
  InstrumentationScope: [
    string(1, 'name'),
    string(2, 'version'),
    many(3, 'attributes', 'KeyValue'),
    scalar(4, 'dropped_attributes_count', 'uint32'),
  ],
  KeyValue: [string(1, 'key'), one(2, 'value', 'AnyValue')],
  AnyValue: oneOf('value', [
    string(1, 'string_value'),
    scalar(2, 'bool_value', 'bool'),
    scalar(3, 'int_value', 'int64'),
    scalar(4, 'double_value', 'double'),
    one(5, 'array_value', 'ArrayValue'),
    one(6, 'kvlist_value', 'KeyValueList'),
    scalar(7, 'bytes_value', 'bytes'),
  ]),
  ArrayValue: [many(1, 'values', 'AnyValue')],
  KeyValueList: [many(1, 'values', 'KeyValue')],
};

function wireTypeOf(type: FieldType): number {
  switch (type) {
    case 'string':
    case 'bytes':
    case 'message':
      return WIRE.bytes;
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return WIRE.fixed64;
    case 'fixed32':
      return WIRE.fixed32;
    default:
      return WIRE.varint;
  }
}

function fieldOf(row: Row, index: number, rows: readonly Row[], message: Message | undefined): Field {
  const wireType = wireTypeOf(row.type);
  let oneofMembers = 0;
  if (row.oneof !== undefined) {
    for (const [i, other] of rows.entries()) if (other.oneof === row.oneof) oneofMembers |= 1 << i;
  }
  return {
    number: row.number,
    index,
    name: row.name,
    jsonName: row.name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    type: row.type,
    wireType,
    repeated: row.repeated ?? false,
    packed: (row.repeated ?? false) && wireType !== WIRE.bytes,
    explicit: row.optional === true || row.oneof !== undefined,
    oneofMembers,
    idBytes: row.idBytes ?? 0,
    enumValues: row.enumValues,
    message,
  };
}

type Draft = { name: string; fields: Field[]; byNumber: (Field | undefined)[]; byName: Map<string, Field> };

function buildMessages(): ReadonlyMap<string, Message> {
  const drafts = new Map<string, Draft>();
  for (const name of Object.keys(ROWS)) drafts.set(name, { name, fields: [], byNumber: [], byName: new Map() });
  for (const [name, rows] of Object.entries(ROWS)) {
    const draft = drafts.get(name);
    for (const [index, row] of rows.entries()) {
      const field = fieldOf(row, index, rows, row.message === undefined ? undefined : drafts.get(row.message));
      draft?.fields.push(field);
      if (draft !== undefined) draft.byNumber[field.number] = field;
      draft?.byName.set(field.jsonName, field).set(field.name, field);
    }
  }
  return drafts;
}

/** By the name in the .proto files, without package or enclosing message. */
export const MESSAGES: ReadonlyMap<string, Message> = buildMessages();

function request(name: string): Message {
  const message = MESSAGES.get(name);
  if (message === undefined) throw new Error(`BUG: ${name} is not in the table`);
  return message;
}

/** The message a sender posts, and an exporter sends, per signal. */
export const REQUESTS: Readonly<Record<Signal, Message>> = {
  metrics: request('ExportMetricsServiceRequest'),
  traces: request('ExportTraceServiceRequest'),
  logs: request('ExportLogsServiceRequest'),
};
