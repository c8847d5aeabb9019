import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One TCP connection that says exactly what a test wants said, and reads HTTP answers by their Content-Length. */
export class RawHttp {
  readonly socket: Socket;
  /** Resolves when the connection is gone, from either side. */
  readonly closed: Promise<void>;
  /** `100 Continue` lines seen. */
  continues = 0;
  #received: Buffer = Buffer.alloc(0);
  #waiting: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#waiting?.();
    });
    void this.closed.then(() => this.#waiting?.());
  }

  static async open(url: string): Promise<RawHttp> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new RawHttp(socket);
  }

  /** Everything not yet taken as an answer. */
  get rest(): Buffer {
    return this.#received;
  }

  write(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) this.socket.write(part);
    return this;
  }

  /** Request line and headers. */
  head(method: string, path: string, headers: Readonly<Record<string, string | number>> = {}): this {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.write(`${method} ${path} HTTP/1.1\r\nHost: test\r\n${lines.join('')}\r\n`);
  }

  post(path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): this {
    return this.head('POST', path, { 'Content-Length': Buffer.byteLength(body), ...headers }).write(body);
  }

  /** The next answer; undefined when the connection ends before it is whole. `bodiless`: it answers a HEAD. */
  async answer(bodiless = false): Promise<RawAnswer | undefined> {
    for (;;) {
      const answer = this.#take(bodiless);
      if (answer?.status === 100) {
        this.continues += 1;
        continue;
      }
      if (answer !== undefined || this.socket.destroyed) return answer;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(bodiless: boolean): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [line = '', ...rest] = this.#received.subarray(0, end).toString('latin1').split('\r\n');
    const headers: Record<string, string> = {};
    for (const each of rest) {
      const colon = each.indexOf(':');
      headers[each.slice(0, colon).toLowerCase()] = each.slice(colon + 1).trim();
    }
    const status = Number(line.split(' ')[1]);
    const length = bodiless || status === 204 || status === 100 ? 0 : Number(headers['content-length'] ?? 0);
    const from = end + 4;
    if (this.#received.length < from + length) return undefined;
    const body = this.#received.subarray(from, from + length);
    this.#received = this.#received.subarray(from + length);
    return { status, headers, body };
  }
}
