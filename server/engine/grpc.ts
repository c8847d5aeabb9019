import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureContextOptions } from 'node:tls';
import type { GrpcHandler, GrpcOptions } from '../../pipeline/host-grpc.ts';
import type { HttpListener } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { serverMaterial } from '../../pipeline/tls-material.ts';
import { isMutual } from '../../pipeline/tls.ts';
import type { Address } from './address.ts';
import { DeadlineWatch } from './deadline-watch.ts';
import type { EngineServer } from './engine.ts';
import { GrpcCall, type GrpcShared } from './grpc-call.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { openListener } from './open-listener.ts';
import { bind } from './listen.ts';
import { Owner } from './owner.ts';
import { ReadWatch } from './read-watch.ts';

const LOOK_MS_MAX = 1000;
const LOOK_MS_MIN = 20;
const LOOKS_PER_TIMEOUT = 4;

/**
 * Opens a gRPC listener (`Host.grpc`) on node:http2 (docs/decisions/0011). Rejects with a StartError. `warn` is told when
 * a changed certificate is no good.
 */
export async function openGrpc(
  options: GrpcOptions,
  handler: GrpcHandler,
  warn: (message: string) => void = () => {},
): Promise<HttpListener> {
  const server = new GrpcServer(options, handler, options.tls === undefined ? undefined : serverMaterial(options.tls));
  return openListener(server, options, 'grpc', warn);
}

class GrpcServer implements EngineServer<GrpcHandler>, GrpcShared {
  readonly options: GrpcOptions;
  owner: Owner<GrpcHandler>;
  readonly watch: ReadWatch;
  readonly deadlines = new DeadlineWatch();
  readonly callsMax = LIMITS.grpcCalls;
  closing = false;
  readonly #servers: (Http2Server | Http2SecureServer)[] = [];
  #material: SecureContextOptions | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<ServerHttp2Session, GrpcConnection>();
  #timer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: GrpcOptions, handler: GrpcHandler, material: SecureContextOptions | undefined) {
    this.options = options;
    this.#material = material;
    this.owner = new Owner(handler);
    this.watch = new ReadWatch(options.idleTimeoutMs, options.readTimeoutMs);
  }

  listen(address: Address): Promise<number> {
    const server = this.#create();
    this.#servers.push(server);
    return bind(server, address);
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  renew(material: SecureContextOptions): void {
    this.#material = material;
    for (const server of this.#servers) if ('setSecureContext' in server) server.setSecureContext(material);
  }

  #create(): Http2Server | Http2SecureServer {
    const { tls, handshakeTimeoutMs } = this.options;
    const common: ServerOptions = {
      maxHeaderListPairs: LIMITS.grpcHeaderPairs,
      maxSessionInvalidFrames: LIMITS.grpcInvalidFrames,
      maxSessionRejectedStreams: LIMITS.grpcRejectedStreams,
      unknownProtocolTimeout: handshakeTimeoutMs,
      settings: {
        initialWindowSize: LIMITS.grpcWindowBytes,
        maxConcurrentStreams: this.options.maxConcurrentStreams,
        maxHeaderListSize: LIMITS.headerBytes,
      },
    };
    // Who shows no certificate of these authorities gets no further than the handshake.
    const mutual = isMutual(tls) ? { requestCert: true, rejectUnauthorized: true } : {};
    const server: Http2Server =
      this.#material === undefined
        ? createServer(common)
        : createSecureServer({ ...common, ...this.#material, ...mutual, handshakeTimeout: handshakeTimeoutMs });
    // A handshake that failed; nothing can be said to whoever it was.
    server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('session', (session) => this.#connect(session));
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
      const session = stream.session as ServerHttp2Session | undefined;
      const connection = session === undefined ? undefined : this.#connections.get(session);
      if (connection === undefined) stream.destroy();
      else new GrpcCall(this, connection, stream, headers).begin(bytesOf(rawHeaders));
    });
    server.on('sessionError', () => {});
    return server;
  }

  #accept(socket: Socket): void {
    if (this.#sockets.size >= this.options.maxConnections) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #connect(session: ServerHttp2Session): void {
    if (session.destroyed || session.socket.destroyed) return;
    session.setLocalWindowSize(LIMITS.grpcConnectionWindowBytes);
    this.#connections.set(session, new GrpcConnection(session, this.options, performance.now(), Math.random));
    session.once('close', () => this.#connections.delete(session));
    this.#timer ??= this.#watchConnections();
  }

  #watchConnections(): NodeJS.Timeout {
    const { handshakeTimeoutMs, keepalive } = this.options;
    const times = [handshakeTimeoutMs, keepalive.maxIdleMs, keepalive.maxAgeMs, keepalive.maxAgeGraceMs];
    const shortestMs = Math.min(...[...times, keepalive.timeMs, keepalive.timeoutMs].filter((ms) => ms > 0));
    const lookMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, shortestMs / LOOKS_PER_TIMEOUT));
    const timer = setInterval(() => {
      const nowMs = performance.now();
      for (const connection of this.#connections.values()) connection.look(nowMs);
    }, lookMs);
    timer.unref();
    return timer;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.closing = true;
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    const gone = [...this.#connections.keys()].map((session) => new Promise<void>((resolve) => session.close(() => resolve())));
    this.owner.leave();
    await this.owner.underWay.drained(deadlineMs);
    // A connection ends by itself when its last answer is written; who does not read it has little more time.
    if (this.owner.underWay.count === 0)
      await Promise.race([Promise.all(gone), sleep(LIMITS.lingerMs, undefined, { ref: false })]);
    for (const session of this.#connections.keys()) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
    clearInterval(this.#timer);
    this.watch.stop();
    this.deadlines.stop();
  }
}

/** A client that has not acknowledged our settings is not held to their limit of header bytes by node:http2. */
function bytesOf(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}
