import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { LIMITS } from '../../pipeline/limits.ts';
import type { ServerSocket, WebSocketAccept, WebSocketHandler, WebSocketOptions } from '../../pipeline/web-socket.ts';
import { OpenSockets } from './open-sockets.ts';

/** A connection whose request to upgrade was read by an engine of Node's. */
export interface UpgradedConnection {
  readonly socket: Duplex;
  /** Sec-WebSocket-Key. */
  readonly key: string;
  /** What came in behind the head. */
  readonly early: Buffer;
}

/** The WebSocket half of the engines on Node's own sockets, by `ws`. */
export class WsSockets {
  readonly open = new OpenSockets();
  readonly #server: WebSocketServer;

  constructor({ maxMessageBytes }: WebSocketOptions) {
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      // Compressing for each socket again costs CPU and memory, and mixes secrets with what others wrote (CRIME).
      perMessageDeflate: false,
    });
  }

  accept({ socket, key, early }: UpgradedConnection, accept: WebSocketAccept): void {
    // The handshake has been checked; what `ws` reads of a request is what we answer to.
    const headers: Record<string, string> = { upgrade: 'websocket', 'sec-websocket-key': key, 'sec-websocket-version': '13' };
    if (accept.protocol !== '') headers['sec-websocket-protocol'] = accept.protocol;
    let isOpen = false;
    this.#server.handleUpgrade({ method: 'GET', url: '/', headers } as IncomingMessage, socket, early, (webSocket) => {
      isOpen = true;
      new WsSocket(webSocket, socket, this.open, accept);
    });
    if (!isOpen) accept.abandon();
  }
}

class WsSocket implements ServerSocket {
  readonly #webSocket: WebSocket;
  readonly #handler: WebSocketHandler;
  #farewell: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(webSocket: WebSocket, socket: Duplex, open: OpenSockets, accept: WebSocketAccept) {
    this.#webSocket = webSocket;
    open.add(this);
    const handler = accept.open(this);
    this.#handler = handler;
    webSocket.on('message', (data: RawData, isBinary: boolean) => handler.message(data as Buffer, isBinary));
    webSocket.on('pong', () => handler.pong());
    // What breaks the protocol; `ws` closes with the code for it.
    webSocket.on('error', () => {
      this.#cutLater();
    });
    const drained = (): void => this.#handler.drained();
    socket.on('drain', drained);
    webSocket.on('close', (code: number) => {
      this.#isOver = true;
      clearTimeout(this.#farewell);
      socket.off('drain', drained);
      open.delete(this);
      handler.closed(code);
    });
  }

  get bufferedBytes(): number {
    // `ws` counts what it was asked to send after the end.
    return this.#isOver ? 0 : this.#webSocket.bufferedAmount;
  }

  send(bytes: Uint8Array, isBinary: boolean): void {
    // A connection that is going away tells it by its close.
    this.#webSocket.send(bytes, { binary: isBinary, compress: false }, ignore);
  }

  ping(): void {
    this.#webSocket.ping(undefined, undefined, ignore);
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
    this.#cutLater();
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  /** The client may not answer, or not read so far: a goodbye waits behind all that was sent. */
  #cutLater(): void {
    this.#farewell ??= setTimeout(() => this.#webSocket.terminate(), LIMITS.webSocketCloseMs);
    this.#farewell.unref();
  }
}

const ignore = (): void => {};
