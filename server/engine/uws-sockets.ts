import type { ServerSocket, WebSocketAccept, WebSocketHandler, WebSocketOptions } from '../../pipeline/web-socket.ts';
import { OpenSockets } from './open-sockets.ts';
import type { UwsApp, UwsRequest, UwsResponse, UwsWebSocket } from './uws-native.ts';

/** A connection whose client is silent for so long is cut by the engine; whoever owns it pings more often than that. It
 *  is also what makes the engine look after a connection that was told goodbye and reads nothing: that has 16 s. */
const IDLE_TIMEOUT_S = 120;
const NO_COMPRESSION = 0;
const NO_BOUND = 0;
/** Nothing is published. To a connection that is subscribed to something the engine sends along another path: on the short
 *  one, for messages of 16 kB and more, it loses the frame's header where the operating system takes none of it. */
const TOPIC = 'all';
/** RFC 6455 7.1.5: the connection ended without a close frame. */
const ABNORMAL = 1006;

interface UserData {
  readonly accept: WebSocketAccept;
  socket?: UwsSocket;
}

/**
 * The WebSocket half of uWebSockets. Where a client breaks the protocol, or its text is no UTF-8 or too long, the engine
 * cuts the connection without a close frame (RFC 6455 7.1.7 lets it): the handler is told 1006. It takes every frame for
 * masked and never looks whether it is (an unmasked one is read as garbage), and close codes of 3000 to 3999 for none.
 */
export class UwsSockets {
  readonly open = new OpenSockets();
  readonly #options: WebSocketOptions;

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  /** `begin` gets GET requests with something like a Sec-WebSocket-Key, whatever their path. */
  serve(app: UwsApp, begin: (response: UwsResponse, request: UwsRequest, context: object) => void): void {
    app.ws<UserData>('/*', {
      maxPayloadLength: this.#options.maxMessageBytes,
      // How much may wait is its owner's business, who knows what may be left out.
      maxBackpressure: NO_BOUND,
      idleTimeout: IDLE_TIMEOUT_S,
      sendPingsAutomatically: false,
      compression: NO_COMPRESSION,
      upgrade: begin,
      open: (native) => this.#open(native),
      message: (native, message, isBinary) => native.getUserData().socket?.handler.message(new Uint8Array(message), isBinary),
      drain: (native) => native.getUserData().socket?.handler.drained(),
      pong: (native) => native.getUserData().socket?.handler.pong(),
      close: (native, code) => {
        const { socket } = native.getUserData();
        if (socket === undefined) return;
        this.open.delete(socket);
        socket.closed(code);
      },
    });
  }

  accept(response: UwsResponse, key: string, context: object, accept: WebSocketAccept): void {
    const userData: UserData = { accept };
    response.upgrade(userData, key, accept.protocol, '', context);
  }

  #open(native: UwsWebSocket<UserData>): void {
    const userData = native.getUserData();
    native.subscribe(TOPIC);
    const socket = new UwsSocket(native);
    userData.socket = socket;
    this.open.add(socket);
    socket.begin(userData.accept);
  }
}

class UwsSocket implements ServerSocket {
  handler: WebSocketHandler = NOBODY;
  #native: UwsWebSocket<UserData> | undefined;
  #closedWith: number | undefined;

  constructor(native: UwsWebSocket<UserData>) {
    this.#native = native;
  }

  begin(accept: WebSocketAccept): void {
    this.handler = accept.open(this);
    // Its owner may have closed it while it was being opened.
    if (this.#closedWith !== undefined) this.handler.closed(this.#closedWith);
  }

  get bufferedBytes(): number {
    return this.#native?.getBufferedAmount() ?? 0;
  }

  send(bytes: Uint8Array, isBinary: boolean): void {
    this.#native?.send(bytes, isBinary, false);
  }

  ping(): void {
    this.#native?.ping();
  }

  close(code: number, reason: string): void {
    const native = this.#native;
    this.#native = undefined;
    native?.end(code, reason);
  }

  terminate(): void {
    const native = this.#native;
    this.#native = undefined;
    native?.close();
  }

  closed(code: number): void {
    this.#native = undefined;
    this.#closedWith = code === 0 ? ABNORMAL : code;
    this.handler.closed(this.#closedWith);
  }
}

const NOBODY: WebSocketHandler = { message() {}, pong() {}, drained() {}, closed() {} };
