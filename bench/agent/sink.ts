import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { fieldsOf } from '../load/decode.ts';

/** What the points of a metric add up to. */
export interface Points {
  readonly series: number;
  readonly total: number;
}

/** A collector that takes everything, and keeps the last request that has `metric`. */
export class MetricSink {
  readonly #server: Server;
  readonly #metric: string;
  #last: Points | undefined;

  private constructor(metric: string) {
    this.#metric = metric;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const points = sumsOf(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body, this.#metric);
        if (points.series > 0) this.#last = points;
        response.writeHead(200, { 'Content-Type': 'application/x-protobuf', 'Content-Length': 0 }).end();
      });
    });
  }

  static async start(metric: string): Promise<MetricSink> {
    const sink = new MetricSink(metric);
    sink.#server.listen(0, '127.0.0.1');
    await once(sink.#server, 'listening');
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of the last request that had any, and forgets it. */
  take(): Points | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Of an ExportMetricsServiceRequest the points of the sum called `metric`. Throws on what is not protobuf. */
export function sumsOf(request: Buffer, metric: string): Points {
  let [series, total] = [0, 0];
  for (const each of below(below(below([request], 1), 2), 2)) {
    if (below([each], 1)[0]?.toString() !== metric) continue;
    for (const point of below(below([each], 7), 1)) {
      series += 1;
      total += numberOf(point);
    }
  }
  return { series, total };
}

function below(messages: readonly Buffer[], number: number): Buffer[] {
  return messages.flatMap((message) =>
    fieldsOf(message).flatMap((field) => (field.number === number && Buffer.isBuffer(field.value) ? [field.value] : [])),
  );
}

/** `as_double` or `as_int` of a NumberDataPoint. */
function numberOf(point: Buffer): number {
  const [double, integer] = [below([point], 4)[0], below([point], 6)[0]];
  if (double !== undefined) return double.readDoubleLE();
  return integer === undefined ? 0 : Number(integer.readBigInt64LE());
}
