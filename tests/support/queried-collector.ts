import type { Collector } from './collector.ts';

/** A collector with windows and the API; `$FOLDER/state` has its owner's token. What is answered is what SQL sees. */
export const QUERIED_YAML = `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } }
exporters: { windows: { memory: 512MiB, sending_queue: { wait_for_result: true } } }
extensions: { dashboard: { endpoint: "127.0.0.1:0" } }
storage: { directory: $FOLDER/state }
service:
  extensions: [dashboard]
  ack: delivered
  pipelines:
    traces: { receivers: [otlp], exporters: [windows] }
    metrics: { receivers: [otlp], exporters: [windows] }
    logs: { receivers: [otlp], exporters: [windows] }
`;

const attribute = (key: string, value: string | number): object => ({
  key,
  value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
});
const resource = (service: string): object => ({ attributes: [attribute('service.name', service)] });

/** Sends what a small shop of two services would: spans with errors and exceptions, logs, metrics of each kind. */
export async function sendShop(collector: Collector): Promise<void> {
  const nowMs = Date.now() - 60_000;
  const nanos = (ms: number): string => `${nowMs + ms}000000`;
  const traceId = (n: number): string => n.toString(16).padStart(32, 'a');
  const spanId = (n: number): string => n.toString(16).padStart(16, 'b');
  const span = (n: number, more: object): object => ({
    traceId: traceId(n),
    kind: 2,
    startTimeUnixNano: nanos(n * 100),
    ...more,
  });
  const frontend = Array.from({ length: 20 }, (_, n) =>
    span(n, {
      spanId: spanId(n),
      name: 'GET /cart',
      endTimeUnixNano: nanos(n * 100 + 20 + n),
      attributes: [attribute('http.route', '/cart'), attribute('http.response.status_code', n % 5 === 0 ? 500 : 200)],
      status: n % 5 === 0 ? { code: 2, message: 'failed' } : {},
    }),
  );
  const cart = Array.from({ length: 20 }, (_, n) =>
    span(n, {
      spanId: spanId(n + 100),
      parentSpanId: spanId(n),
      name: 'load',
      endTimeUnixNano: nanos(n * 100 + 10),
      events:
        n % 5 === 0
          ? [{ timeUnixNano: nanos(n * 100 + 5), name: 'exception', attributes: [attribute('exception.type', 'TimeoutError')] }]
          : [],
    }),
  );
  const traces = {
    resourceSpans: [
      { resource: resource('frontend'), scopeSpans: [{ spans: frontend }] },
      { resource: resource('cart'), scopeSpans: [{ spans: cart }] },
    ],
  };
  const logRecords = Array.from({ length: 20 }, (_, n) => ({
    timeUnixNano: nanos(n * 100 + 1),
    severityNumber: n % 5 === 0 ? 17 : 9,
    severityText: n % 5 === 0 ? 'ERROR' : 'INFO',
    body: { stringValue: n % 5 === 0 ? `timeout after ${n} ms` : `cart ${n} loaded` },
    traceId: traceId(n),
    spanId: spanId(n + 100),
  }));
  const logs = { resourceLogs: [{ resource: resource('cart'), scopeLogs: [{ logRecords }] }] };
  const numbers = (of: (n: number) => object): object[] =>
    Array.from({ length: 10 }, (_, n) => ({
      timeUnixNano: nanos(n * 1000),
      startTimeUnixNano: nanos(0),
      attributes: [attribute('host.name', 'h1')],
      ...of(n),
    }));
  const metrics = {
    resourceMetrics: [
      {
        resource: resource('cart'),
        scopeMetrics: [
          {
            metrics: [
              { name: 'process.memory.usage', unit: 'By', gauge: { dataPoints: numbers((n) => ({ asDouble: 100 + n * n })) } },
              {
                name: 'http.server.requests',
                unit: '1',
                sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: numbers((n) => ({ asInt: String(n * 7) })) },
              },
              {
                name: 'http.server.duration',
                unit: 'ms',
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: numbers((n) => ({
                    count: String(n + 1),
                    sum: n * 10,
                    explicitBounds: [5],
                    bucketCounts: ['1', String(n)],
                  })),
                },
              },
            ],
          },
        ],
      },
    ],
  };
  for (const [path, body] of [
    ['/v1/traces', traces],
    ['/v1/logs', logs],
    ['/v1/metrics', metrics],
  ] as const) {
    const { status, body: answer } = await collector.send(path, JSON.stringify(body));
    if (status !== 200) throw new Error(`${path}: ${status} ${Buffer.from(answer).toString()}`);
  }
}
