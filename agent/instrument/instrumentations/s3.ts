import type { Attributes, Meter } from '@opentelemetry/api';
import { ErrorTypes, OTHER } from './error-types.ts';
import { INSTRUMENTATION_LIMITS } from './limits.ts';
import { HTTP_BUCKETS_S } from './request-durations.ts';

/** A row of MASTER_PERF, in the form that `MasterPerfTracker` takes. */
export interface S3PerfRow {
  readonly category: string;
  readonly type: 'performance';
  readonly topic: string;
  readonly subCat: 'Latency' | 'Throughput';
  readonly id: string;
  readonly value: string;
  readonly pattern: 'time_measurement' | 'throughput_measurement';
  readonly properties: Readonly<Record<string, string | number>>;
}

export interface TrackS3Options {
  readonly meter: Meter;
  /** Told the state of an operation on a bucket after each call: latency, and throughput once bytes are known. */
  readonly onRow?: ((row: S3PerfRow) => void) | undefined;
  /** Of the rows; default `R2`. */
  readonly category?: string | undefined;
  /** Told what went wrong here, once. It must not throw. */
  readonly onFault?: (instrumentation: 's3', error: unknown) => void;
}

type Handler = (args: { readonly input: S3Input }) => Promise<{ readonly output?: S3Output }>;
interface S3Input {
  readonly Bucket?: unknown;
  readonly Body?: unknown;
  readonly ContentLength?: unknown;
}
interface S3Output {
  readonly ContentLength?: unknown;
}
/** What is used of a client of @aws-sdk. */
interface AwsClient {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler, context: { readonly commandName?: string }) => Handler,
      options: { readonly step: 'initialize'; readonly priority: 'high'; readonly name: string },
    ): void;
  };
}

const tracked = new WeakSet();

/**
 * Measures every call of an S3 client of @aws-sdk (R2 and others that speak S3, too), retries included:
 * `rpc.client.call.duration` by operation, bucket and outcome, `s3.client.io` in bytes by direction, and rows. Never the
 * key of an object. Gives back the client; twice is once.
 */
export function trackS3<Client extends object>(client: Client, options: TrackS3Options): Client {
  try {
    if (tracked.has(client)) return client;
    const calls = new S3Calls(options);
    const { middlewareStack } = client as unknown as AwsClient;
    middlewareStack.add((next, context) => calls.around(next, context.commandName), {
      step: 'initialize',
      // Around the others of this step, so that their time counts.
      priority: 'high',
      name: 'periscopeTrackS3',
    });
    tracked.add(client);
  } catch (error) {
    options.onFault?.('s3', error);
  }
  return client;
}

/** Calls of an operation on a bucket so far. */
interface Total {
  calls: number;
  failures: number;
  seconds: number;
  bytes: number;
}

interface Call {
  readonly operation: string;
  readonly bucket: string;
  readonly seconds: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly errorType: string | undefined;
}

class S3Calls {
  readonly #options: TrackS3Options;
  readonly #durations;
  readonly #io;
  readonly #errors = new ErrorTypes();
  readonly #buckets = new Set<string>();
  readonly #totals = new Map<string, Total>();
  #told = false;

  constructor(options: TrackS3Options) {
    this.#options = options;
    this.#durations = options.meter.createHistogram('rpc.client.call.duration', {
      description: 'Measures the duration of an outgoing Remote Procedure Call (RPC).',
      unit: 's',
      advice: { explicitBucketBoundaries: HTTP_BUCKETS_S },
    });
    this.#io = options.meter.createCounter('s3.client.io', {
      description: 'Bytes of objects that a client of S3 sent and received.',
      unit: 'By',
      valueType: 0,
    });
  }

  around(next: Handler, commandName = ''): Handler {
    const operation = commandName.replace(/Command$/, '').slice(0, INSTRUMENTATION_LIMITS.textChars) || OTHER;
    return async (args) => {
      const startedMs = performance.now();
      try {
        const result = await next(args);
        this.#measure(operation, args.input, startedMs, result.output);
        return result;
      } catch (error) {
        this.#measure(operation, args.input, startedMs, undefined, error);
        throw error;
      }
    };
  }

  #measure(operation: string, input: S3Input, startedMs: number, output: S3Output | undefined, error?: unknown): void {
    try {
      this.#record({
        operation,
        bucket: this.#bucket(input?.Bucket),
        seconds: (performance.now() - startedMs) / 1000,
        // What did not arrive is not counted.
        sentBytes: output === undefined ? 0 : bytesOf(input?.Body, input?.ContentLength),
        receivedBytes: bytesOf(undefined, output?.ContentLength),
        errorType: output === undefined ? this.#errors.of(error) : undefined,
      });
    } catch (fault) {
      if (this.#told) return;
      this.#told = true;
      this.#options.onFault?.('s3', fault);
    }
  }

  #record(call: Call): void {
    const { operation, bucket, seconds, sentBytes, receivedBytes, errorType } = call;
    const attributes: Attributes = {
      'rpc.system.name': 'aws-api',
      'rpc.method': `S3/${operation}`,
      ...(bucket === '' ? {} : { 'aws.s3.bucket': bucket }),
    };
    const outcome = errorType === undefined ? { outcome: 'ok' } : { outcome: 'error', 'error.type': errorType };
    this.#durations.record(seconds, { ...attributes, ...outcome });
    if (sentBytes > 0) this.#io.add(sentBytes, { ...attributes, 'network.io.direction': 'transmit' });
    if (receivedBytes > 0) this.#io.add(receivedBytes, { ...attributes, 'network.io.direction': 'receive' });
    this.#tell(call);
  }

  #tell({ operation, bucket, seconds, sentBytes, receivedBytes, errorType }: Call): void {
    const { onRow, category = 'R2' } = this.#options;
    if (onRow === undefined) return;
    const topic = bucket === '' ? operation : `${operation} ${bucket}`;
    let total = this.#totals.get(topic);
    if (total === undefined) this.#totals.set(topic, (total = { calls: 0, failures: 0, seconds: 0, bytes: 0 }));
    total.calls += 1;
    total.seconds += seconds;
    total.bytes += sentBytes + receivedBytes;
    if (errorType !== undefined) total.failures += 1;
    const { calls, failures, bytes } = total;
    const of = { category, type: 'performance', topic, id: `${category.toLowerCase()}.${topic.replace(' ', '.')}` } as const;
    onRow({
      ...of,
      subCat: 'Latency',
      value: `${(seconds * 1000).toFixed(2)}ms`,
      pattern: 'time_measurement',
      properties: {
        calls,
        failures,
        meanMs: ((total.seconds / calls) * 1000).toFixed(2),
        outcome: errorType === undefined ? 'ok' : 'error',
        ...(errorType === undefined ? {} : { 'error.type': errorType }),
      },
    });
    if (bytes === 0 || total.seconds === 0) return;
    onRow({
      ...of,
      subCat: 'Throughput',
      value: `${(bytes / total.seconds / 1e6).toFixed(2)}MB/s`,
      pattern: 'throughput_measurement',
      properties: { calls, bytes },
    });
  }

  /** Whoever takes names of buckets from requests must not make a series of each. */
  #bucket(given: unknown): string {
    if (typeof given !== 'string') return '';
    const bucket = given.slice(0, INSTRUMENTATION_LIMITS.textChars);
    if (this.#buckets.has(bucket)) return bucket;
    if (this.#buckets.size >= INSTRUMENTATION_LIMITS.buckets) return OTHER;
    this.#buckets.add(bucket);
    return bucket;
  }
}

/** 0 where it is not known: a stream without a length. */
function bytesOf(body: unknown, contentLength: unknown): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (ArrayBuffer.isView(body)) return body.byteLength;
  if (body instanceof Blob) return body.size;
  return typeof contentLength === 'number' && contentLength > 0 ? contentLength : 0;
}
