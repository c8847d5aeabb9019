import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContextOptions } from 'node:tls';
import type { ClientCertificate } from '../../pipeline/auth.ts';
import type { HttpAnswer, HttpHandler, HttpOptions } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { WebSocketAccept } from '../../pipeline/web-socket.ts';
import { isMutual } from '../../pipeline/tls.ts';
import type { Address } from './address.ts';
import type { Engine, EngineServer } from './engine.ts';
import { certificateOf } from './client-certificate.ts';
import { Exchange, type Shared } from './exchange.ts';
import { answerHead } from './http1-answer.ts';
import { bind } from './listen.ts';
import { HeldAnswers } from './held-answers.ts';
import { Owner } from './owner.ts';
import { ReadWatch } from './read-watch.ts';
import { bodyLength, RequestHead } from './request-head.ts';
import { isUpgradeFor } from './upgrade-request.ts';
import type { WsSockets } from './ws-sockets.ts';

/** node:http behind our listener: on every Node and platform, at about half the requests per second. */
export const nodeEngine: Engine = {
  name: 'node',
  serve: (options, handler, material, webSockets) => new NodeServer(options, handler, material, webSockets),
};

const NOTHING = new Uint8Array(0);
const HEADER_CHECK_MS_MAX = 5000;
const HEADER_CHECK_MS_MIN = 50;

class NodeHead extends RequestHead<IncomingMessage> {
  readonly #socket: Socket;

  constructor(request: IncomingMessage) {
    const url = request.url ?? '';
    const question = url.indexOf('?');
    const { headers } = request;
    super(
      request.method ?? '',
      question < 0 ? url : url.slice(0, question),
      question < 0 ? '' : url.slice(question + 1),
      bodyLength(headers['content-length'], headers['transfer-encoding']),
      request,
    );
    this.#socket = request.socket;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  override get certificate(): ClientCertificate | undefined {
    return this.#socket instanceof TLSSocket ? certificateOf(this.#socket) : undefined;
  }

  header(name: string): string {
    const value = this.lent.headers[name];
    return typeof value === 'string' ? value : (value?.join(', ') ?? '');
  }

  headers(): Record<string, string> {
    const all: Record<string, string> = Object.create(null);
    for (const name of Object.keys(this.lent.headers)) all[name] = this.header(name);
    return all;
  }
}

class NodeServer implements EngineServer, Shared {
  readonly options: HttpOptions;
  owner: Owner<HttpHandler>;
  readonly watch: ReadWatch;
  readonly held: HeldAnswers;
  closing = false;
  readonly webSockets: WsSockets | undefined;
  readonly #servers: (Server | TlsServer)[] = [];
  #material: SecureContextOptions | undefined;
  readonly #surplus = new WeakSet<Socket>();
  /** Connections that have had their last answer. */
  readonly ending = new WeakSet<Socket>();
  #connections = 0;
  #closed: Promise<void> | undefined;

  constructor(
    options: HttpOptions,
    handler: HttpHandler,
    material: SecureContextOptions | undefined,
    webSockets: WsSockets | undefined,
  ) {
    this.options = options;
    this.webSockets = webSockets;
    this.owner = new Owner(handler);
    this.watch = new ReadWatch(options.idleTimeoutMs, options.readTimeoutMs);
    this.held = new HeldAnswers(options.maxConnections);
    this.#material = material;
  }

  listen(address: Address): Promise<number> {
    const server = this.#create();
    this.#servers.push(server);
    return bind(server, address);
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  renew(material: SecureContextOptions): void {
    this.#material = material;
    for (const server of this.#servers) if ('setSecureContext' in server) server.setSecureContext(material);
  }

  #create(): Server | TlsServer {
    const { headerTimeoutMs, keepAliveTimeoutMs, tls } = this.options;
    const common: ServerOptions = {
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: headerTimeoutMs,
      // Ours is the read watch, which answers in the protocol's words.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(HEADER_CHECK_MS_MAX, Math.max(HEADER_CHECK_MS_MIN, headerTimeoutMs / 4)),
      noDelay: true,
    };
    // Who shows no certificate of these authorities gets no further than the handshake.
    const mutual = isMutual(tls) ? { requestCert: true, rejectUnauthorized: true } : {};
    const server =
      this.#material === undefined
        ? createServer(common)
        : createTlsServer({ ...common, ...this.#material, ...mutual, handshakeTimeout: headerTimeoutMs });
    server.on('request', (request, response) => this.#begin(request, response, false));
    server.on('checkContinue', (request, response) => this.#begin(request, response, true));
    server.on('connection', (socket: Socket) => this.#connect(socket));
    // A handshake that failed; nothing can be said to whoever it was.
    server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
    server.on('secureConnection', (socket: TLSSocket) => {
      if (this.#connections > this.options.maxConnections) this.#surplus.add(socket);
    });
    server.on('clientError', refuseUnparsed);
    // With a listener every request that names some protocol to upgrade to comes here, without one none does.
    if (this.webSockets !== undefined)
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, early: Buffer) => this.#upgrade(request, socket, early));
    return server;
  }

  #begin(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    if (this.ending.has(request.socket)) {
      // The sender was told that the connection ends: what comes now is thrown away until it does.
      request.resume();
      return;
    }
    const exchange = new NodeExchange(this, request, response, expectsContinue);
    const tooMany = this.#surplus.has(request.socket);
    // Node found no sound request to upgrade in it; what is wrong with it is said in our words.
    if (isUpgradeFor(exchange.head, this.options.webSocket)) exchange.beginUpgrade(tooMany);
    else exchange.begin(tooMany);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, early: Buffer): void {
    const exchange = new NodeUpgradeExchange(this, request, socket, early);
    const { head } = exchange;
    const tooMany = this.#surplus.has(request.socket);
    if (isUpgradeFor(head, this.options.webSocket)) exchange.beginUpgrade(tooMany);
    // Another protocol (HTTP/2 in the clear) may be offered in passing; where a body follows, Node has not read it.
    else if (head.contentLength === 0) exchange.begin(tooMany);
    else exchange.refuseBody();
  }

  #connect(socket: Socket): void {
    this.#connections += 1;
    socket.once('close', () => {
      this.#connections -= 1;
    });
    const surplus = this.#connections - this.options.maxConnections;
    if (surplus > LIMITS.refusedConnections) socket.destroy();
    else if (surplus > 0) this.#surplus.add(socket);
  }

  async #close(deadlineMs: number): Promise<void> {
    this.closing = true;
    this.held.letGo();
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const server of this.#servers) server.closeIdleConnections();
    await Promise.all([this.owner.underWay.drained(deadlineMs), this.webSockets?.open.close(deadlineMs)]);
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(closed);
    this.watch.stop();
  }
}

/** Bytes that are no HTTP request: there is no head, so no protocol of ours to word it in. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

class NodeExchange extends Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #expectsContinue: boolean;

  readonly #ending: WeakSet<Socket>;

  constructor(server: NodeServer, request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    super(server, new NodeHead(request));
    this.#ending = server.ending;
    this.#request = request;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
    response.once('close', () => this.abort());
  }

  protected override read(hold: boolean): void {
    if (!hold) this.proceed(true);
  }

  protected override proceed(wanted: boolean): void {
    if (wanted && this.#expectsContinue) this.#response.writeContinue();
    this.#request.on('data', (chunk: Uint8Array) => this.data(chunk, false, true));
    this.#request.once('end', () => this.data(NOTHING, true, true));
  }

  protected override write({ status, headers, body }: HttpAnswer, last: boolean): void {
    const response = this.#response;
    // A sender that waits for 100 Continue may or may not send its body after a refusal.
    const close = last || (this.#expectsContinue && !this.#request.complete);
    if (close) {
      response.setHeader('Connection', 'close');
      this.#ending.add(this.#request.socket);
    }
    if (status !== 204) response.setHeader('Content-Length', body === undefined ? 0 : Buffer.byteLength(body));
    response.writeHead(status, headers);
    if (this.#request.complete) {
      response.end(body);
    } else if (close) {
      this.#linger(body);
    } else {
      response.end(body);
      this.#request.resume();
    }
  }

  protected override upgrade(_key: string, accept: WebSocketAccept): void {
    accept.abandon(); // Node tells requests to upgrade apart, and gives them to another exchange
  }

  /** The answer is out, the sender still sends: closing now would reset the connection and destroy the answer on its
   *  way, so what comes is thrown away for a moment. */
  #linger(body: Uint8Array | string | undefined): void {
    const response = this.#response;
    response.flushHeaders();
    if (body !== undefined && this.head.method !== 'HEAD') response.write(body);
    const end = (): void => {
      clearTimeout(timer);
      response.end();
    };
    const timer = setTimeout(end, LIMITS.lingerMs);
    timer.unref();
    this.#request.once('end', end);
    response.once('close', () => clearTimeout(timer));
    this.#request.resume();
  }
}

/** A request that names another protocol: Node has let go of its connection, which ends with the answer. */
class NodeUpgradeExchange extends Exchange {
  declare readonly head: NodeHead;
  readonly #webSockets: WsSockets;
  readonly #socket: Duplex;
  readonly #early: Buffer;

  constructor(server: NodeServer, request: IncomingMessage, socket: Duplex, early: Buffer) {
    super(server, new NodeHead(request));
    this.#webSockets = server.webSockets!;
    this.#socket = socket;
    this.#early = early;
    socket.on('error', () => {}); // its close follows
    socket.once('close', this.#gone);
  }

  refuseBody(): void {
    this.#end(answerHead(400, undefined, undefined, true));
  }

  protected override read(): void {}

  protected override proceed(): void {}

  protected override write({ status, headers, body }: HttpAnswer): void {
    this.#end(answerHead(status, headers, body, true), this.head.method === 'HEAD' ? undefined : body);
  }

  protected override upgrade(key: string, accept: WebSocketAccept): void {
    this.#socket.off('close', this.#gone);
    this.#webSockets.accept({ socket: this.#socket, key, early: this.#early }, accept);
  }

  readonly #gone = (): void => this.abort();

  #end(head: string, body?: Uint8Array | string): void {
    const socket = this.#socket;
    socket.write(head, 'latin1');
    socket.end(body);
    // What the sender still sends is thrown away for a moment, so that it can read its answer.
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LIMITS.lingerMs);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  }
}
