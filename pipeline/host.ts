import type { Analytics } from './analytics.ts';
import type { AuditTrail } from './audit.ts';
import type { AuthMethod, AuthResult, ClientCertificate, Credentials } from './auth.ts';
import type { ErrorCode } from './errors.ts';
import type { GrpcHandler, GrpcOptions } from './host-grpc.ts';
import type { InProcessPoints } from './in-process.ts';
import type { IngestPoints } from './ingest.ts';
import type { LedgerSnapshot } from './ledger.ts';
import type { Live } from './live.ts';
import type { ComponentStatus } from './status.ts';
import type { ServerTls } from './tls.ts';
import type { UpgradeAnswer, WebSocketOptions } from './web-socket.ts';

/** What a host lends its components. A member arrives with its first user. */
export interface Host {
  /** Opens an HTTP listener on the engine that was chosen at start. Rejects with a StartError (port in use, …). */
  http(options: HttpOptions, handler: HttpHandler): Promise<HttpListener>;
  /** Where security events go (`pipeline/audit.ts` says which); cheap while no `audit` extension keeps them. */
  readonly audit: AuditTrail;
  readonly storage: HostStorage;
  /** What people watch while it happens. */
  readonly live: Live;
  /** Reads the keys and names that `methods` need. A listener awaits it before it opens; rejects with a StartError. */
  prepareAuth(methods: readonly AuthMethod[]): Promise<void>;
  /**
   * Who a request is from, by the first of `methods` that its credentials speak to. At once when that is known or plainly
   * wrong, a promise (which never rejects) when a signature must be checked. Failures are counted against the address.
   */
  authenticate(methods: readonly AuthMethod[], credentials: Credentials): AuthResult | Promise<AuthResult>;
  /** Opens a gRPC listener. Rejects with a StartError. */
  grpc(options: GrpcOptions, handler: GrpcHandler): Promise<HttpListener>;
  /** Opens the API (`server/routes`), and writes the token of this machine's owner. Rejects with a StartError. */
  api(options: ApiOptions): Promise<HttpListener>;
  /** Receivers without a listener of their own, for whoever makes telemetry or has it brought. */
  readonly ingest: IngestPoints;
  /** Receivers that take OTLP from the application which this collector is embedded in. */
  readonly inProcess: InProcessPoints;
  /** The process that keeps windows and answers SQL. It starts with the first component that opens it. */
  readonly analytics: Analytics;
  /** Counters of this process so far, and of those before it whose ledger was kept; empty until the graph runs. Several scopes: for localhost's owner only. */
  ledger(): LedgerSnapshot;
  /** How every component is; empty until the graph runs. */
  status(): readonly ComponentStatus[];
}

/** Where the state of this process lives. */
export interface HostStorage {
  /** Absolute. Made, for its owner only, by the first one that writes into it (`makePrivateFolder`): until then it may
   *  not be there. */
  readonly directory: string;
}

export interface HttpOptions {
  /** Id of the component that listens, for what a start prints. */
  readonly owner?: string;
  /** `host:port`; port 0 picks a free one. */
  readonly endpoint: string;
  /** One more byte is answered 413. */
  readonly maxBodyBytes: number;
  readonly headerTimeoutMs: number;
  /** Between two reads of one request's body. */
  readonly idleTimeoutMs: number;
  /** For the whole of one request, head to last byte of the body; 0 = no bound. */
  readonly readTimeoutMs: number;
  /** Between two requests of one connection; 0 closes it after each answer. */
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  /** Present = TLS only. Files are read at the start (a StartError names what is wrong) and again when they change. */
  readonly tls?: ServerTls | undefined;
  /** Present = requests to upgrade on its path go to `HttpHandler.upgrade`. */
  readonly webSocket?: WebSocketOptions | undefined;
}

export interface ApiOptions extends HttpOptions {
  /** Never empty. */
  readonly auth: readonly AuthMethod[];
  /** Whose pages may open the live stream, beside our own: `https://example.com`. */
  readonly allowedOrigins?: readonly string[];
  /** The live stream takes a token that lives long from the URL, too. */
  readonly allowQueryToken?: boolean;
}

export interface HttpListener {
  /** The address in use, as a URL without path: `http://127.0.0.1:4318`, `https://…` with TLS. */
  readonly url: string;
  readonly engine: string;
  /** Stops listening at once; requests under way may finish until the deadline, then sockets are closed. Safe twice. */
  close(deadlineMs: number): Promise<void>;
  /** Requests whose head comes from now on are for `handler`, of the same protocol; sockets and connections stay. Returns
   *  the listener as its new owner holds it. `close` of this one then waits for its own requests and closes nothing. */
  handTo(handler: never): HttpListener;
}

/** A request line and its headers. Valid until the answer, except for `header` and `headers`: an engine lends its
 *  header block to `head` (and to a `fault` before it) and takes it back, so what is needed later is kept in `state`. */
export interface HttpHead {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly remoteAddress: string;
  /** Of a listener with `client_ca_file`, where TLS has verified one. */
  readonly certificate?: ClientCertificate | undefined;
  /** -1 when the request is chunked. */
  readonly contentLength: number;
  /** The handler's own, from `head` to `request`, `fault` or `gone`. */
  state: unknown;
  /** `name` in lower case; '' when absent. Only inside `head`. */
  header(name: string): string;
  /** All of them, names in lower case, repeated ones joined by ", ". Only inside `head`. */
  headers(): Record<string, string>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Of a refusal by the head: the sender gets it so much later, and until then no more of its request is read. */
  readonly holdMs?: number;
}

export interface HttpHandler {
  /** The head is in, the body is not: an answer here ends the request without reading it. While a promise is open (it
   *  must not reject) the body waits. Must not throw. Headers are lent until it returns, not until it resolves. */
  head(head: HttpHead): HttpAnswer | undefined | Promise<HttpAnswer | undefined>;
  /** The body is in and owned by the handler from here on. */
  request(head: HttpHead, body: Uint8Array): Promise<HttpAnswer> | HttpAnswer;
  /** How a fault the engine found (400, 413, 408, 503, 500) is worded for this protocol. */
  fault(head: HttpHead, code: ErrorCode): HttpAnswer;
  /** The sender left, or the engine answered a fault, after `head` let the request pass and before `request` ran. */
  gone?(head: HttpHead): void;
  /** The sender left, or closed its side, while `request` was making an answer. Also for a promise of `head`, where there is
   *  no body to wait for. */
  left?(head: HttpHead): void;
  /** A sound request to upgrade to a WebSocket, where `HttpOptions.webSocket` asks for them. As `head`: must not throw or
   *  reject, and headers are lent until it returns. */
  upgrade?(head: HttpHead): UpgradeAnswer | Promise<UpgradeAnswer>;
}
