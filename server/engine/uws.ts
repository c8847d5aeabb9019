import { STATUS_CODES } from 'node:http';
import { createServer } from 'node:net';
import type { HttpAnswer, HttpHandler, HttpOptions } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Address } from './address.ts';
import type { Engine, EngineServer } from './engine.ts';
import { Exchange, type Shared } from './exchange.ts';
import { ReadWatch } from './read-watch.ts';
import { bodyLength, RequestHead } from './request-head.ts';
import { RequestsUnderWay } from './requests-under-way.ts';
import type { Uws, UwsApp, UwsRequest, UwsResponse } from './uws-native.ts';

/**
 * uWebSockets.js behind our listener. What it fixes by itself and cannot be told otherwise: a header block has 10 s
 * and an idle connection 8 to 12 s (our timeouts can only be shorter for bodies), a header block that comes in pieces
 * has 4 KiB, `100 Continue` is sent for every Expect, and a second request on a connection whose first one waits for
 * an answer closes it. There is no event for a new connection, so the connection limit counts those with a request
 * under way; the others are bounded by those 10 s.
 */
export function uwsEngine(uws: Uws): Engine {
  return { name: 'uws', serve: (options, handler) => new UwsServer(uws, options, handler) };
}

/** LIBUS_LISTEN_EXCLUSIVE_PORT: without it a second process shares the port without a word. */
const EXCLUSIVE_PORT = 1;
/** The shortest that its idle timer gets; clients that read it close first and never meet a closing connection. */
const KEEP_ALIVE = 'timeout=8';
const latin1 = new TextDecoder('latin1');

const STATUS_LINES = new Map(Object.entries(STATUS_CODES).map(([status, text]) => [Number(status), `${status} ${text}`]));

class UwsHead extends RequestHead<UwsRequest> {
  readonly #response: UwsResponse;

  constructor(request: UwsRequest, response: UwsResponse) {
    const contentLength = bodyLength(request.getHeader('content-length'), request.getHeader('transfer-encoding'));
    super(request.getCaseSensitiveMethod(), request.getUrl(), request.getQuery() ?? '', contentLength, request);
    this.#response = response;
  }

  get remoteAddress(): string {
    try {
      return latin1.decode(this.#response.getRemoteAddressAsText());
    } catch {
      return ''; // the sender left
    }
  }

  header(name: string): string {
    return this.lent.getHeader(name);
  }

  headers(): Record<string, string> {
    const all: Record<string, string> = Object.create(null);
    this.lent.forEachHeader((name, value) => {
      const before = all[name];
      all[name] = before === undefined ? value : `${before}, ${value}`;
    });
    return all;
  }
}

class UwsServer implements EngineServer, Shared {
  readonly options: HttpOptions;
  readonly handler: HttpHandler;
  readonly watch: ReadWatch;
  readonly underWay = new RequestsUnderWay();
  closing = false;
  readonly #uws: Uws;
  readonly #app: UwsApp;
  #listening: object[] = [];
  #closed: Promise<void> | undefined;

  constructor(uws: Uws, options: HttpOptions, handler: HttpHandler) {
    this.options = options;
    this.handler = handler;
    this.watch = new ReadWatch(options.idleTimeoutMs, options.readTimeoutMs);
    this.#uws = uws;
    this.#app = uws.App().any('/*', (response, request) => {
      const exchange = new UwsExchange(this, new UwsHead(request, response), response);
      exchange.begin(this.underWay.count >= options.maxConnections);
    });
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
    for (const socket of this.#listening) this.#uws.closeSocket(socket);
    this.#listening = [];
    await this.underWay.drained(deadlineMs);
    this.#app.close();
    this.watch.stop();
  }
}

class UwsExchange extends Exchange {
  readonly #response: UwsResponse;
  /** Bytes of the body that have not come yet; not a number when nobody said how many there are. */
  #missing: number;
  #held = false;

  constructor(shared: Shared, head: UwsHead, response: UwsResponse) {
    super(shared, head);
    this.#response = response;
    this.#missing = head.contentLength < 0 ? NaN : head.contentLength;
    response.onAborted(() => this.abort());
  }

  /** The engine's own timer wants 16 kB/s of a sender; ours only that something comes. */
  keep(): void {
    if (this.#held) return;
    this.#response.pause();
    this.#response.resume();
  }

  protected override read(hold: boolean): void {
    // What lies in the engine's buffer comes all the same.
    this.#held = hold;
    if (hold) this.#response.pause();
    this.#response.onData((chunk, last) => {
      this.#missing = last ? 0 : this.#missing - chunk.byteLength;
      this.data(new Uint8Array(chunk), last, false);
    });
  }

  protected override proceed(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#response.resume();
  }

  protected override write(answer: HttpAnswer, last: boolean): void {
    this.#response.cork(() => this.#writeCorked(answer, last));
  }

  #writeCorked({ status, headers, body }: HttpAnswer, last: boolean): void {
    const response = this.#response;
    response.writeStatus(STATUS_LINES.get(status) ?? String(status));
    if (headers !== undefined) {
      for (const name in headers) response.writeHeader(name, headers[name] as string);
    }
    // The engine closes with a reset, which destroys an answer that the sender, still sending, has not read. What is
    // left of a body that has an end is read and thrown away instead; the sender closes, else the idle timer does. A
    // sender that has stalled (408) is not sending.
    const drain = last && status !== 408 && this.#missing > 0 && this.#missing <= LIMITS.lingerBytes;
    if (drain) response.writeHeader('Connection', 'close');
    if (!last) response.writeHeader('Keep-Alive', KEEP_ALIVE);
    if (this.head.method === 'HEAD' || status === 204) {
      this.#endWithoutBody(this.head.method === 'HEAD' ? bodyBytes(body) : undefined, last);
    } else {
      response.end(body, last && !drain);
    }
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
