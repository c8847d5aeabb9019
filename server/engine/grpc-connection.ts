import { constants, type ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../../pipeline/auth.ts';
import type { GrpcKeepalive } from '../../pipeline/host-grpc.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { certificateOf } from './client-certificate.ts';

/** grpc-go: without calls under way a client may ping every two hours, unless it is permitted more. */
const IDLE_PING_INTERVAL_MS = 7_200_000;
const PING_STRIKES_MAX = 2;
const TOO_MANY_PINGS = Buffer.from('too_many_pings');

export interface ConnectionOptions {
  readonly keepalive: GrpcKeepalive;
  readonly handshakeTimeoutMs: number;
}

/** A call of this connection that has no end of its own. */
interface Watching {
  connectionLeaves(): void;
}

/** What a client may do only so often: `burst` at once, then `perSecond`. */
class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
    this.#left -= 1;
    return this.#left >= 0;
  }
}

/** One HTTP/2 connection of a gRPC listener: who misuses it is sent away, who is silent or old is let go. */
export class GrpcConnection {
  readonly remoteAddress: string;
  /** Of a listener that asks for one. */
  readonly certificate: ClientCertificate | undefined;
  readonly #session: ServerHttp2Session;
  readonly #options: ConnectionOptions;
  readonly #openedAtMs: number;
  /** Spread, so that clients that came together do not all come back together. */
  readonly #maxAgeMs: number;
  readonly #resets: Allowance;
  readonly #settings: Allowance;
  readonly #pings: Allowance;
  #ready = false;
  #calls = 0;
  readonly #watches = new Set<Watching>();
  #idleSinceMs: number;
  #heardAtMs: number;
  #pingedAtMs: number | undefined;
  #goneAtMs: number | undefined;
  #lastPingAtMs = -Infinity;
  #pingStrikes = 0;
  #answeredSincePing = false;

  constructor(session: ServerHttp2Session, options: ConnectionOptions, nowMs: number, random: () => number) {
    this.#session = session;
    this.#options = options;
    this.remoteAddress = session.socket.remoteAddress ?? '';
    this.certificate = session.encrypted === true ? certificateOf(session.socket as TLSSocket) : undefined;
    this.#openedAtMs = nowMs;
    this.#idleSinceMs = nowMs;
    this.#heardAtMs = nowMs;
    const { maxAgeMs } = options.keepalive;
    this.#maxAgeMs = maxAgeMs === 0 ? Infinity : maxAgeMs * (0.9 + 0.2 * random());
    this.#resets = new Allowance(LIMITS.grpcResetBurst, LIMITS.grpcResetsPerSecond, nowMs);
    this.#settings = new Allowance(LIMITS.grpcSettingsBurst, LIMITS.grpcSettingsPerSecond, nowMs);
    this.#pings = new Allowance(LIMITS.grpcPingBurst, LIMITS.grpcPingsPerSecond, nowMs);
    session.on('remoteSettings', () => this.#settingsCame());
    session.on('ping', () => this.#pingCame());
    // A connection that breaks is its client's to open again.
    session.on('error', () => undefined);
  }

  callBegins(): void {
    this.#calls += 1;
    this.#heardAtMs = performance.now();
  }

  callEnds(): void {
    this.#calls -= 1;
    if (this.#calls === 0) this.#idleSinceMs = performance.now();
  }

  /** False: the connection has as many as it may. They keep it from being idle, as calls do. */
  watchBegins(watching: Watching): boolean {
    if (this.#watches.size >= LIMITS.grpcWatchesOfConnection) return false;
    this.#watches.add(watching);
    this.callBegins();
    return true;
  }

  watchEnds(watching: Watching): void {
    if (this.#watches.delete(watching)) this.callEnds();
  }

  answered(): void {
    this.#answeredSincePing = true;
  }

  /** CVE-2023-44487: calls that are opened and reset cost the server work and the client nothing. */
  callWasReset(): void {
    if (!this.#resets.take(performance.now())) this.#sendAway();
  }

  /** Called by the listener every now and then. */
  look(nowMs: number): void {
    if (this.#session.destroyed) return; // and about to say so
    const { keepalive, handshakeTimeoutMs } = this.#options;
    if (!this.#ready) {
      if (nowMs - this.#openedAtMs >= handshakeTimeoutMs) this.#session.destroy();
      return;
    }
    if (this.#goneAtMs !== undefined) {
      if (keepalive.maxAgeGraceMs > 0 && nowMs - this.#goneAtMs >= keepalive.maxAgeGraceMs) this.#session.destroy();
      return;
    }
    const idle = this.#calls === 0 && keepalive.maxIdleMs > 0 && nowMs - this.#idleSinceMs >= keepalive.maxIdleMs;
    if (idle || nowMs - this.#openedAtMs >= this.#maxAgeMs) {
      this.#goneAtMs = nowMs;
      for (const watching of this.#watches) watching.connectionLeaves();
      this.#session.close();
      return;
    }
    this.#keepAlive(nowMs);
  }

  /** Asks a silent client whether it is still there. */
  #keepAlive(nowMs: number): void {
    const { timeMs, timeoutMs } = this.#options.keepalive;
    if (this.#pingedAtMs !== undefined) {
      if (timeoutMs > 0 && nowMs - this.#pingedAtMs >= timeoutMs) this.#session.destroy();
      return;
    }
    if (timeMs === 0 || nowMs - this.#heardAtMs < timeMs) return;
    this.#pingedAtMs = nowMs;
    this.#session.ping(() => {
      this.#pingedAtMs = undefined;
      this.#heardAtMs = performance.now();
    });
  }

  #settingsCame(): void {
    this.#ready = true;
    if (!this.#settings.take(performance.now())) this.#sendAway();
  }

  #pingCame(): void {
    const nowMs = performance.now();
    this.#heardAtMs = nowMs;
    // Senders that measure their bandwidth ping after each answer, so answers wipe strikes; a flood they do not.
    if (!this.#pings.take(nowMs)) return this.#sendAway(TOO_MANY_PINGS);
    if (this.#answeredSincePing) {
      this.#answeredSincePing = false;
      this.#pingStrikes = 0;
      this.#lastPingAtMs = -Infinity;
      return;
    }
    const { minPingIntervalMs, pingWithoutStream } = this.#options.keepalive;
    const leastMs = this.#calls === 0 && !pingWithoutStream ? IDLE_PING_INTERVAL_MS : minPingIntervalMs;
    if (nowMs - this.#lastPingAtMs < leastMs) this.#pingStrikes += 1;
    this.#lastPingAtMs = nowMs;
    if (this.#pingStrikes > PING_STRIKES_MAX) this.#sendAway(TOO_MANY_PINGS);
  }

  #sendAway(why?: Buffer): void {
    if (this.#session.destroyed) return;
    if (why !== undefined) this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, why);
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
