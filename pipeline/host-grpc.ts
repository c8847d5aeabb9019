import type { ClientCertificate } from './auth.ts';
import type { ErrorCode } from './errors.ts';
import type { ServerTls } from './tls.ts';

/** How a gRPC listener is to behave. Times are in milliseconds, 0 = no bound unless said otherwise. */
export interface GrpcOptions {
  /** Id of the component that listens, for what a start prints. */
  readonly owner?: string;
  /** `host:port`; port 0 picks a free one. */
  readonly endpoint: string;
  /** One more byte in the prefix of a message is RESOURCE_EXHAUSTED, before any of it is kept. */
  readonly maxMessageBytes: number;
  /** Of one connection at a time. */
  readonly maxConcurrentStreams: number;
  readonly maxConnections: number;
  /** For a new connection to say its HTTP/2 SETTINGS. */
  readonly handshakeTimeoutMs: number;
  /** Between two reads of one message. */
  readonly idleTimeoutMs: number;
  /** For the whole of one message. */
  readonly readTimeoutMs: number;
  readonly keepalive: GrpcKeepalive;
  /** Present = TLS only. Files are read at the start (a StartError names what is wrong) and again when they change. */
  readonly tls?: ServerTls | undefined;
}

/** grpc-go's keepalive.ServerParameters and EnforcementPolicy. */
export interface GrpcKeepalive {
  /** A connection without calls is closed after this long. */
  readonly maxIdleMs: number;
  /** A connection is asked to go after this long, give or take a tenth, and cut after `maxAgeGraceMs` more. */
  readonly maxAgeMs: number;
  readonly maxAgeGraceMs: number;
  /** A connection that was silent for this long is pinged, and cut when it says nothing for `timeoutMs` more. */
  readonly timeMs: number;
  readonly timeoutMs: number;
  /** A client that pings more often is sent away. */
  readonly minPingIntervalMs: number;
  readonly pingWithoutStream: boolean;
}

/** One call: its path and metadata. */
export interface GrpcHead {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly remoteAddress: string;
  /** Of a listener with `client_ca_file`, where TLS has verified one. */
  readonly certificate?: ClientCertificate | undefined;
  /** The handler's own, from `head` to `request`, `fault` or `gone`. */
  state: unknown;
  /** `name` in lower case; '' when absent. */
  header(name: string): string;
  /** All of them without pseudo-headers, names in lower case, repeated ones joined by ", ". */
  headers(): Record<string, string>;
}

export interface GrpcAnswer {
  /** google.rpc.Code; 0 with the `message` of a success. */
  readonly status: number;
  /** One protobuf message, sent with status 0 only; absent = an empty one. */
  readonly message?: Uint8Array;
  /** In words, for any other status. */
  readonly words?: string;
  /** A google.rpc.Status, sent as grpc-status-details-bin. */
  readonly details?: Uint8Array;
  /** Trailing metadata, names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A call that is answered again and again, until its caller leaves or the engine ends it (`GrpcHandler.fault` words how). */
export interface GrpcWatch {
  /** Called once. `tell` gives the caller one protobuf message; of those it has not taken only the last is kept. Returns
   *  what stops it, called once. */
  begin(tell: (message: Uint8Array) => void): () => void;
}

/** Calls of one message. Faults of the transport are worded by `fault`, everything else is the handler's own answer. */
export interface GrpcHandler {
  /** The head is in: an answer ends the call before anything of its message is read. Must not throw. */
  head(head: GrpcHead): GrpcAnswer | undefined | Promise<GrpcAnswer | undefined>;
  /** The prefix of the message has told its length, nothing of it is kept yet: an answer ends the call. */
  prefix(head: GrpcHead, messageBytes: number, compressed: boolean): GrpcAnswer | undefined;
  /** The message is in and owned by the handler from here on. A watch is not waited for when the listener closes or gets
   *  another handler: it ends with SHUTTING_DOWN. */
  request(head: GrpcHead, message: Uint8Array): Promise<GrpcAnswer> | GrpcAnswer | GrpcWatch;
  /** How a fault the engine found is worded. */
  fault(head: GrpcHead, code: ErrorCode, cause: string): GrpcAnswer;
  /** The caller left, or the engine answered a fault, after `head` let the call pass and before `request` ran. */
  gone(head: GrpcHead): void;
}
