import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer, HttpHandler, HttpHead, HttpListener, HttpOptions } from '../../pipeline/host.ts';
import { openHttp, type EngineName } from '../../server/engine/index.ts';
import { RawHttp } from './raw-http.ts';

export const HTTP_OPTIONS: HttpOptions = {
  endpoint: '127.0.0.1:0',
  maxBodyBytes: 1 << 20,
  headerTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  readTimeoutMs: 0,
  keepAliveTimeoutMs: 5000,
  maxConnections: 100,
};

/** Keeps what it is told; answers with the body it got, unless the test says otherwise. */
export class Recorder implements HttpHandler {
  readonly heads: HttpHead[] = [];
  readonly bodies: Uint8Array[] = [];
  readonly faults: ErrorCode[] = [];
  gones = 0;
  lefts = 0;
  onHead: (head: HttpHead) => HttpAnswer | undefined | Promise<HttpAnswer | undefined> = () => undefined;
  onRequest: (head: HttpHead, body: Uint8Array) => Promise<HttpAnswer> | HttpAnswer = (_head, body) => ({ status: 200, body });

  head(head: HttpHead): HttpAnswer | undefined | Promise<HttpAnswer | undefined> {
    this.heads.push(head);
    return this.onHead(head);
  }
  request(head: HttpHead, body: Uint8Array): Promise<HttpAnswer> | HttpAnswer {
    this.bodies.push(body);
    return this.onRequest(head, body);
  }
  fault(_head: HttpHead, code: ErrorCode): HttpAnswer {
    this.faults.push(code);
    return { status: ERRORS[code].http, body: code };
  }
  gone(): void {
    this.gones += 1;
  }
  left(): void {
    this.lefts += 1;
  }
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

export interface Bench {
  listen(options?: Partial<HttpOptions>, handler?: Recorder): Promise<{ handler: Recorder; url: string; listener: HttpListener }>;
  raw(url: string): Promise<RawHttp>;
  /** Of the connections opened so far. */
  destroyAll(): void;
}

/** Listeners and connections of one `describe`, closed after each test. */
export function httpBench(engine: EngineName): Bench {
  const listeners: HttpListener[] = [];
  const connections: RawHttp[] = [];
  const destroyAll = (): void => {
    for (const connection of connections.splice(0)) connection.destroy();
  };
  afterEach(async () => {
    destroyAll();
    for (const listener of listeners.splice(0)) await listener.close(0);
  });
  return {
    async listen(options = {}, handler = new Recorder()) {
      const listener = await openHttp({ ...HTTP_OPTIONS, ...options }, handler, engine);
      listeners.push(listener);
      return { handler, url: listener.url, listener };
    },
    async raw(url) {
      const connection = await RawHttp.open(url);
      connections.push(connection);
      return connection;
    },
    destroyAll,
  };
}
