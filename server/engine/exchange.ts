import type { ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer, HttpHandler, HttpOptions } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { isAccept, type UpgradeAnswer, type WebSocketAccept } from '../../pipeline/web-socket.ts';
import type { Held, HeldAnswers } from './held-answers.ts';
import type { Owner } from './owner.ts';
import type { ReadWatch, Reading } from './read-watch.ts';
import { RequestBody, wholeBody } from './request-body.ts';
import { BAD_FRAMING, type RequestHead } from './request-head.ts';
import { handshakeFault, VERSION_HEADER, WEB_SOCKET_KEY } from './upgrade-request.ts';

/** What the requests of one listener share. */
export interface Shared {
  readonly options: HttpOptions;
  readonly owner: Owner<HttpHandler>;
  readonly watch: ReadWatch;
  readonly held: HeldAnswers;
  readonly closing: boolean;
}

const NOTHING = new Uint8Array(0);

/**
 * One request and its answer, the same for every engine: the head decides, the body is read, the handler has it, one
 * answer is written. The engine says what came (`begin`, `data`, `abort`) and does the reading and writing.
 */
export abstract class Exchange implements Reading, Held {
  progress = false;
  startedAtMs = 0;
  progressAtMs = 0;
  watchBefore: Reading | undefined = undefined;
  watchAfter: Reading | undefined = undefined;
  protected readonly shared: Shared;
  readonly head: RequestHead<unknown>;
  readonly #owner: Owner<HttpHandler>;
  #body: RequestBody | undefined;
  /** The head was let pass, or is being judged, and `request` has not run. */
  #reading = false;
  /** The handler has not said yet what it makes of the head: the body waits. */
  #deciding = false;
  /** The whole body came in while the handler was deciding. */
  #complete = false;
  /** A refusal that waits until the sender may have it. */
  #refusal: { readonly answer: HttpAnswer; readonly close: boolean } | undefined;
  #over = false;
  /** The handler knows that the sender has left. */
  #left = false;

  constructor(shared: Shared, head: RequestHead<unknown>) {
    this.shared = shared;
    this.head = head;
    this.#owner = shared.owner;
  }

  /** Calls `data` with each chunk from now on. `hold`: as few as can be, until `proceed`. */
  protected abstract read(hold: boolean): void;
  /** Reads on after `read(true)`. `wanted` false: only to throw it away, so a sender that asks need not send it. */
  protected abstract proceed(wanted: boolean): void;
  /** `last`: the connection is closed after it, as soon as the sender can have read it. */
  protected abstract write(answer: HttpAnswer, last: boolean): void;
  /** Makes the connection a WebSocket, and opens `accept` with it or abandons it. */
  protected abstract upgrade(key: string, accept: WebSocketAccept): void;

  begin(tooMany: boolean): void {
    const { head, shared } = this;
    this.#owner.underWay.begin();
    const fault = tooMany ? 'TOO_MANY_CONNECTIONS' : this.#faultOf();
    let answer: HttpAnswer | undefined | Promise<HttpAnswer | undefined>;
    try {
      answer = fault === undefined ? this.#owner.handler.head(head) : this.#owner.handler.fault(head, fault);
    } catch {
      answer = this.#owner.handler.fault(head, 'INTERNAL');
    }
    head.takeBack();
    if (answer instanceof Promise) {
      this.#decide(answer);
    } else if (answer !== undefined) {
      this.#refuse(answer, fault !== undefined, false);
    } else if (head.contentLength === 0) {
      this.#request(NOTHING);
    } else {
      this.#reading = true;
      shared.watch.add(this);
      this.read(false);
    }
  }

  /** As `begin`, for a request to upgrade to a WebSocket. A refusal ends the connection. */
  beginUpgrade(tooMany: boolean): void {
    const { head } = this;
    const { handler } = this.#owner;
    this.#owner.underWay.begin();
    const fault = tooMany ? 'TOO_MANY_CONNECTIONS' : (this.#faultOf() ?? handshakeFault(head));
    const key = head.header(WEB_SOCKET_KEY);
    let answer: UpgradeAnswer | Promise<UpgradeAnswer>;
    try {
      if (fault !== undefined) answer = withVersion(handler.fault(head, fault), fault);
      else answer = handler.upgrade?.(head) ?? handler.fault(head, 'NOT_FOUND');
    } catch {
      answer = handler.fault(head, 'INTERNAL');
    }
    head.takeBack();
    if (answer instanceof Promise) {
      answer.then(
        (late) => this.#upgraded(key, late),
        () => this.#upgraded(key, handler.fault(head, 'INTERNAL')),
      );
    } else {
      this.#upgraded(key, answer);
    }
  }

  /** `owned`: nobody else will write to the chunk. */
  data(chunk: Uint8Array, last: boolean, owned: boolean): void {
    if (!this.#reading) return;
    const { maxBodyBytes } = this.shared.options;
    if (last && this.#body === undefined && !this.#deciding) {
      const { contentLength } = this.head;
      if (chunk.length > (contentLength < 0 ? maxBodyBytes : contentLength)) this.#fault('BODY_TOO_LARGE');
      else this.#request(wholeBody(chunk, owned));
      return;
    }
    this.progress = true;
    // What comes in one piece needs no more than its own length, whatever was announced.
    this.#body ??= new RequestBody(last ? chunk.length : this.head.contentLength, maxBodyBytes);
    if (!this.#body.add(chunk, owned)) this.#fault('BODY_TOO_LARGE');
    else if (last && this.#deciding) this.#complete = true;
    else if (last) this.#request(this.#body.take());
  }

  /** The connection is gone. Harmless after the answer. */
  abort(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#reading && !this.#deciding) this.#owner.handler.gone?.(this.head);
    else this.leave();
    this.#endReading();
    this.shared.held.delete(this);
    this.#owner.underWay.end();
  }

  /** The sender sends no more, and most likely reads no more: the answer is written all the same when there is one. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#owner.handler.left?.(this.head);
  }

  /** The refusal has waited long enough. */
  letGo(): void {
    const { answer, close } = this.#refusal!;
    if (this.head.contentLength !== 0) this.proceed(false);
    this.#answer(answer, close);
  }

  expire(): void {
    this.#fault('REQUEST_TIMEOUT');
  }

  #upgraded(key: string, answer: UpgradeAnswer): void {
    if (!isAccept(answer)) {
      this.#answer(answer, true);
    } else if (this.#over) {
      answer.abandon();
    } else if (this.shared.closing) {
      answer.abandon();
      this.#answer(this.#owner.handler.fault(this.head, 'SHUTTING_DOWN'), true);
    } else {
      this.#over = true;
      this.upgrade(key, answer);
      this.#owner.underWay.end();
    }
  }

  #decide(deciding: Promise<HttpAnswer | undefined>): void {
    const { head, shared } = this;
    this.#reading = true;
    this.#deciding = true;
    this.#complete = head.contentLength === 0;
    shared.watch.add(this);
    if (!this.#complete) this.read(true);
    deciding.then(
      (answer) => this.#decided(answer),
      () => this.#decided(this.#owner.handler.fault(head, 'INTERNAL')),
    );
  }

  #decided(answer: HttpAnswer | undefined): void {
    this.#deciding = false;
    // The sender left, or a fault was answered: the handler was told, before it had decided.
    if (!this.#reading) {
      if (answer === undefined) this.#owner.handler.gone?.(this.head);
    } else if (answer !== undefined) {
      this.#endReading();
      this.#refuse(answer, false, true);
    } else {
      if (this.head.contentLength !== 0) this.proceed(true);
      if (this.#complete) this.#request(this.#body?.take() ?? NOTHING);
    }
  }

  /** A sender that has little left to send may send it and keep its connection. `isRead`: `read` was called. */
  #refuse(answer: HttpAnswer, fault: boolean, isRead: boolean): void {
    const { contentLength } = this.head;
    const close = fault || contentLength < 0 || contentLength > LIMITS.drainedBytes;
    if (answer.holdMs !== undefined && !this.shared.closing && this.shared.held.add(this, answer.holdMs)) {
      if (!isRead && contentLength !== 0) this.read(true);
      this.#refusal = { answer, close };
      return;
    }
    if (isRead && contentLength !== 0) this.proceed(false);
    this.#answer(answer, close);
  }

  #faultOf(): ErrorCode | undefined {
    if (this.shared.closing) return 'SHUTTING_DOWN';
    if (this.head.contentLength === BAD_FRAMING) return 'MALFORMED';
    return this.head.contentLength > this.shared.options.maxBodyBytes ? 'BODY_TOO_LARGE' : undefined;
  }

  #request(body: Uint8Array): void {
    this.#endReading();
    const { handler } = this.#owner;
    try {
      const answer = handler.request(this.head, body);
      if (answer instanceof Promise) {
        answer.then(
          (late) => this.#answer(late, false),
          () => this.#answer(handler.fault(this.head, 'INTERNAL'), true),
        );
      } else {
        this.#answer(answer, false);
      }
    } catch {
      this.#answer(handler.fault(this.head, 'INTERNAL'), true);
    }
  }

  #fault(code: ErrorCode): void {
    const { handler } = this.#owner;
    const answer = handler.fault(this.head, code);
    if (!this.#deciding) handler.gone?.(this.head);
    this.#endReading();
    this.#answer(answer, true);
  }

  #endReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#body = undefined;
    this.shared.watch.delete(this);
  }

  #answer(answer: HttpAnswer, close: boolean): void {
    if (this.#over) return; // the sender left; what came in stays in
    this.#over = true;
    this.write(answer, close || this.shared.closing || this.shared.options.keepAliveTimeoutMs === 0);
    this.#owner.underWay.end();
  }
}

/** RFC 6455 4.4: who speaks another version is told ours. */
function withVersion(answer: HttpAnswer, fault: ErrorCode): HttpAnswer {
  return fault === 'UPGRADE_REQUIRED' ? { ...answer, headers: { ...answer.headers, ...VERSION_HEADER } } : answer;
}
