/** One request of each signal with every kind of item, for the texts of the debug exporter. */
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const at = { startTimeUnixNano: '1700000000000000000', timeUnixNano: '1700000001000000020' };
const resource = { attributes: [text('service.name', 'shop')] };
const scope = { name: 'lib', version: '1.2', attributes: [text('k', 'v')] };
const exemplar = {
  timeUnixNano: '1700000001500000000',
  asInt: '7',
  traceId: 'aa'.repeat(16),
  spanId: 'bb'.repeat(8),
  filteredAttributes: [text('user', 'u1')],
};

export const metrics = {
  resourceMetrics: [
    {
      resource,
      schemaUrl: 'https://schema/1',
      scopeMetrics: [
        {
          scope,
          metrics: [
            {
              name: 'temp',
              unit: 'Cel',
              description: 'warmth',
              gauge: { dataPoints: [{ ...at, asDouble: 21.5, attributes: [text('room', 'a'), text('floor', '2')] }] },
            },
            {
              name: 'hits',
              sum: {
                isMonotonic: true,
                aggregationTemporality: 2,
                dataPoints: [{ ...at, asInt: '9007199254740993', exemplars: [exemplar] }],
              },
            },
            {
              name: 'took',
              histogram: {
                aggregationTemporality: 1,
                dataPoints: [{ ...at, count: '3', sum: 4.5, min: 1, max: 2, bucketCounts: ['1', '2'], explicitBounds: [1.5] }],
              },
            },
            {
              name: 'fine',
              exponentialHistogram: {
                aggregationTemporality: 1,
                dataPoints: [
                  {
                    ...at,
                    count: '3',
                    zeroCount: '1',
                    positive: { offset: 1, bucketCounts: ['1'] },
                    negative: { bucketCounts: ['1'] },
                  },
                ],
              },
            },
            {
              name: 'old',
              summary: { dataPoints: [{ ...at, count: '2', sum: 8, quantileValues: [{ quantile: 0.5, value: 1e-5 }] }] },
            },
            { name: 'none', metadata: [text('m', 'n')] },
          ],
        },
      ],
    },
  ],
};

export const traces = {
  resourceSpans: [
    {
      resource,
      scopeSpans: [
        {
          scope: { name: 'lib' },
          spans: [
            {
              traceId: 'aa'.repeat(16),
              spanId: 'bb'.repeat(8),
              parentSpanId: 'cc'.repeat(8),
              name: 'GET /',
              kind: 2,
              startTimeUnixNano: '0',
              endTimeUnixNano: '1',
              status: { code: 1 },
              attributes: [{ key: 'n', value: { intValue: '5' } }],
              events: [{ name: 'e', timeUnixNano: '1', attributes: [text('a', 'b')] }],
              links: [{ traceId: 'dd'.repeat(16), spanId: 'ee'.repeat(8), droppedAttributesCount: 2 }],
            },
          ],
        },
      ],
    },
  ],
};

const map = {
  kvlistValue: {
    values: [text('z', '1'), { key: 'a', value: { arrayValue: { values: [{ boolValue: true }, { doubleValue: 0.5 }, {}] } } }],
  },
};
export const logs = {
  resourceLogs: [
    {
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: '5',
              severityNumber: 18,
              severityText: 'bad',
              body: { stringValue: 'two\nlines \u001b[31m' },
              eventName: 'boom',
              attributes: [{ key: 'm', value: map }],
              flags: 1,
            },
            { body: { bytesValue: 'AAE=' } },
            {},
          ],
        },
      ],
    },
  ],
};
