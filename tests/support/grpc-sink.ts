import {
  Metadata,
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type ServiceDefinition,
  type StatusObject,
} from '@grpc/grpc-js';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';

/** One call that arrived whole, decompressed by grpc-js. */
export interface GrpcSinkRequest {
  readonly signal: Signal;
  readonly metadata: Metadata;
  readonly body: Buffer;
  /** What grpc-js made of grpc-timeout, in ms from now; Infinity without one. */
  readonly deadlineInMs: number;
}

/** How one call is answered; nothing of it: OK with an empty message. */
export interface GrpcSinkAnswer {
  readonly code?: number;
  readonly words?: string;
  /** grpc-status-details-bin. */
  readonly details?: Uint8Array;
  readonly body?: Uint8Array;
  /** Never answers. */
  readonly hang?: boolean;
}
export type GrpcSinkScript = (request: GrpcSinkRequest, index: number) => GrpcSinkAnswer | undefined;

const SERVICES: Readonly<Record<Signal, string>> = {
  metrics: 'metrics.v1.MetricsService',
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
};
const bytes = (message: Buffer): Buffer => message;

/** A real OTLP/gRPC destination on 127.0.0.1 (other people's: grpc-js), keeping bytes. `close` it in the test. */
export class GrpcSink {
  readonly requests: GrpcSinkRequest[] = [];
  script: GrpcSinkScript | undefined;
  readonly #server = new Server({ 'grpc.max_receive_message_length': -1 });
  #port = 0;

  private constructor(script: GrpcSinkScript | undefined) {
    this.script = script;
    for (const signal of SIGNALS) {
      const definition: ServiceDefinition = {
        Export: {
          path: `/opentelemetry.proto.collector.${SERVICES[signal]}/Export`,
          requestStream: false,
          responseStream: false,
          requestSerialize: bytes,
          requestDeserialize: bytes,
          responseSerialize: bytes,
          responseDeserialize: bytes,
        },
      };
      this.#server.addService(definition, { Export: this.#handler(signal) });
    }
  }

  static async start(
    script?: GrpcSinkScript,
    credentials: ServerCredentials = ServerCredentials.createInsecure(),
    port = 0,
  ): Promise<GrpcSink> {
    const sink = new GrpcSink(script);
    sink.#port = await new Promise<number>((resolve, reject) => {
      sink.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return sink;
  }

  get port(): number {
    return this.#port;
  }
  /** `host:port`, as an exporter's endpoint. */
  get endpoint(): string {
    return `127.0.0.1:${this.#port}`;
  }

  bodies(signal: Signal): Buffer[] {
    return this.requests.filter((request) => request.signal === signal).map(({ body }) => body);
  }

  /** Resolves when `count` calls have arrived whole. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #handler(signal: Signal): handleUnaryCall<Buffer, Buffer> {
    return (call, done) => {
      const deadlineInMs = Number(call.getDeadline()) - Date.now();
      this.requests.push({ signal, metadata: call.metadata, body: call.request, deadlineInMs });
      const answer = this.script?.(this.requests.at(-1)!, this.requests.length - 1) ?? {};
      if (answer.hang === true) return;
      if (answer.code === undefined || answer.code === 0) return done(null, Buffer.from(answer.body ?? []));
      const metadata = new Metadata();
      if (answer.details !== undefined) metadata.set('grpc-status-details-bin', Buffer.from(answer.details));
      const status: StatusObject = { code: answer.code, details: answer.words ?? '', metadata };
      done(status);
    };
  }
}
