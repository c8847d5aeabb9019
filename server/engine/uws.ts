import { STATUS_CODES } from 'node:http';
import { createServer } from 'node:net';
import type { HttpAnswer, HttpHandler, HttpOptions } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { WebSocketAccept } from '../../pipeline/web-socket.ts';
import type { Address } from './address.ts';
import type { Engine, EngineServer } from './engine.ts';
import { Exchange, type Shared } from './exchange.ts';
import { HeldAnswers } from './held-answers.ts';
import { Owner } from './owner.ts';
import { ReadWatch } from './read-watch.ts';
import { BAD_FRAMING, bodyLength, RequestHead } from './request-head.ts';
import { isUpgradeFor } from './upgrade-request.ts';
import { LINGER_ANSWER_BYTES, UwsLinger } from './uws-linger.ts';
import type { Uws, UwsApp, UwsRequest, UwsResponse } from './uws-native.ts';
import { UwsSockets } from './uws-sockets.ts';

/**
 * uWebSockets.js behind our listener. What it fixes by itself and cannot be told otherwise: a header block has 10 s
 * and an idle connection 8 to 12 s (our timeouts can only be shorter for bodies), a header block that comes in pieces
 * has 4 KiB, `100 Continue` is sent for every Expect, and a second request on a connection whose first one waits for
 * an answer closes it. Of two headers of one name it acts on the first, so we look for the second ourselves. A head with
 * a bare CR or LF, a folded line, a NUL or a space before a colon never ends for it and is closed by those 10 s. Of
 * chunked bodies it hides the chunks: it takes a bare LF behind a size, blanks there, any two bytes in the place of the
 * CRLF behind a chunk, and takes trailers for a second request, which it refuses. There is no event for a new connection, so the connection limit counts those with a request
 * under way; the others are bounded by those 10 s.
 */
export function uwsEngine(uws: Uws): Engine {
  return { name: 'uws', serve: (options, handler) => new UwsServer(uws, options, handler) };
}

/** LIBUS_LISTEN_EXCLUSIVE_PORT: without it a second process shares the port without a word. */
const EXCLUSIVE_PORT = 1;
/** The shortest that its idle timer gets; clients that read it close first and never meet a closing connection. */
const KEEP_ALIVE = 'timeout=8';
const NO_HEADERS: NonNullable<HttpAnswer['headers']> = {};
const latin1 = new TextDecoder('latin1');

const STATUS_LINES = new Map(Object.entries(STATUS_CODES).map(([status, text]) => [Number(status), `${status} ${text}`]));

/**
 * The headers of the request whose head is looked at now. All are asked for at once: only so a second one of a name is
 * seen, as `getHeader` gives the first; and each question to the engine costs a quarter of a microsecond.
 */
const names: string[] = [];
const values: string[] = [];
let count = 0;

function readHeader(name: string, value: string): void {
  names[count] = name;
  values[count] = value;
  count += 1;
}

function first(wanted: string): string {
  for (let at = 0; at < count; at++) if (names[at] === wanted) return values[at]!;
  return '';
}

/** All headers of a name as one list; undefined when there is none. */
function listed(wanted: string): string | undefined {
  let list: string | undefined;
  for (let at = 0; at < count; at++)
    if (names[at] === wanted) list = list === undefined ? values[at]! : `${list}, ${values[at]!}`;
  return list;
}

class UwsHead extends RequestHead<UwsRequest> {
  /** The sender asked for it: the engine closes right behind the answer. */
  readonly closes: boolean;
  readonly #response: UwsResponse;

  constructor(method: string, request: UwsRequest, response: UwsResponse) {
    count = 0;
    request.forEachHeader(readHeader);
    const length = bodyLength(listed('content-length'), listed('transfer-encoding'));
    super(method, request.getUrl(), request.getQuery() ?? '', length, request);
    this.#response = response;
    const connection = listed('connection') ?? '';
    this.closes = connection !== '' && connection !== 'keep-alive' && connection.toLowerCase().includes('close');
  }

  get remoteAddress(): string {
    try {
      return latin1.decode(this.#response.getRemoteAddressAsText());
    } catch {
      return ''; // the sender left
    }
  }

  header(name: string): string {
    return this.lent === undefined ? '' : first(name);
  }

  headers(): Record<string, string> {
    const all: Record<string, string> = Object.create(null);
    if (this.lent !== undefined) for (let at = 0; at < count; at++) all[names[at]!] = listed(names[at]!)!;
    return all;
  }
}

class UwsServer implements EngineServer, Shared {
  readonly options: HttpOptions;
  owner: Owner<HttpHandler>;
  readonly watch: ReadWatch;
  readonly held: HeldAnswers;
  closing = false;
  readonly #uws: Uws;
  readonly #app: UwsApp;
  readonly webSockets: UwsSockets | undefined;
  #listening: object[] = [];
  #closed: Promise<void> | undefined;

  constructor(uws: Uws, options: HttpOptions, handler: HttpHandler) {
    this.options = options;
    this.owner = new Owner(handler);
    this.watch = new ReadWatch(options.idleTimeoutMs, options.readTimeoutMs);
    this.held = new HeldAnswers(options.maxConnections);
    this.#uws = uws;
    const { cert_file, key_file } = options.tls ?? {};
    const app =
      cert_file === undefined || key_file === undefined
        ? uws.App()
        : uws.SSLApp({ cert_file_name: cert_file, key_file_name: key_file });
    if (options.webSocket !== undefined) {
      this.webSockets = new UwsSockets(options.webSocket);
      this.webSockets.serve(app, (response, request, context) =>
        this.#begin(request.getCaseSensitiveMethod(), response, request, context),
      );
    }
    this.#app = app
      .post('/*', (response, request) => this.#begin('POST', response, request))
      .any('/*', (response, request) => this.#begin(request.getCaseSensitiveMethod(), response, request));
  }

  #begin(method: string, response: UwsResponse, request: UwsRequest, context?: object): void {
    const head = new UwsHead(method, request, response);
    const exchange = new UwsExchange(this, head, response, context);
    const connections = this.owner.underWay.count + (this.webSockets?.open.count ?? 0);
    const tooMany = connections >= this.options.maxConnections;
    if (isUpgradeFor(head, this.options.webSocket)) exchange.beginUpgrade(tooMany);
    else exchange.begin(tooMany);
    exchange.outOfCallback();
  }

  listen(address: Address): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#app.listen(address.host, address.port, EXCLUSIVE_PORT, (socket) => {
        if (socket === false) {
          reasonAgainst(address).then(reject, reject);
        } else {
          this.#listening.push(socket);
          resolve(this.#uws.getSocketPort(socket));
        }
      });
    });
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.closing = true;
    this.held.letGo();
    for (const socket of this.#listening) this.#uws.closeSocket(socket);
    this.#listening = [];
    await Promise.all([this.owner.underWay.drained(deadlineMs), this.webSockets?.open.close(deadlineMs)]);
    this.#app.close();
    this.watch.stop();
  }
}

class UwsExchange extends Exchange {
  readonly #server: UwsServer;
  readonly #response: UwsResponse;
  /** Of a request to upgrade whose key looks like one. */
  readonly #context: object | undefined;
  readonly #closes: boolean;
  #listens = false;
  #gone = false;
  #linger: UwsLinger | undefined;
  /** Bytes of the body that have not come yet; not a number when nobody said how many there are. */
  #missing: number;
  /** Nothing more of the body is wanted for now. */
  #held = false;
  #paused = false;
  /** Within a call of the engine, which sends all that is written in it at once. */
  #inCallback = true;

  constructor(server: UwsServer, head: UwsHead, response: UwsResponse, context: object | undefined) {
    super(server, head);
    this.#server = server;
    this.#response = response;
    this.#context = context;
    this.#missing = head.contentLength < 0 ? NaN : head.contentLength;
    this.#closes = head.closes;
    response.onAborted(() => {
      this.#gone = true;
      this.#linger?.stop();
      this.abort();
    });
  }

  outOfCallback(): void {
    this.#inCallback = false;
  }

  /** The engine's own timer wants 16 kB/s of a sender; ours only that something comes. */
  keep(): void {
    if (this.#held || this.#missing === 0) return;
    this.#response.pause();
    this.#response.resume();
  }

  protected override read(hold: boolean): void {
    this.#held = hold;
    // What lies in the engine's buffer comes all the same, and is mostly the whole body.
    if (hold) setImmediate(() => this.#pause());
    this.#listens = true;
    this.#response.onData((chunk, last) => {
      this.#missing = last ? 0 : this.#missing - chunk.byteLength;
      this.#inCallback = true;
      if (this.#linger === undefined) this.data(new Uint8Array(chunk), last, false);
      else this.#linger.discard(chunk.byteLength, last);
      this.#inCallback = false;
    });
  }

  /** Never behind the end of a body: `resume` starts the engine's timer, which nothing stops but the end of a body, and
   *  a connection that is owed an answer would be closed by it. */
  #pause(): void {
    if (!this.#held || this.#gone || this.#missing === 0) return;
    this.#paused = true;
    this.#response.pause();
  }

  protected override proceed(): void {
    this.#held = false;
    if (!this.#paused) return;
    this.#paused = false;
    this.#response.resume();
  }

  protected override write(answer: HttpAnswer, last: boolean): void {
    // Once it is answered the response is not ours to pause.
    this.#held = false;
    if (this.head.contentLength === BAD_FRAMING) {
      // Answered at once, the engine would go on to read what came with this head as the next request. While the answer
      // is owed it closes the connection instead.
      setImmediate(() => {
        if (!this.#gone) this.#response.cork(() => this.#writeCorked(answer, last));
      });
    } else if (this.#inCallback) this.#writeCorked(answer, last);
    else this.#response.cork(() => this.#writeCorked(answer, last));
  }

  protected override upgrade(key: string, accept: WebSocketAccept): void {
    const { webSockets } = this.#server;
    const context = this.#context;
    if (webSockets === undefined || context === undefined) accept.abandon();
    else if (this.#inCallback) webSockets.accept(this.#response, key, context, accept);
    else this.#response.cork(() => webSockets.accept(this.#response, key, context, accept));
  }

  #writeCorked({ status, headers, body }: HttpAnswer, last: boolean): void {
    const response = this.#response;
    if (status !== 200) response.writeStatus(STATUS_LINES.get(status) ?? String(status));
    const closing = last ? this.#closing(status, body) : 'stays';
    const { name, value } = headerBlock(headers ?? NO_HEADERS, last, closing === 'drains' || closing === 'lingers');
    if (name !== '') response.writeHeader(name, value);
    if (this.head.method === 'HEAD' || status === 204) {
      this.#endWithoutBody(this.head.method === 'HEAD' ? bodyBytes(body) : undefined, last);
    } else if (closing === 'lingers') {
      // First what follows the head is asked for: the engine forgets about it once the answer has begun.
      if (!this.#listens) this.read(false);
      this.#linger = new UwsLinger(response, typeof body === 'string' ? Buffer.from(body) : body!);
    } else {
      response.end(body, closing === 'closes');
    }
  }

  /**
   * How a connection ends behind an answer. The engine closes with a reset, which destroys an answer that the sender,
   * still sending, has not read. So what is left of a body is read and thrown away. With a length, and a sender that
   * means to keep the connection, the engine does so by itself; the sender closes, else the idle timer does. Otherwise
   * we do, as far as it goes. A sender that has stalled (408) is not sending, and behind a length that makes no sense
   * nobody knows where a body ends.
   */
  #closing(status: number, body: HttpAnswer['body']): 'closes' | 'drains' | 'lingers' {
    if (status === 408 || this.#missing === 0 || this.head.contentLength === BAD_FRAMING) return 'closes';
    this.proceed();
    if (this.#missing > 0 && !this.#closes) return this.#missing <= LIMITS.lingerBytes ? 'drains' : 'closes';
    const bytes = bodyBytes(body);
    return bytes > 0 && bytes <= LINGER_ANSWER_BYTES ? 'lingers' : 'closes';
  }

  /** With a length the engine waits for that body on a connection that stays, and it takes `undefined` for a length. */
  #endWithoutBody(length: number | undefined, last: boolean): void {
    const response = this.#response;
    if (last) {
      response.endWithoutBody(length ?? 0, true);
      return;
    }
    if (length !== undefined) response.writeHeader('Content-Length', String(length));
    response.endWithoutBody();
  }
}

interface HeaderBlock {
  readonly name: string;
  readonly value: string;
}

/** By the headers of an answer, which a handler mostly has made once for all: those of one that goes on. */
const kept = new WeakMap<object, HeaderBlock>();

/** All headers as one: the engine writes a value as it is, and each call costs a quarter of a microsecond. */
function headerBlock(headers: NonNullable<HttpAnswer['headers']>, last: boolean, tellsClose: boolean): HeaderBlock {
  const known = last ? undefined : kept.get(headers);
  if (known !== undefined) return known;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (tellsClose) lines.push('Connection: close');
  if (!last) lines.push(`Keep-Alive: ${KEEP_ALIVE}`);
  const all = lines.join('\r\n');
  const colon = all.indexOf(': ');
  const block = { name: all.slice(0, Math.max(0, colon)), value: all.slice(colon + 2) };
  if (!last) kept.set(headers, block);
  return block;
}

function bodyBytes(body: HttpAnswer['body']): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}

/** The engine only says that it cannot listen; the system's own code is found by asking again. */
function reasonAgainst(address: Address): Promise<Error> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen({ host: address.host, port: address.port, exclusive: true }, () => {
      probe.close(() => resolve(new Error('the engine could not open the port')));
    });
  });
}
