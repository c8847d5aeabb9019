import type { HttpAnswer } from './host.ts';

/** What a listener that takes WebSockets (RFC 6455) bounds. No extension is spoken: no permessage-deflate. */
export interface WebSocketOptions {
  /** Requests to upgrade on another path are plain requests. */
  readonly path: string;
  /** Of one message, over all its fragments; a longer one ends the connection. */
  readonly maxMessageBytes: number;
}

/** What a handler makes of a request to upgrade: a plain answer refuses it. */
export type UpgradeAnswer = HttpAnswer | WebSocketAccept;

export interface WebSocketAccept {
  /** One of the subprotocols that the client offers; '' = none. */
  readonly protocol: string;
  /** The connection is open. Called once, or `abandon` is. */
  open(socket: ServerSocket): WebSocketHandler;
  /** The client left before the connection could be opened. */
  abandon(): void;
}

export const isAccept = (answer: UpgradeAnswer): answer is WebSocketAccept => 'open' in answer;

/** One connection, as its handler holds it. After `close`, `terminate` or `closed` all of it does nothing. */
export interface ServerSocket {
  /** Bytes that were sent and that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** `bytes` are shared: nobody writes to them afterwards. Text must be UTF-8. */
  send(bytes: Uint8Array, isBinary: boolean): void;
  ping(): void;
  /** Says goodbye behind what was sent before, and is cut when the client does not answer. `code` as RFC 6455 7.4 lets a
   *  server send it; `reason` at most 123 bytes. `closed` is called when it is over. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a word. */
  terminate(): void;
}

/** Who a connection belongs to; nothing of it may throw. */
export interface WebSocketHandler {
  /** The bytes are the engine's again when it returns. Text is valid UTF-8. */
  message(bytes: Uint8Array, isBinary: boolean): void;
  pong(): void;
  /** The operating system has taken what was buffered. */
  drained(): void;
  /** Called once, at the end of every connection. 1006: without a close frame. */
  closed(code: number): void;
}
