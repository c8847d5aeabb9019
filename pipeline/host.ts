import type { ErrorCode } from './errors.ts';

/** What a host lends its components. A member arrives with its first user. */
export interface Host {
  /** Opens an HTTP listener on the engine that was chosen at start. Rejects with a StartError (port in use, …). */
  http(options: HttpOptions, handler: HttpHandler): Promise<HttpListener>;
}

export interface HttpOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly endpoint: string;
  readonly maxBodyBytes: number;
  readonly headerTimeoutMs: number;
  /** Between two reads of one request. */
  readonly idleTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
}

export interface HttpListener {
  /** The address in use, as a URL without path: `http://127.0.0.1:4318`. */
  readonly url: string;
  readonly engine: string;
  /** Stops listening at once; requests under way may finish until the deadline, then sockets are closed. Safe twice. */
  close(deadlineMs: number): Promise<void>;
}

/** A request line and its headers. Valid until the answer. */
export interface HttpHead {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  /** -1 when the request is chunked. */
  readonly contentLength: number;
  /** `name` in lower case; '' when absent. */
  header(name: string): string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface HttpHandler {
  /** The head is in, the body is not: an answer here ends the request without reading it. Must not throw. */
  head(head: HttpHead): HttpAnswer | undefined;
  /** The body is in and owned by the handler from here on. */
  request(head: HttpHead, body: Uint8Array): Promise<HttpAnswer> | HttpAnswer;
  /** How a fault the engine found (413, 408, 503, 500) is worded for this protocol. */
  fault(head: HttpHead, code: ErrorCode): HttpAnswer;
  /** The sender left, or the engine answered a fault, after `head` let the request pass and before `request` ran. */
  gone?(head: HttpHead): void;
}
