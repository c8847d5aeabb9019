import { assert } from '../../pipeline/assert.ts';

/** The parts of uWebSockets.js that are used here, as the official build and @rjweb/uws both have them. */
export interface UwsRequest {
  getCaseSensitiveMethod(): string;
  getUrl(): string;
  getQuery(): string | undefined;
  getHeader(lowerCaseName: string): string;
  forEachHeader(each: (name: string, value: string) => void): void;
}

export interface UwsResponse {
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  end(body?: string | Uint8Array, closeConnection?: boolean): UwsResponse;
  endWithoutBody(reportedContentLength?: number, closeConnection?: boolean): UwsResponse;
  /** Sends a part of a body of `totalBytes`; the response has ended with the last one. Says whether all was taken. */
  tryEnd(part: Uint8Array, totalBytes: number): [taken: boolean, ended: boolean];
  close(): UwsResponse;
  cork(write: () => void): UwsResponse;
  pause(): void;
  /** Reads on after `pause` and gives the socket another 10 s. Without a `pause` before it, it stops all reading. */
  resume(): void;
  onAborted(aborted: () => void): UwsResponse;
  /** The chunk is the engine's again when the callback returns. */
  onData(data: (chunk: ArrayBuffer, last: boolean) => void): UwsResponse;
  getRemoteAddressAsText(): ArrayBuffer;
  /** In the request's callback, or corked. Calls `open` before it returns. */
  upgrade(userData: object, key: string, protocol: string, extensions: string, context: object): void;
}

/** Valid from `open` to `close`; any call after that throws. */
export interface UwsWebSocket<UserData> {
  /** 1 sent, 0 buffered, 2 dropped. */
  send(message: Uint8Array, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  ping(): number;
  subscribe(topic: string): boolean;
  /** Calls `close` before it returns; the goodbye goes out behind what is buffered. */
  end(code: number, reason: string): void;
  /** Calls `close` before it returns. */
  close(): void;
  getUserData(): UserData;
}

export interface UwsWebSocketBehaviour<UserData> {
  maxPayloadLength: number;
  /** 0 = no bound. */
  maxBackpressure: number;
  /** Seconds without anything from the client; 8 to 960. */
  idleTimeout: number;
  sendPingsAutomatically: boolean;
  compression: number;
  upgrade(response: UwsResponse, request: UwsRequest, context: object): void;
  open(socket: UwsWebSocket<UserData>): void;
  message(socket: UwsWebSocket<UserData>, message: ArrayBuffer, isBinary: boolean): void;
  drain(socket: UwsWebSocket<UserData>): void;
  pong(socket: UwsWebSocket<UserData>): void;
  close(socket: UwsWebSocket<UserData>, code: number): void;
}

export interface UwsApp {
  post(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  /** GET requests with a Sec-WebSocket-Key of 24 characters. */
  ws<UserData>(pattern: string, behaviour: UwsWebSocketBehaviour<UserData>): UwsApp;
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  listen(host: string, port: number, options: number, listening: (socket: object | false) => void): UwsApp;
  close(): UwsApp;
}

/** Its TLS is 1.2 and newer, by its own choice. */
export interface UwsTlsOptions {
  readonly key_file_name: string;
  readonly cert_file_name: string;
}

export interface Uws {
  App(): UwsApp;
  /** Throws when it cannot read the files. */
  SSLApp(options: UwsTlsOptions): UwsApp;
  closeSocket(socket: object): void;
  getSocketPort(socket: object): number;
}

interface Exports extends Partial<Uws> {
  us_listen_socket_close?(socket: object): void;
  us_socket_local_port?(socket: object): number;
}

/** Throws what the package throws where it has no binary for this Node, or where it is not installed. */
export async function loadUws(): Promise<Uws> {
  // In a variable, so that the compiler does not ask for a package that is optional.
  const name = 'uWebSockets.js';
  const { default: exports } = (await import(name)) as { default?: Exports };
  const App = exports?.App;
  const SSLApp = exports?.SSLApp;
  const closeSocket = exports?.closeSocket ?? exports?.us_listen_socket_close;
  const getSocketPort = exports?.getSocketPort ?? exports?.us_socket_local_port;
  assert(
    App !== undefined && SSLApp !== undefined && closeSocket !== undefined && getSocketPort !== undefined,
    `${name} lacks a function we need`,
  );
  return { App, SSLApp, closeSocket, getSocketPort };
}
