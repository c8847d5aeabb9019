import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { Refusal } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Answer } from './answer.ts';

export interface ChannelOptions {
  /** For messages and `:authority`. */
  readonly target: string;
  readonly authority: string;
  readonly host: string;
  readonly port: number;
  /** Undefined: no TLS. Asked for each new connection, so that changed certificates are taken. */
  readonly tls: (() => ConnectionOptions) | undefined;
  /** Sent with every call. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: no pings. */
  readonly keepalive: { readonly timeMs: number; readonly timeoutMs: number; readonly withoutStream: boolean } | undefined;
}

/** The destination cannot have acted on the call: it may go out again at once. */
type Reply = Answer | Refusal | 'stale';

/** One HTTP/2 connection to a gRPC server, opened when it is needed and again when it has gone. */
export class Channel {
  readonly #options: ChannelOptions;
  #session: Session | undefined;
  #closed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /**
   * One unary call: `segments` are the message, prefix included. Never rejects: what is no answer is a retryable
   * refusal. When the answer is OK, nobody reads `segments` any more.
   */
  async call(path: string, segments: readonly Uint8Array[], signal: AbortSignal): Promise<Answer | Refusal> {
    if (this.#closed) return unavailable(this.#options, 'the exporter is stopped');
    const first = await this.#open().call(path, segments, signal);
    if (first !== 'stale') return first;
    // A server may close a kept connection just as a call leaves on it. It goes out again at once on another one
    // instead of waiting for the retry's back-off.
    const second = await this.#open().call(path, segments, signal);
    return second === 'stale' ? unavailable(this.#options, 'the connection was closed before the answer') : second;
  }

  close(): void {
    this.#closed = true;
    this.#session?.end();
    this.#session = undefined;
  }

  /** The next call opens a new connection, those under way stay on theirs. */
  renew(): void {
    this.#session?.retire();
    this.#session = undefined;
  }

  #open(): Session {
    if (this.#session === undefined || !this.#session.usable) this.#session = new Session(this.#options);
    return this.#session;
  }
}

class Session {
  readonly #options: ChannelOptions;
  readonly #http2: ClientHttp2Session;
  readonly #timer: NodeJS.Timeout | undefined;
  #fault: NodeJS.ErrnoException | undefined;
  /** Some call was answered on it. */
  #proven = false;
  #calls = 0;
  #heardAtMs = performance.now();
  #pingedAtMs: number | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const { tls, authority } = options;
    this.#http2 = connectHttp2(`${tls === undefined ? 'http' : 'https'}://${authority}`, {
      createConnection: () => this.#connect(),
      settings: { enablePush: false, initialWindowSize: LIMITS.responseBodyBytes, maxHeaderListSize: LIMITS.headerBytes },
    });
    this.#http2.on('error', (error: NodeJS.ErrnoException) => {
      this.#fault ??= error;
    });
    this.#http2.on('goaway', (code) => {
      if (code === constants.NGHTTP2_ENHANCE_YOUR_CALM) this.#fault ??= new Error('the destination asks for fewer pings');
    });
    if (options.keepalive !== undefined) {
      this.#timer = setInterval(() => this.#keepAlive(), Math.max(20, Math.min(1000, options.keepalive.timeMs / 4)));
      this.#timer.unref();
      this.#http2.once('close', () => clearInterval(this.#timer));
    }
  }

  get usable(): boolean {
    return !this.#http2.closed && !this.#http2.destroyed;
  }

  /** Takes no more calls; those under way have a while. */
  retire(): void {
    this.#http2.close();
    const timer = setTimeout(() => this.#http2.destroy(), LIMITS.idleTimeoutMs);
    timer.unref();
    this.#http2.once('close', () => clearTimeout(timer));
  }

  end(): void {
    clearInterval(this.#timer);
    this.#http2.destroy();
  }

  call(path: string, segments: readonly Uint8Array[], signal: AbortSignal): Promise<Reply> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(tooLate(this.#options));
      let stream: ClientHttp2Stream;
      try {
        stream = this.#http2.request({ ...this.#options.headers, ':method': 'POST', ':path': path });
      } catch {
        return resolve('stale'); // it went away since it was looked at
      }
      this.#calls += 1;
      const startedAtMs = performance.now();
      const exchange = new Exchange(stream, signal, (reply) => {
        this.#calls -= 1;
        if (reply === 'aborted') {
          // Whoever does not even pick up is dialled anew by the next call, and so is who said nothing since this one:
          // node:http2 keeps a connection open, and silent, whose server broke the rules.
          if (this.#http2.connecting) this.#http2.destroy();
          else if (this.#heardAtMs < startedAtMs) this.retire();
          return resolve(tooLate(this.#options));
        }
        this.#heardAtMs = performance.now();
        if (reply !== 'broken') {
          this.#proven = true;
          return resolve(reply);
        }
        const fault = rootOf(exchange.fault ?? this.#fault);
        if (fault?.code === 'ERR_HTTP2_OUT_OF_STREAMS') this.retire(); // after 2^30 calls
        const isStale = exchange.refused || (this.#proven && !this.usable && isReset(fault));
        resolve(isStale ? 'stale' : unavailable(this.#options, causeOf(fault)));
      });
      exchange.send(segments);
    });
  }

  #connect(): Socket {
    const { host, port, tls } = this.#options;
    const to = { host, port, noDelay: true, keepAlive: true };
    if (tls === undefined) return connectTcp(to);
    // A name goes into SNI and must stand in the certificate; an address must only stand there.
    const socket = connectTls({ ...to, ...tls(), ALPNProtocols: ['h2'] });
    socket.setNoDelay(true);
    return socket;
  }

  #keepAlive(): void {
    const { keepalive } = this.#options;
    if (keepalive === undefined || !this.usable || this.#http2.connecting) return;
    const nowMs = performance.now();
    if (this.#pingedAtMs !== undefined) {
      if (nowMs - this.#pingedAtMs < keepalive.timeoutMs) return;
      this.#fault ??= new Error('nothing came back for a ping');
      this.#http2.destroy();
      return;
    }
    if ((this.#calls === 0 && !keepalive.withoutStream) || nowMs - this.#heardAtMs < keepalive.timeMs) return;
    this.#pingedAtMs = nowMs;
    this.#http2.ping(() => {
      this.#pingedAtMs = undefined;
      this.#heardAtMs = performance.now();
    });
  }
}

/** One call on its stream. Settles once, when the stream can do no more with the bytes it was given. */
class Exchange {
  fault: NodeJS.ErrnoException | undefined;
  readonly #stream: ClientHttp2Stream;
  readonly #signal: AbortSignal;
  readonly #settled: (reply: Answer | 'aborted' | 'broken') => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #head: IncomingHttpHeaders | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #over = false;

  constructor(stream: ClientHttp2Stream, signal: AbortSignal, settled: (reply: Answer | 'aborted' | 'broken') => void) {
    this.#stream = stream;
    this.#signal = signal;
    this.#settled = settled;
    signal.addEventListener('abort', this.#abort);
    stream.on('response', (headers) => {
      this.#head = headers;
    });
    stream.on('trailers', (trailers) => {
      this.#trailers = trailers;
    });
    stream.on('data', (chunk: Buffer) => this.#keep(chunk));
    stream.on('error', (error) => {
      this.fault = error;
    });
    // After it nothing is sent any more. It also comes when the connection breaks.
    stream.once('close', () => this.#close());
  }

  /** The server has not looked at it (RFC 9113 8.7). */
  get refused(): boolean {
    return this.#stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || UNSENT.has(this.fault?.code ?? '');
  }

  send(segments: readonly Uint8Array[]): void {
    const stream = this.#stream;
    // Corked, all of it leaves in one writev.
    stream.cork();
    for (const segment of segments) stream.write(segment);
    stream.end();
    stream.uncork();
  }

  readonly #abort = (): void => {
    // A stream that waits for its connection would wait to be closed, too, and one whose connection has broken down
    // unseen for ever: nobody waits for the end of either.
    if (this.#stream.pending) this.#stream.destroy();
    else this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#settle('aborted');
  };

  #keep(chunk: Buffer): void {
    const room = LIMITS.responseBodyBytes - this.#bytes;
    if (room > 0) this.#chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > LIMITS.responseBodyBytes) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #close(): void {
    const last = this.#trailers ?? this.#head;
    if (this.#head === undefined || last === undefined) return this.#settle('broken');
    const httpStatus = Number(this.#head[':status']);
    const status = text(last['grpc-status'] ?? this.#head['grpc-status']);
    // No status, or an OK before all was sent: the destination did not have the batch.
    if (httpStatus === 200 && (status === '' || (status === '0' && !this.#stream.writableFinished)))
      return this.#settle('broken');
    this.#settle({
      httpStatus,
      status,
      message: text(last['grpc-message']),
      details: text(last['grpc-status-details-bin']),
      body: this.#chunks.length === 1 ? (this.#chunks[0] ?? EMPTY) : Buffer.concat(this.#chunks),
    });
  }

  #settle(reply: Answer | 'aborted' | 'broken'): void {
    if (this.#over) return;
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#settled(reply);
  }
}
const EMPTY = new Uint8Array();
/** Faults of a stream that never left. */
const UNSENT: ReadonlySet<string> = new Set(['ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_OUT_OF_STREAMS']);

const text = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : (value?.[0] ?? ''));

/** A stream that falls with its connection names the connection's fault as its cause. */
function rootOf(fault: NodeJS.ErrnoException | undefined): NodeJS.ErrnoException | undefined {
  return fault?.code === 'ERR_HTTP2_STREAM_CANCEL' ? (fault.cause as NodeJS.ErrnoException | undefined) : fault;
}

function isReset(fault: NodeJS.ErrnoException | undefined): boolean {
  return fault === undefined || fault.code === 'ECONNRESET' || fault.code === 'EPIPE';
}

function tooLate({ target }: ChannelOptions): Refusal {
  return { ok: false, code: 'DEADLINE_EXCEEDED', retryable: true, message: `cannot send to ${target}: no answer in time` };
}

function unavailable({ target }: ChannelOptions, cause: string): Refusal {
  return { ok: false, code: 'UNAVAILABLE', retryable: true, message: `cannot send to ${target}: ${cause}` };
}

function causeOf(error: NodeJS.ErrnoException | undefined): string {
  if (error === undefined) return 'the connection was closed before the answer';
  // Every address of a name failed: the first fault says enough.
  const single = (error instanceof AggregateError ? error.errors[0] : error) as NodeJS.ErrnoException;
  switch (single.code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
      return 'the connection was reset';
    case 'ENOTFOUND':
      return 'the host name is not known';
    case 'ERR_HTTP2_ERROR':
      return 'the destination does not speak gRPC, or speaks TLS where we do not (HTTP/2 protocol error)';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'the destination speaks no TLS; set tls.insecure: true, or put http:// before the endpoint';
    default:
      return single.message.slice(0, LIMITS.messageChars) || (single.code ?? 'unknown fault');
  }
}
