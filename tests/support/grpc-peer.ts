import {
  Client,
  credentials,
  Metadata,
  type CallOptions,
  type ChannelCredentials,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';

/** grpc-js numbers its algorithms. */
const COMPRESSION = { identity: 0, deflate: 1, gzip: 2 } as const;

/** What a call of grpc-js came to. */
export interface GrpcReply {
  readonly code: number;
  readonly words: string;
  /** Undefined unless the code is 0. */
  readonly message: Buffer | undefined;
  readonly metadata: Metadata;
}

export interface GrpcCallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

/** A call of grpc-js that is answered again and again. */
export interface GrpcWatched {
  readonly messages: readonly Buffer[];
  /** Undefined until it has ended. */
  readonly end: { readonly code: number; readonly words: string } | undefined;
  cancel(): void;
}

const bytes = (message: Buffer): Buffer => message;

/** Other people's gRPC client (grpc-js), sending and receiving bytes as they are. Close it in the test. */
export class GrpcPeer {
  readonly #client: Client;

  constructor(
    url: string,
    options: { readonly compression?: keyof typeof COMPRESSION; readonly credentials?: ChannelCredentials } = {},
  ) {
    const target = url.replace(/^https?:\/\//, '');
    this.#client = new Client(target, options.credentials ?? credentials.createInsecure(), {
      'grpc.default_compression_algorithm': COMPRESSION[options.compression ?? 'identity'],
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.enable_retries': 0,
      // Every peer has its own connection.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  call(path: string, message: Uint8Array, options: GrpcCallOptions = {}): Promise<GrpcReply> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, value);
    const callOptions: CallOptions = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, reply?: Buffer): void => {
        const code = error === null ? 0 : error.code;
        resolve({ code, words: error?.details ?? '', message: reply, metadata: error?.metadata ?? new Metadata() });
      };
      this.#client.makeUnaryRequest(path, bytes, bytes, Buffer.from(message), metadata, callOptions, done);
    });
  }

  watch(path: string, message: Uint8Array, { deadlineMs }: Pick<GrpcCallOptions, 'deadlineMs'> = {}): GrpcWatched {
    const callOptions: CallOptions = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const call = this.#client.makeServerStreamRequest(path, bytes, bytes, Buffer.from(message), callOptions);
    const messages: Buffer[] = [];
    let end: GrpcWatched['end'];
    call.on('data', (each: Buffer) => messages.push(each));
    call.on('error', () => undefined); // told by its status, too
    call.on('status', ({ code, details }: StatusObject) => (end = { code, words: details }));
    return {
      messages,
      get end() {
        return end;
      },
      cancel: () => call.cancel(),
    };
  }

  close(): void {
    this.#client.close();
  }
}
