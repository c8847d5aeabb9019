import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { GZIP_LEVEL } from './body-pool.ts';
import { BodySource } from './body-source.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { Latency } from './latency.ts';
import { rejectedItems, ResponseReader } from './response-reader.ts';
import { PATHS, type Protocol, type Workload } from './workload.ts';

export interface SenderOptions {
  readonly workload: Workload;
  readonly port: number;
  readonly connections: number;
  readonly gzip: boolean;
  /** Default http. */
  readonly protocol?: Protocol;
  /** Compressed bodies from number 0 on, made ahead. */
  readonly pool: readonly Uint8Array[];
  /** Body n is sent with token n modulo their number; default: none is shown. */
  readonly tokens?: readonly string[];
  /** Items per second offered at most; undefined: as many as the receiver answers for. */
  readonly itemsPerS?: number;
  /** Bodies in all; undefined: until it is stopped. */
  readonly bodiesMax?: number;
  /** After so long without a request a connection is replaced; default 5 s. */
  readonly idleMs?: number;
}

export interface SenderReport {
  readonly bodies: number;
  /** Items in requests answered with 200, less those that the answers say were rejected. */
  readonly acceptedItems: number;
  readonly rejectedItems: number;
  /** Requests answered with anything but 200, by status (HTTP's, or gRPC's, which are below 100). */
  readonly refused: Readonly<Record<string, number>>;
  /** Requests whose connection ended before the answer: nobody knows whether these were taken. */
  readonly unanswered: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
}

/** Room in front of a body for the request line and headers. */
const HEAD_BYTES = 1024;
/** A refused connection waits this long, or a system that refuses would mostly be measured refusing. */
const REFUSED_PAUSE_MS = 20;
const PACE_MS = 5;
/** A connection with nothing to send for so long is replaced: a server closes it at some time (ours after 8 s, which it
 *  says in each answer), and whoever begins a request just then is not answered. */
const IDLE_MS = 5000;

/** Posts bodies, each different, over a few keep-alive connections; on each the next goes out after the answer. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #source: BodySource;
  readonly #connections: (Connection | GrpcConnection)[] = [];
  readonly #latency = new Latency();
  readonly #refused: Record<string, number> = {};
  #nextBody = 0;
  #accepted = 0;
  #rejected = 0;
  #unanswered = 0;
  #sending = false;
  /** Bodies that may go out now when a rate is set. */
  #due = Number.POSITIVE_INFINITY;
  #paceTimer: NodeJS.Timeout | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#source = new BodySource(options.workload);
  }

  start(): void {
    this.#sending = true;
    if (this.#options.itemsPerS !== undefined) this.#pace(this.#options.itemsPerS / this.#source.items);
    for (let i = 0; i < this.#options.connections; i++) {
      const Chosen = this.#options.protocol === 'grpc' ? GrpcConnection : Connection;
      const connection = new Chosen(this.#options, this.#source.maxBytes, {
        fill: (out, view, at) => this.#fill(out, view, at),
        token: () => this.#options.tokens?.[(this.#nextBody - 1) % this.#options.tokens.length],
        answered: (status, body, ms) => this.#answered(status, body, ms),
        lost: () => this.#unanswered++,
      });
      this.#connections.push(connection);
      connection.start();
    }
  }

  /** Latency counts from now on. */
  mark(): void {
    this.#latency.clear();
  }

  /** Sends no more and resolves when every request out is answered. */
  async stop(): Promise<SenderReport> {
    this.#sending = false;
    clearInterval(this.#paceTimer);
    await Promise.all(this.#connections.map((connection) => connection.stop()));
    return {
      bodies: this.#nextBody,
      acceptedItems: this.#accepted,
      rejectedItems: this.#rejected,
      refused: this.#refused,
      unanswered: this.#unanswered,
      latencyP50Ms: this.#latency.quantileMs(0.5),
      latencyP99Ms: this.#latency.quantileMs(0.99),
    };
  }

  /** Writes the next body and returns where it ends; undefined when none is to go out now. */
  #fill(out: Buffer, view: DataView, at: number): number | undefined {
    if (!this.#sending || this.#due < 1 || this.#nextBody >= (this.#options.bodiesMax ?? Number.POSITIVE_INFINITY))
      return undefined;
    this.#due--;
    const number = this.#nextBody++;
    if (!this.#options.gzip) return this.#source.write(number, out, view, at);
    const ready = this.#options.pool[number];
    const packed = ready ?? gzipSync(out.subarray(at, this.#source.write(number, out, view, at)), { level: GZIP_LEVEL });
    out.set(packed, at);
    return at + packed.length;
  }

  #answered(status: number, body: Uint8Array, ms: number): boolean {
    if (status !== 200) {
      this.#refused[status] = (this.#refused[status] ?? 0) + 1;
      return false;
    }
    const rejected = rejectedItems(body);
    this.#accepted += this.#source.items - rejected;
    this.#rejected += rejected;
    this.#latency.note(ms);
    return true;
  }

  #pace(bodiesPerS: number): void {
    this.#due = 0;
    let before = performance.now();
    this.#paceTimer = setInterval(() => {
      const now = performance.now();
      // What could not go out within 100 ms is not made up for: the rate is an offer.
      this.#due = Math.min(this.#due + ((now - before) / 1000) * bodiesPerS, Math.max(bodiesPerS / 10, 1));
      before = now;
      for (const connection of this.#connections) connection.wake();
    }, PACE_MS);
  }
}

export interface ConnectionEvents {
  fill(out: Buffer, view: DataView, at: number): number | undefined;
  /** What the body that was filled last is sent with. */
  token(): string | undefined;
  /** False when the connection should wait before its next request. */
  answered(status: number, body: Uint8Array, ms: number): boolean;
  lost(): void;
}

class Connection {
  readonly #options: SenderOptions;
  readonly #events: ConnectionEvents;
  readonly #out: Buffer;
  readonly #view: DataView;
  readonly #headStart: string;
  readonly #readBuffer = Buffer.alloc(64 * 1024);
  #reader = new ResponseReader();
  #socket: Socket | undefined;
  #sentAt = 0;
  #usedAt = 0;
  /** The request is out and not answered; its bytes are still being written. Both end before the buffer is reused. */
  #waiting = false;
  #writing = false;
  #paused = false;
  #stopped: (() => void) | undefined;

  constructor(options: SenderOptions, maxBodyBytes: number, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#out = Buffer.alloc(HEAD_BYTES + maxBodyBytes + 1024);
    this.#view = new DataView(this.#out.buffer, this.#out.byteOffset, this.#out.length);
    this.#headStart =
      `POST ${PATHS[options.workload.signal]} HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\nUser-Agent: periscope-bench\r\n` +
      `Content-Type: application/x-protobuf\r\n${options.gzip ? 'Content-Encoding: gzip\r\n' : ''}Content-Length: `;
  }

  start(): void {
    const socket = connect({
      host: '127.0.0.1',
      port: this.#options.port,
      noDelay: true,
      onread: { buffer: this.#readBuffer, callback: (length) => this.#read(length) },
    });
    this.#socket = socket;
    this.#usedAt = performance.now();
    this.#reader = new ResponseReader();
    socket.on('connect', () => this.wake());
    socket.on('error', () => {});
    socket.on('close', () => this.#closed(socket));
  }

  wake(): void {
    if (this.#waiting || this.#writing || this.#paused || this.#socket?.readyState !== 'open') return;
    if (performance.now() - this.#usedAt > (this.#options.idleMs ?? IDLE_MS)) {
      this.#socket.destroy();
      return;
    }
    const end = this.#events.fill(this.#out, this.#view, HEAD_BYTES);
    if (end === undefined) {
      this.#stopped?.();
      return;
    }
    const token = this.#events.token();
    const authorization = token === undefined ? '' : `\r\nAuthorization: Bearer ${token}`;
    const head = `${this.#headStart}${end - HEAD_BYTES}${authorization}\r\n\r\n`;
    const from = HEAD_BYTES - head.length;
    this.#out.write(head, from, 'latin1');
    this.#waiting = true;
    this.#writing = true;
    this.#sentAt = performance.now();
    this.#socket.write(this.#out.subarray(from, end), () => {
      this.#writing = false;
      this.wake();
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      if (!this.#waiting && !this.#writing) resolve();
    });
    this.#stopped = () => {};
    this.#socket?.destroy();
  }

  #read(length: number): boolean {
    const response = this.#reader.feed(this.#readBuffer.subarray(0, length));
    if (!response) return true;
    this.#waiting = false;
    this.#usedAt = performance.now();
    if (this.#events.answered(response.status, response.body, this.#usedAt - this.#sentAt)) this.wake();
    else this.#pause();
    return true;
  }

  #pause(): void {
    this.#paused = true;
    setTimeout(() => {
      this.#paused = false;
      this.wake();
    }, REFUSED_PAUSE_MS);
  }

  #closed(socket: Socket): void {
    if (socket !== this.#socket) return;
    if (this.#waiting) this.#events.lost();
    this.#waiting = false;
    this.#writing = false;
    if (this.#stopped) this.#stopped();
    else setTimeout(() => this.#stopped === undefined && this.start(), REFUSED_PAUSE_MS);
  }
}
