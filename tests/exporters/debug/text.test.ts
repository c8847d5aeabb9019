import { describe, expect, test } from 'vitest';
import { detailedText } from '../../../exporters/debug/detailed.ts';
import { fixed, shortest, time } from '../../../exporters/debug/format.ts';
import { messageOf } from '../../../exporters/debug/message.ts';
import { normalText } from '../../../exporters/debug/normal.ts';
import { protobufOf } from '../../support/scoped-batches.ts';
import { logs, metrics, traces } from './requests.ts';

describe('numbers and times read as Go prints them', () => {
  test.each([
    [0.1, '0.100000'],
    [-2, '-2.000000'],
    [1e21, '1000000000000000000000.000000'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
  ])('%%f of %d is %s', (value, expected) => expect(fixed(value)).toBe(expected));

  test.each([
    [21.5, '21.5'],
    [1e-5, '1e-05'],
    [1.5e-10, '1.5e-10'],
    [0.0001, '0.0001'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
  ])('%%v of %d is %s', (value, expected) => expect(shortest(value)).toBe(expected));

  test.each([
    ['0', '1970-01-01 00:00:00 +0000 UTC'],
    ['1', '1970-01-01 00:00:00.000000001 +0000 UTC'],
    ['1700000001500000000', '2023-11-14 22:13:21.5 +0000 UTC'],
    ['18446744073709551615', '1969-12-31 23:59:59.999999999 +0000 UTC'],
    ['9223372036854775807', '2262-04-11 23:47:16.854775807 +0000 UTC'],
  ])('%s ns', (nanoseconds, expected) => expect(time(nanoseconds)).toBe(expected));
});

test('normal: metrics', () => {
  expect(normalText('metrics', messageOf('metrics', [protobufOf('metrics', metrics)]))).toBe(
    `ResourceMetrics #0 [https://schema/1] service.name=shop
ScopeMetrics #0 lib@1.2 k=v
temp{room=a,floor=2} 21.5
hits{} 9007199254740993
took{} count=3 sum=4.5 min=1 max=2 le1.5=1 2
fine{} count=3 le-1=1 zero=1 le4=1
old{} count=2 sum=8.000000 q0.5=1e-05
`,
  );
});

test('normal: traces and logs', () => {
  expect(normalText('traces', messageOf('traces', [protobufOf('traces', traces)]))).toBe(
    `ResourceTraces #0 service.name=shop
ScopeTraces #0 lib
GET / ${'aa'.repeat(16)} ${'bb'.repeat(8)} n=5
`,
  );
  expect(normalText('logs', messageOf('logs', [protobufOf('logs', logs)]))).toBe(
    `ResourceLog #0
ScopeLog #0
two\\nlines \\x1b[31m m={"a":[true,0.5,null],"z":"1"}
AAE= 
 
`,
  );
});

test('detailed: every type of metric', () => {
  const expected = `ResourceMetrics #0
Resource SchemaURL: https://schema/1
Resource attributes:
     -> service.name: Str(shop)
ScopeMetrics #0
ScopeMetrics SchemaURL: 
InstrumentationScope lib 1.2
InstrumentationScope attributes:
     -> k: Str(v)
Metric #0
Descriptor:
     -> Name: temp
     -> Description: warmth
     -> Unit: Cel
     -> DataType: Gauge
NumberDataPoints #0
Data point attributes:
     -> room: Str(a)
     -> floor: Str(2)
StartTimestamp: 2023-11-14 22:13:20 +0000 UTC
Timestamp: 2023-11-14 22:13:21.00000002 +0000 UTC
Value: 21.500000
Metric #1
Descriptor:
     -> Name: hits
     -> Description: 
     -> Unit: 
     -> DataType: Sum
     -> IsMonotonic: true
     -> AggregationTemporality: Cumulative
NumberDataPoints #0
StartTimestamp: 2023-11-14 22:13:20 +0000 UTC
Timestamp: 2023-11-14 22:13:21.00000002 +0000 UTC
Value: 9007199254740993
Exemplars:
Exemplar #0
     -> Trace ID: ${'aa'.repeat(16)}
     -> Span ID: ${'bb'.repeat(8)}
     -> Timestamp: 2023-11-14 22:13:21.5 +0000 UTC
     -> Value: 7
     -> FilteredAttributes:
          -> user: Str(u1)
Metric #2
Descriptor:
     -> Name: took
     -> Description: 
     -> Unit: 
     -> DataType: Histogram
     -> AggregationTemporality: Delta
HistogramDataPoints #0
StartTimestamp: 2023-11-14 22:13:20 +0000 UTC
Timestamp: 2023-11-14 22:13:21.00000002 +0000 UTC
Count: 3
Sum: 4.500000
Min: 1.000000
Max: 2.000000
ExplicitBounds #0: 1.500000
Buckets #0, Count: 1
Buckets #1, Count: 2
Metric #3
Descriptor:
     -> Name: fine
     -> Description: 
     -> Unit: 
     -> DataType: ExponentialHistogram
     -> AggregationTemporality: Delta
ExponentialHistogramDataPoints #0
StartTimestamp: 2023-11-14 22:13:20 +0000 UTC
Timestamp: 2023-11-14 22:13:21.00000002 +0000 UTC
Count: 3
Bucket [-2.000000, -1.000000), Count: 1
Bucket [0, 0], Count: 1
Bucket (2.000000, 4.000000], Count: 1
Metric #4
Descriptor:
     -> Name: old
     -> Description: 
     -> Unit: 
     -> DataType: Summary
SummaryDataPoints #0
StartTimestamp: 2023-11-14 22:13:20 +0000 UTC
Timestamp: 2023-11-14 22:13:21.00000002 +0000 UTC
Count: 2
Sum: 8.000000
QuantileValue #0: Quantile 0.500000, Value 0.000010
Metric #5
Descriptor:
     -> Name: none
     -> Description: 
     -> Unit: 
     -> DataType: Empty
     -> Metadata:
          -> m: Str(n)
`;
  expect(detailedText('metrics', messageOf('metrics', [protobufOf('metrics', metrics)]))).toBe(expected);
});

test('detailed: spans with events and links', () => {
  expect(detailedText('traces', messageOf('traces', [protobufOf('traces', traces)]))).toContain(`Span #0
    Trace ID       : ${'aa'.repeat(16)}
    Parent ID      : ${'cc'.repeat(8)}
    ID             : ${'bb'.repeat(8)}
    Name           : GET /
    Kind           : Server
    Start time     : 1970-01-01 00:00:00 +0000 UTC
    End time       : 1970-01-01 00:00:00.000000001 +0000 UTC
    Status code    : Ok
    Status message : 
    DroppedAttributesCount: 0
    DroppedEventsCount: 0
    DroppedLinksCount: 0
Attributes:
     -> n: Int(5)
Events:
SpanEvent #0
     -> Name: e
     -> Timestamp: 1970-01-01 00:00:00.000000001 +0000 UTC
     -> DroppedAttributesCount: 0
     -> Attributes::
          -> a: Str(b)
Links:
SpanLink #0
     -> Trace ID: ${'dd'.repeat(16)}
     -> ID: ${'ee'.repeat(8)}
     -> TraceState: 
     -> DroppedAttributesCount: 2
`);
});

test('detailed: log records with any body', () => {
  expect(detailedText('logs', messageOf('logs', [protobufOf('logs', logs)]))).toContain(`LogRecord #0
ObservedTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 1970-01-01 00:00:00.000000005 +0000 UTC
SeverityText: bad
SeverityNumber: Error2(18)
EventName: boom
Body: Str(two\\nlines \\x1b[31m)
Attributes:
     -> m: Map({"a":[true,0.5,null],"z":"1"})
Trace ID: 
Span ID: 
Flags: 1
LogRecord #1
ObservedTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 1970-01-01 00:00:00 +0000 UTC
SeverityText: 
SeverityNumber: Unspecified(0)
Body: Bytes(AAE=)
`);
});
