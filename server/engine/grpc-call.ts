import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { ClientCertificate } from '../../pipeline/auth.ts';
import type { ErrorCode } from '../../pipeline/errors.ts';
import type { GrpcAnswer, GrpcHandler, GrpcHead, GrpcOptions, GrpcWatch } from '../../pipeline/host-grpc.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { DeadlineWatch, Waited } from './deadline-watch.ts';
import type { GrpcConnection } from './grpc-connection.ts';
import { isGrpc, timeoutMs, trailersOf } from './grpc-headers.ts';
import { framed, MessageReader } from './grpc-message.ts';
import { HEAD, WITH_TRAILERS, write } from './grpc-write.ts';
import { GOING, GrpcWatching } from './grpc-watching.ts';
import type { Owner } from './owner.ts';
import type { Reading, ReadWatch } from './read-watch.ts';

/** What the calls of one listener share. */
export interface GrpcShared {
  readonly options: GrpcOptions;
  readonly owner: Owner<GrpcHandler>;
  readonly watch: ReadWatch;
  readonly deadlines: DeadlineWatch;
  readonly callsMax: number;
  readonly closing: boolean;
}

const COMPRESSED = 1;
const OK_TRAILERS = { 'grpc-status': '0' } as const;

class Head implements GrpcHead {
  state: unknown = undefined;
  readonly path: string;
  readonly #headers: IncomingHttpHeaders;
  readonly #connection: GrpcConnection;

  constructor(headers: IncomingHttpHeaders, connection: GrpcConnection) {
    this.path = headers[':path'] ?? '';
    this.#headers = headers;
    this.#connection = connection;
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get certificate(): ClientCertificate | undefined {
    return this.#connection.certificate;
  }

  header(name: string): string {
    const value = this.#headers[name];
    return typeof value === 'string' ? value : (value?.join(', ') ?? '');
  }

  headers(): Record<string, string> {
    const all: Record<string, string> = Object.create(null);
    for (const name of Object.keys(this.#headers)) if (!name.startsWith(':')) all[name] = this.header(name);
    return all;
  }
}

/** One unary call and its answer: the head decides, the prefix of the message is admitted, one answer is written. */
export class GrpcCall implements Reading, Waited {
  progress = false;
  startedAtMs = 0;
  progressAtMs = 0;
  deadlineAtMs = Infinity;
  readonly #shared: GrpcShared;
  readonly #owner: Owner<GrpcHandler>;
  readonly #connection: GrpcConnection;
  readonly #stream: ServerHttp2Stream;
  readonly #head: Head;
  readonly #message = new MessageReader();
  /** The head was let pass and `request` has not run. */
  #reading = false;
  #over = false;
  /** The caller has sent all. */
  #ended = false;

  constructor(shared: GrpcShared, connection: GrpcConnection, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#shared = shared;
    this.#owner = shared.owner;
    this.#connection = connection;
    this.#stream = stream;
    this.#head = new Head(headers, connection);
  }

  /** `headerBytes`: of all names and values. */
  begin(headerBytes: number): void {
    const stream = this.#stream;
    this.#owner.underWay.begin();
    this.#connection.callBegins();
    // What goes wrong with the stream also closes it.
    stream.on('error', () => undefined);
    if (stream.destroyed) return this.#closed(); // reset in the same read that opened it
    stream.once('close', () => this.#closed());
    const status = headerBytes > LIMITS.headerBytes ? 431 : this.#httpFault();
    if (status !== undefined) {
      this.#settle();
      write(stream, () => {
        stream.respond({ ':status': status }, { endStream: true });
        stream.close(constants.NGHTTP2_NO_ERROR);
      });
      return;
    }
    const timeout = timeoutMs(this.#head.header('grpc-timeout'));
    if (Number.isNaN(timeout)) return this.#refuse('MALFORMED', 'grpc-timeout is not a time');
    if (timeout !== undefined) {
      if (timeout <= 0) return this.#refuse('DEADLINE_EXCEEDED', 'the deadline of the call has passed');
      this.deadlineAtMs = performance.now() + timeout;
      this.#shared.deadlines.add(this);
    }
    if (this.#shared.closing) return this.#refuse('SHUTTING_DOWN', 'the collector is stopping');
    if (this.#owner.underWay.count > this.#shared.callsMax)
      return this.#refuse('TOO_MANY_CONNECTIONS', 'the listener has too many calls under way');
    this.#decide();
  }

  expire(): void {
    this.#fault('REQUEST_TIMEOUT', 'the message did not arrive in time');
  }

  pastDeadline(): void {
    if (!this.#over) this.#fault('DEADLINE_EXCEEDED', 'the deadline of the call has passed');
  }

  /** Of the HTTP below gRPC: what a client that speaks no gRPC is told. */
  #httpFault(): number | undefined {
    if (this.#head.header(':method') !== 'POST') return 405;
    return isGrpc(this.#head.header('content-type')) ? undefined : 415;
  }

  #decide(): void {
    const { handler } = this.#owner;
    let answer: GrpcAnswer | undefined | Promise<GrpcAnswer | undefined>;
    try {
      answer = handler.head(this.#head);
    } catch {
      return this.#refuse('INTERNAL', 'a fault of the collector');
    }
    // Nothing is read meanwhile: HTTP/2 keeps the caller to the window of the stream.
    if (answer instanceof Promise) {
      answer.then(
        (late) => this.#decided(late),
        () => this.#refuse('INTERNAL', 'a fault of the collector'),
      );
    } else {
      this.#decided(answer);
    }
  }

  #decided(answer: GrpcAnswer | undefined): void {
    if (answer !== undefined) return this.#answer(answer);
    if (this.#over) return this.#owner.handler.gone(this.#head); // the caller left while the head was judged
    this.#reading = true;
    this.#shared.watch.add(this);
    this.#stream.on('data', (chunk: Uint8Array) => this.#data(chunk));
    this.#stream.once('end', () => this.#end());
  }

  #data(chunk: Uint8Array): void {
    if (!this.#reading) return;
    this.progress = true;
    const message = this.#message;
    let start = 0;
    if (message.length < 0) {
      start = message.prefix(chunk);
      if (message.length < 0 || !this.#admitted()) return;
    }
    if (!message.add(chunk, start)) this.#fault('UNIMPLEMENTED', 'a unary call has one message, bytes follow it');
  }

  /** The length is known: what is too long or has no room ends here. */
  #admitted(): boolean {
    const { length, flags } = this.#message;
    if (flags > COMPRESSED) {
      this.#fault('MESSAGE_FRAMING', 'the prefix of the message has unknown flags');
      return false;
    }
    if (length > this.#shared.options.maxMessageBytes) {
      this.#fault('BODY_TOO_LARGE', `a message of ${length} bytes`);
      return false;
    }
    const refused = this.#owner.handler.prefix(this.#head, length, flags === COMPRESSED);
    if (refused === undefined) return true;
    this.#owner.handler.gone(this.#head);
    this.#answer(refused);
    return false;
  }

  #end(): void {
    // A stream that breaks ends, too, and then closes.
    if (!this.#reading || this.#stream.aborted) return;
    this.#ended = true;
    const message = this.#message;
    if (!message.complete) {
      if (message.begun) this.#fault('MESSAGE_FRAMING', 'the message is shorter than its prefix says');
      else this.#fault('UNIMPLEMENTED', 'a unary call has one message, there is none');
      return;
    }
    this.#endReading();
    const { handler } = this.#owner;
    try {
      const answer = handler.request(this.#head, message.take());
      if (answer instanceof Promise) {
        answer.then(
          (late) => this.#answer(late),
          () => this.#refuse('INTERNAL', 'a fault of the collector'),
        );
      } else if ('begin' in answer) {
        this.#goOn(answer);
      } else {
        this.#answer(answer);
      }
    } catch {
      this.#refuse('INTERNAL', 'a fault of the collector');
    }
  }

  /** From here on nobody waits for the end of this call. */
  #goOn(watch: GrpcWatch): void {
    if (this.#over) return;
    const owner = this.#owner;
    if (owner.hasLeft) return this.#refuse('SHUTTING_DOWN', GOING);
    const call = { stream: this.#stream, head: this.#head, connection: this.#connection, owner };
    const watching = new GrpcWatching(call, this.#shared.deadlines, this.deadlineAtMs);
    if (owner.unending.size >= LIMITS.grpcWatches || !this.#connection.watchBegins(watching))
      return this.#refuse('RATE_LIMITED', 'too many calls watch already');
    this.#settle();
    watching.begin(watch);
  }

  /** A fault of the transport, whether or not the handler has let the call pass. */
  #fault(code: ErrorCode, cause: string): void {
    if (this.#reading) this.#owner.handler.gone(this.#head);
    this.#refuse(code, cause);
  }

  #refuse(code: ErrorCode, cause: string): void {
    this.#answer(this.#owner.handler.fault(this.#head, code, cause));
  }

  #answer(answer: GrpcAnswer): void {
    if (this.#over) return; // the caller left; what came in stays in
    this.#settle();
    const stream = this.#stream;
    write(stream, () => {
      if (answer.status === 0) {
        stream.respond(HEAD, WITH_TRAILERS);
        stream.once('wantTrailers', () => {
          write(stream, () => stream.sendTrailers(answer.metadata === undefined ? OK_TRAILERS : trailersOf(answer)));
        });
        stream.end(framed(answer.message));
      } else {
        stream.respond({ ...HEAD, ...trailersOf(answer) }, { endStream: true });
        // RFC 9113 8.1: an answer before the end of its request asks the caller to stop sending.
        if (!this.#ended) stream.close(constants.NGHTTP2_NO_ERROR);
      }
    });
    this.#connection.answered();
  }

  #closed(): void {
    const reset = this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR;
    if (!this.#over) {
      if (this.#reading) this.#owner.handler.gone(this.#head);
      this.#settle();
    }
    if (reset) this.#connection.callWasReset();
  }

  #endReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#shared.watch.delete(this);
  }

  #settle(): void {
    this.#endReading();
    this.#over = true;
    if (this.deadlineAtMs !== Infinity) this.#shared.deadlines.delete(this);
    this.#connection.callEnds();
    this.#owner.underWay.end();
  }
}
