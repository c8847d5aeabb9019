import type { Socket } from 'node:net';
import type { HttpAnswer } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { WebSocketAccept } from '../../pipeline/web-socket.ts';
import { Exchange, type Shared } from './exchange.ts';
import { answerHead } from './http1-answer.ts';
import { ChunkReader } from './http1-chunks.ts';
import { header, headers, type Http1Head, readHead } from './http1-head.ts';
import { BAD_FRAMING, RequestHead } from './request-head.ts';
import { isUpgradeFor } from './upgrade-request.ts';
import type { WsSockets } from './ws-sockets.ts';

/** What a connection tells its server. */
export interface NetShared extends Shared {
  /** Over the connection limit: a request is answered 503. */
  isSurplus(socket: Socket): boolean;
  /** Where the listener takes WebSockets. */
  readonly webSockets: WsSockets | undefined;
}

const NOTHING: Buffer = Buffer.alloc(0);
const HEAD_END_BYTES = 4;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** What a connection waits for; `drain`: for its sender to read the answer. */
type State = 'head' | 'body' | 'answer' | 'drain' | 'ended';

class NetHead extends RequestHead<true> {
  readonly #socket: Socket;

  constructor({ method, path, query, contentLength }: Http1Head, socket: Socket) {
    super(method, path, query, contentLength, true);
    this.#socket = socket;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  header(name: string): string {
    return this.lent ? header(name) : '';
  }

  headers(): Record<string, string> {
    return this.lent ? headers() : {};
  }
}

/** One connection: reads one request after the other and does not look at the next before the answer is written. */
export class NetConnection {
  readonly socket: Socket;
  readonly #shared: NetShared;
  #state: State = 'head';
  /** Came in and is not read yet. */
  #pending = NOTHING;
  #reading = false;
  /** While reading: what was read of `#pending`. */
  #at = 0;
  #exchange: NetExchange | undefined;
  #closes = false;
  #senderEnded = false;
  #isFresh = true;
  /** Bytes of the body that have not come yet, when it has a length. */
  #missing = 0;
  #chunks: ChunkReader | undefined;
  /** The request was answered, what is left of its body is read and thrown away. */
  #discards = false;
  #held = false;
  /** By the server's clock; 0 until its next look. A wait begins anew with each request. */
  waitsSinceMs = 0;
  readonly #listeners: readonly (readonly [event: string, listener: (chunk: Buffer) => void])[] = [
    ['data', (chunk) => this.#receive(chunk)],
    ['end', () => this.#senderGone()],
    ['drain', () => this.#drained()],
    ['close', () => this.#gone()],
  ];

  constructor(socket: Socket, shared: NetShared) {
    this.socket = socket;
    this.#shared = shared;
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    socket.on('error', () => {}); // its close follows
  }

  /** Of its next request nothing has come. */
  get isIdle(): boolean {
    return this.#state === 'head' && this.#pending.length === 0;
  }

  /** How long it may wait as it does now; 0 while a request is under way, which others watch. */
  get waitMs(): number {
    const { headerTimeoutMs, idleTimeoutMs, keepAliveTimeoutMs } = this.#shared.options;
    if (this.#waitsForNobody) return idleTimeoutMs;
    if (this.#state !== 'head') return 0;
    return this.isIdle && !this.#isFresh ? keepAliveTimeoutMs : headerTimeoutMs;
  }

  /** The request is answered; its sender has to read that, or to send the rest of its body. */
  get #waitsForNobody(): boolean {
    return this.#state === 'drain' || (this.#state === 'body' && this.#discards);
  }

  /** It waited too long. */
  giveUp(): void {
    if (this.isIdle || this.#waitsForNobody) this.socket.destroy();
    else this.#refuse(408);
  }

  /** Reads the body of the request; `hold`: not before `proceed`. */
  read(hold: boolean, expectsContinue: boolean): void {
    this.#state = 'body';
    this.#held = hold;
    if (expectsContinue && !hold) this.socket.write(CONTINUE);
    if (hold) this.socket.pause();
  }

  proceed(expectsContinue: boolean): void {
    if (!this.#held) return;
    this.#held = false;
    if (expectsContinue) this.socket.write(CONTINUE);
    this.socket.resume();
    this.#advance();
    this.#endWithSender();
  }

  answer(method: string, { status, headers: own, body }: HttpAnswer, last: boolean, expectsContinue: boolean): void {
    const unread = this.#state !== 'answer';
    // A sender that waits for 100 Continue may or may not send its body after a refusal.
    const closes = last || this.#closes || (unread && expectsContinue);
    const head = answerHead(status, own, body, closes);
    const isWhole = method === 'HEAD' || status === 204 || body === undefined || body.length === 0;
    const flushed = isWhole
      ? this.socket.write(head, 'latin1')
      : this.socket.write(typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head, 'latin1'), body]));
    this.#exchange = undefined;
    this.waitsSinceMs = 0;
    this.#held = false;
    if (closes) {
      this.#end(unread || this.#at < this.#pending.length);
      return;
    }
    this.#discards = unread;
    if (!unread) this.#state = flushed ? 'head' : 'drain';
    this.#goOn();
  }

  /** It is no connection for requests any more. */
  upgrade(key: string, accept: WebSocketAccept): void {
    const early = this.#pending.subarray(this.#at);
    this.#at = this.#pending.length;
    this.#pending = NOTHING;
    this.#state = 'ended';
    this.#exchange = undefined;
    for (const [event, listener] of this.#listeners) this.socket.off(event, listener);
    this.#shared.webSockets!.accept({ socket: this.socket, key, early }, accept);
  }

  /** The sender has read what was written. */
  #drained(): void {
    if (this.#state !== 'drain') return;
    this.#state = 'head';
    this.#goOn();
  }

  #goOn(): void {
    if (this.socket.isPaused()) this.socket.resume();
    this.#advance();
    this.#endWithSender();
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'ended') return;
    if (this.isIdle) this.waitsSinceMs = 0;
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#advance();
    // What is not read now has to wait for an answer: the sender too.
    if ((this.#state === 'answer' || this.#state === 'drain') && this.#pending.length > 0) this.socket.pause();
  }

  /** Reads on as far as it goes. What it calls may call it: then it is the outer one that goes on. */
  #advance(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#at = 0;
    while (this.#at < this.#pending.length && (this.#state === 'head' ? this.#readHead() : this.#readBody())) {}
    this.#pending = this.#at === 0 ? this.#pending : this.#pending.subarray(this.#at);
    this.#reading = false;
  }

  /** False: more has to come first. */
  #readHead(): boolean {
    const bytes = this.#pending;
    // One empty line in front of a request is forgiven (RFC 9112 2.2).
    if (bytes[this.#at] === 0x0d && bytes[this.#at + 1] === 0x0a) this.#at += 2;
    const end = bytes.indexOf('\r\n\r\n', this.#at, 'latin1');
    if ((end < 0 ? bytes.length : end) - this.#at > LIMITS.headerBytes) return this.#refuse(431);
    if (end < 0) return false;
    const head = readHead(bytes.toString('latin1', this.#at, end));
    if (typeof head === 'number') return this.#refuse(head);
    this.#at = end + HEAD_END_BYTES;
    this.#begin(head);
    return true;
  }

  #begin(head: Http1Head): void {
    this.#isFresh = false;
    this.waitsSinceMs = 0;
    // Nobody knows where a request ends whose framing makes no sense: nothing behind it is read.
    this.#closes = head.closes || head.contentLength === BAD_FRAMING;
    this.#missing = Math.max(0, head.contentLength);
    this.#chunks = head.contentLength === -1 ? new ChunkReader() : undefined;
    this.#discards = false;
    this.#state = head.contentLength === 0 ? 'answer' : 'body';
    const shared = this.#shared;
    const read = new NetHead(head, this.socket);
    this.#exchange = new NetExchange(shared, read, this, head.expectsContinue);
    if (isUpgradeFor(read, shared.options.webSocket)) this.#exchange.beginUpgrade(shared.isSurplus(this.socket));
    else this.#exchange.begin(shared.isSurplus(this.socket));
  }

  #readBody(): boolean {
    if (this.#state !== 'body' || this.#held) return false;
    if (this.#chunks !== undefined) return this.#readChunks(this.#chunks);
    const piece = this.#pending.subarray(this.#at, this.#at + this.#missing);
    this.#at += piece.length;
    this.#missing -= piece.length;
    const last = this.#missing === 0;
    if (last) this.#state = this.#discards ? 'head' : 'answer';
    if (!this.#discards) this.#exchange?.data(piece, last, true);
    return true;
  }

  #readChunks(chunks: ChunkReader): boolean {
    const from = this.#at;
    const end = chunks.read(this.#pending, from, (piece) => {
      if (!this.#discards) this.#exchange?.data(piece, false, true);
    });
    // What was too much has been answered meanwhile, and nothing behind it counts.
    if (this.#state !== 'body') return false;
    if (end < 0) {
      this.#exchange?.abort();
      return this.#refuse(400);
    }
    this.#at = end;
    if (chunks.ended) {
      this.#state = this.#discards ? 'head' : 'answer';
      if (!this.#discards) this.#exchange?.data(NOTHING, true, true);
      return true;
    }
    return false;
  }

  /** Bytes that are no request: there is no head, so no protocol of ours to word it in. */
  #refuse(status: number): false {
    this.socket.write(answerHead(status, undefined, undefined, true), 'latin1');
    this.#end(true);
    return false;
  }

  /**
   * No more requests. The sender may still send, and closing now would reset the connection and destroy the answer on
   * its way: what comes is thrown away for a moment.
   */
  #end(unread: boolean): void {
    this.#state = 'ended';
    this.#exchange = undefined;
    this.#at = this.#pending.length;
    this.socket.end();
    this.socket.resume();
    if (!unread) {
      this.socket.destroySoon();
      return;
    }
    const timer = setTimeout(() => this.socket.destroy(), LIMITS.lingerMs);
    timer.unref();
    this.socket.once('close', () => clearTimeout(timer));
  }

  #senderGone(): void {
    this.#senderEnded = true;
    this.#endWithSender();
  }

  /** The sender sends no more and may still read: what it has sent is answered, what it has begun is let go. */
  #endWithSender(): void {
    if (!this.#senderEnded || this.#reading || this.#held) return;
    if (this.#state === 'head' || this.#state === 'body') this.socket.destroySoon();
    else if (this.#state === 'answer') this.#exchange?.leave();
  }

  #gone(): void {
    this.#state = 'ended';
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort();
  }
}

class NetExchange extends Exchange {
  readonly #connection: NetConnection;
  readonly #expectsContinue: boolean;

  constructor(shared: Shared, head: NetHead, connection: NetConnection, expectsContinue: boolean) {
    super(shared, head);
    this.#connection = connection;
    this.#expectsContinue = expectsContinue;
  }

  protected override read(hold: boolean): void {
    this.#connection.read(hold, this.#expectsContinue);
  }

  protected override proceed(wanted: boolean): void {
    this.#connection.proceed(wanted && this.#expectsContinue);
  }

  protected override write(answer: HttpAnswer, last: boolean): void {
    this.#connection.answer(this.head.method, answer, last, this.#expectsContinue);
  }

  protected override upgrade(key: string, accept: WebSocketAccept): void {
    this.#connection.upgrade(key, accept);
  }
}
