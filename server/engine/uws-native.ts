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
}

export interface UwsApp {
  post(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
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
