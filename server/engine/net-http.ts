import { createServer, type Server, type Socket } from 'node:net';
import type { HttpHandler, HttpOptions } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Address } from './address.ts';
import type { Engine, EngineServer } from './engine.ts';
import { NetConnection, type NetShared } from './net-connection.ts';
import { bind } from './listen.ts';
import { HeldAnswers } from './held-answers.ts';
import { Owner } from './owner.ts';
import { ReadWatch } from './read-watch.ts';
import type { WsSockets } from './ws-sockets.ts';

/**
 * HTTP/1.1 of our own on node:net (docs/decisions/0013): node:http makes four streams' worth of objects for a request,
 * which costs more than all that we do with a small one. For plain connections; TLS is node:http's.
 */
export const netEngine: Engine = {
  name: 'net',
  serve: (options, handler, _material, webSockets) => new NetServer(options, handler, webSockets),
};

const LOOK_MS_MAX = 1000;
const LOOK_MS_MIN = 50;
const LOOKS_PER_TIMEOUT = 4;

class NetServer implements EngineServer, NetShared {
  readonly options: HttpOptions;
  owner: Owner<HttpHandler>;
  readonly watch: ReadWatch;
  readonly held: HeldAnswers;
  closing = false;
  readonly webSockets: WsSockets | undefined;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<NetConnection>();
  readonly #surplus = new WeakSet<Socket>();
  readonly #timer: NodeJS.Timeout;
  #closed: Promise<void> | undefined;

  constructor(options: HttpOptions, handler: HttpHandler, webSockets: WsSockets | undefined) {
    this.options = options;
    this.webSockets = webSockets;
    this.owner = new Owner(handler);
    this.watch = new ReadWatch(options.idleTimeoutMs, options.readTimeoutMs);
    this.held = new HeldAnswers(options.maxConnections);
    const shortestMs = Math.min(options.headerTimeoutMs, options.keepAliveTimeoutMs || Infinity) / LOOKS_PER_TIMEOUT;
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, shortestMs)));
    this.#timer.unref();
  }

  listen(address: Address): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#connect(socket));
    this.#servers.push(server);
    return bind(server, address);
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket);
  }

  #connect(socket: Socket): void {
    const surplus = this.#connections.size + 1 - this.options.maxConnections;
    if (surplus > LIMITS.refusedConnections) {
      socket.destroy();
      return;
    }
    if (surplus > 0) this.#surplus.add(socket);
    const connection = new NetConnection(socket, this);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  /** One timer for all waits between requests: a timer per request would cost more than the request. */
  #look(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) {
      const { waitMs } = connection;
      if (waitMs === 0) continue;
      if (connection.waitsSinceMs === 0) connection.waitsSinceMs = nowMs;
      else if (nowMs - connection.waitsSinceMs >= waitMs) connection.giveUp();
    }
  }

  async #close(deadlineMs: number): Promise<void> {
    this.closing = true;
    this.held.letGo();
    clearInterval(this.#timer);
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const connection of this.#connections) if (connection.isIdle) connection.socket.destroy();
    await Promise.all([this.owner.underWay.drained(deadlineMs), this.webSockets?.open.close(deadlineMs)]);
    for (const connection of this.#connections) connection.socket.destroy();
    await Promise.all(closed);
    this.watch.stop();
  }
}
