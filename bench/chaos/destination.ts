import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { sumsOf } from '../agent/sink.ts';
import type { Trouble } from './record.ts';

const STATUSES: Readonly<Partial<Record<Trouble, number>>> = { 'answers 503': 503, 'answers 413': 413, 'answers 401': 401 };
const DRIP_MS = 1000;
/** Somebody else may have had the port meanwhile. */
const LISTEN_TRIES = 50;

/** A collector at one address that is well, or in one of the troubles; `turn` changes which. It keeps what it took last of
 *  `metric`. */
export class UnsteadyDestination {
  readonly #server: Server;
  readonly #metric: string;
  readonly #drips = new Set<NodeJS.Timeout>();
  #port = 0;
  #trouble: Trouble | undefined;
  /** Requests that arrived whole, and those of them that it took. */
  requests = 0;
  taken = 0;
  readonly met: Partial<Record<Trouble, number>> = {};
  total = 0;
  /** When it took something, by performance.now. */
  readonly #takenMs: number[] = [];

  private constructor(metric: string) {
    this.#metric = metric;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(metric: string): Promise<UnsteadyDestination> {
    const destination = new UnsteadyDestination(metric);
    await destination.#listen();
    return destination;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** By performance.now, as is `sinceMs`; Infinity when it has taken nothing since. */
  firstTakenSince(sinceMs: number): number {
    return this.#takenMs.find((takenMs) => takenMs >= sinceMs) ?? Infinity;
  }

  /** `undefined`: it is well. */
  async turn(trouble: Trouble | undefined): Promise<void> {
    this.#trouble = trouble;
    this.#endDrips();
    if (trouble === 'absent') await this.#close();
    else if (!this.#server.listening) await this.#listen();
    // What hung goes on hanging for whoever waits; a proxy that restarts ends it.
    else if (trouble === undefined) this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.#endDrips();
    await this.#close();
  }

  async #listen(): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.#server.listen(this.#port, '127.0.0.1');
      try {
        await once(this.#server, 'listening');
        break;
      } catch (error) {
        if (tries === LISTEN_TRIES) throw error;
        await sleep(100);
      }
    }
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // It gave up before it had sent all of it.
      return;
    }
    this.requests += 1;
    const trouble = this.#trouble;
    if (trouble !== undefined) this.met[trouble] = (this.met[trouble] ?? 0) + 1;
    const headers = { 'content-type': 'application/x-protobuf' };
    if (trouble === 'hangs' || trouble === 'absent') return;
    if (trouble === 'resets') return void request.socket.resetAndDestroy();
    if (trouble === 'drips') return this.#drip(response.writeHead(200, { ...headers, 'content-length': 600 }));
    const status = trouble === undefined ? undefined : STATUSES[trouble];
    if (status !== undefined) return void response.writeHead(status, { ...headers, 'retry-after': '1' }).end();
    this.#take(Buffer.concat(chunks), request.headers['content-encoding'] === 'gzip');
    response.writeHead(200, headers).end();
  }

  #take(body: Buffer, isCompressed: boolean): void {
    const points = sumsOf(isCompressed ? gunzipSync(body) : body, this.#metric);
    if (points.series > 0) this.total = points.total;
    this.taken += 1;
    this.#takenMs.push(performance.now());
  }

  #drip(response: ServerResponse): void {
    const timer = setInterval(() => response.write('\0'), DRIP_MS);
    this.#drips.add(timer);
    response.once('close', () => {
      clearInterval(timer);
      this.#drips.delete(timer);
    });
  }

  #endDrips(): void {
    for (const timer of this.#drips) clearInterval(timer);
    this.#drips.clear();
  }
}
