import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions, TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { decompress } from '../../pipeline/compression/decompress.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';

/** One request that arrived whole. */
export interface SinkRequest {
  readonly method: string;
  readonly path: string;
  /** From the path; undefined when it is none of OTLP's. */
  readonly signal: Signal | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes on the wire, still compressed. */
  readonly wireBytes: number;
  /** Decompressed. */
  readonly body: Uint8Array;
  /** Which connection it came over, from 0. */
  readonly connection: number;
}

/** How one request is answered; nothing of it: 200 with an empty body in the request's content type. */
export interface SinkAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Before anything is answered. */
  readonly delayMs?: number;
  /** Resets the connection instead of answering. */
  readonly reset?: boolean;
  /** Never answers. */
  readonly hang?: boolean;
  /** Answers a byte a second, and never comes to the end. */
  readonly drip?: boolean;
}

export type SinkScript = (request: SinkRequest, index: number) => SinkAnswer | undefined | Promise<SinkAnswer | undefined>;
export interface SinkOptions {
  /** 0 picks a free one. */
  readonly port?: number;
  readonly tls?: TlsOptions;
  /** Called with each connection whose handshake is done. */
  readonly secured?: (socket: TLSSocket) => void;
}

const ANSWER_OK: SinkAnswer = {};

/** A real OTLP/HTTP destination on 127.0.0.1: keeps what arrives, answers as scripted. `close` it in the test. */
export class OtlpSink {
  readonly requests: SinkRequest[] = [];
  /** Requests seen, those without an answer too. */
  seen = 0;
  script: SinkScript | undefined;
  readonly #server: Server;
  readonly #sockets = new Map<Socket, number>();
  #connections = 0;

  private constructor(script: SinkScript | undefined, options: SinkOptions) {
    this.script = script;
    const handle = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    this.#server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
    if (options.secured !== undefined) this.#server.on('secureConnection', options.secured);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.set(socket, this.#connections);
      this.#connections += 1;
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  static async start(script?: SinkScript, options: SinkOptions = {}): Promise<OtlpSink> {
    const sink = new OtlpSink(script, options);
    sink.#server.listen(options.port ?? 0, '127.0.0.1');
    await once(sink.#server, 'listening');
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get url(): string {
    return `${'setSecureContext' in this.#server ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }
  /** Connections ever accepted, and open now. */
  get connections(): number {
    return this.#connections;
  }
  get openConnections(): number {
    return this.#sockets.size;
  }

  bodies(signal: Signal): Uint8Array[] {
    return this.requests.filter((request) => request.signal === signal).map((request) => request.body);
  }

  /** Resolves when `count` requests have arrived whole. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  /** Ends every open connection, as a proxy does that restarts. */
  cut(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen += 1;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const request = this.#keep(message, Buffer.concat(chunks));
    const answer = (await this.script?.(request, this.requests.length - 1)) ?? ANSWER_OK;
    if (answer.hang === true) return;
    if (answer.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    if (answer.reset === true) {
      message.socket.resetAndDestroy();
      return;
    }
    if (answer.drip === true) return drip(response);
    const contentType = request.headers['content-type'] ?? 'application/x-protobuf';
    const body = answer.body ?? (contentType === 'application/json' ? '{}' : '');
    response.writeHead(answer.status ?? 200, { 'content-type': contentType, ...answer.headers });
    response.end(body);
  }

  #keep(message: IncomingMessage, wire: Buffer): SinkRequest {
    const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)]));
    const encoding = headers['content-encoding'] ?? '';
    // Another's reader judges what our own writer made, where there is one.
    const body = encoding === 'gzip' ? gunzipSync(wire) : decompress(encoding, wire, 1 << 30);
    const path = message.url ?? '';
    const request: SinkRequest = {
      method: message.method ?? '',
      path,
      signal: SIGNALS.find((signal) => path.endsWith(`/v1/${signal}`)),
      headers,
      wireBytes: wire.length,
      body: 'ok' in body ? new Uint8Array() : body,
      connection: this.#sockets.get(message.socket) ?? -1,
    };
    this.requests.push(request);
    return request;
  }
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 3600 });
  const timer = setInterval(() => response.write('\0'), 1000);
  response.once('close', () => clearInterval(timer));
}
