/**
 * The messages of OTLP (opentelemetry-proto 1.11) in the notation of the protobuf language, written down a second time
 * so that the twin in otlp.ts shares nothing with pipeline/otlp/schema.ts. Enums are `enum`, trace ids `id16`, span ids
 * `id8`; `a|b` in front of a name says of which oneof it is a member.
 */
const TEXT = `
ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1 }
ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3 }
ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3 }
Metric {
  string name = 1; string description = 2; string unit = 3;
  data|Gauge gauge = 5; data|Sum sum = 7; data|Histogram histogram = 9;
  data|ExponentialHistogram exponential_histogram = 10; data|Summary summary = 11;
  repeated KeyValue metadata = 12
}
Gauge { repeated NumberDataPoint data_points = 1 }
Sum { repeated NumberDataPoint data_points = 1; enum aggregation_temporality = 2; bool is_monotonic = 3 }
Histogram { repeated HistogramDataPoint data_points = 1; enum aggregation_temporality = 2 }
ExponentialHistogram { repeated ExponentialHistogramDataPoint data_points = 1; enum aggregation_temporality = 2 }
Summary { repeated SummaryDataPoint data_points = 1 }
NumberDataPoint {
  repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  value|double as_double = 4; value|sfixed64 as_int = 6; repeated Exemplar exemplars = 5; uint32 flags = 8
}
HistogramDataPoint {
  repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7;
  repeated Exemplar exemplars = 8; uint32 flags = 10; optional double min = 11; optional double max = 12
}
ExponentialHistogramDataPoint {
  repeated KeyValue attributes = 1; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  optional double sum = 5; sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8; Buckets negative = 9;
  uint32 flags = 10; repeated Exemplar exemplars = 11; optional double min = 12; optional double max = 13;
  double zero_threshold = 14
}
Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2 }
SummaryDataPoint {
  repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  double sum = 5; repeated ValueAtQuantile quantile_values = 6; uint32 flags = 8
}
ValueAtQuantile { double quantile = 1; double value = 2 }
Exemplar {
  repeated KeyValue filtered_attributes = 7; fixed64 time_unix_nano = 2; value|double as_double = 3;
  value|sfixed64 as_int = 6; id8 span_id = 4; id16 trace_id = 5
}

ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1 }
ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3 }
ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3 }
Span {
  id16 trace_id = 1; id8 span_id = 2; string trace_state = 3; id8 parent_span_id = 4; fixed32 flags = 16;
  string name = 5; enum kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10; repeated Event events = 11;
  uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15
}
Event {
  fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4
}
Link {
  id16 trace_id = 1; id8 span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
  uint32 dropped_attributes_count = 5; fixed32 flags = 6
}
Status { string message = 2; enum code = 3 }

ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1 }
ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3 }
ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3 }
LogRecord {
  fixed64 time_unix_nano = 1; fixed64 observed_time_unix_nano = 11; enum severity_number = 2; string severity_text = 3;
  AnyValue body = 5; repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8;
  id16 trace_id = 9; id8 span_id = 10; string event_name = 12
}

Resource {
  repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; repeated EntityRef entity_refs = 3
}
EntityRef {
  string schema_url = 1; string type = 2; repeated string id_keys = 3; repeated string description_keys = 4
}
InstrumentationScope {
  string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4
}
KeyValue { string key = 1; AnyValue value = 2 }
AnyValue {
  value|string string_value = 1; value|bool bool_value = 2; value|int64 int_value = 3; value|double double_value = 4;
  value|ArrayValue array_value = 5; value|KeyValueList kvlist_value = 6; value|bytes bytes_value = 7
}
ArrayValue { repeated AnyValue values = 1 }
KeyValueList { repeated KeyValue values = 1 }
`;

export interface ReferenceField {
  readonly number: number;
  /** lowerCamelCase. */
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly optional: boolean;
  readonly oneof: string | undefined;
}
export type ReferenceMessage = readonly ReferenceField[];

/** By message name; a field whose `type` is a key here holds that message. */
export const REFERENCE_MESSAGES: ReadonlyMap<string, ReferenceMessage> = new Map(
  [...TEXT.matchAll(/(\w+) \{([^}]*)\}/g)].map(([, name = '', body = '']) => [name, body.split(';').map(parseField)]),
);

function parseField(line: string): ReferenceField {
  const parsed = /^\s*(repeated |optional )?(?:(\w+)\|)?(\w+) (\w+) = (\d+)\s*$/.exec(line);
  if (parsed === null) throw new Error(`cannot read the reference field: ${line}`);
  const [, label, oneof, type = '', name = '', number] = parsed;
  return {
    number: Number(number),
    name: name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    type,
    repeated: label === 'repeated ',
    optional: label === 'optional ',
    oneof,
  };
}
