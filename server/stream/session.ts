import type { Audit } from '../../pipeline/audit.ts';
import { isRefused, type AuthResult, type Permission, type Principal } from '../../pipeline/auth.ts';
import type { ErrorCode } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { StreamFault, StreamViewer } from '../../pipeline/live.ts';
import type { ServerSocket, WebSocketHandler } from '../../pipeline/web-socket.ts';
import type { Channel, Subscriber } from './channel.ts';
import { readRequest, type Request } from './messages.ts';
import { Outbox, type Recipient } from './outbox.ts';
import {
  STREAM_CLOSES,
  STREAM_PROTOCOL,
  type ServerMessage,
  type StreamClose,
  type StreamCompression,
  type StreamTopic,
} from './protocol.ts';

/** What a session asks of the stream it is part of. */
export interface SessionHost {
  readonly audit: Audit;
  now(): number;
  /** 0, or how long the client must wait before its next message. */
  takeMessage(client: string, scope: string): number;
  messagesPerMinute(scope: string): number;
  /** The channel of a topic with these options, made when there is none. */
  channel(
    topic: StreamTopic,
    viewer: StreamViewer,
    permissions: ReadonlySet<Permission>,
    options: Readonly<Record<string, unknown>>,
  ): { readonly ok: true; readonly channel: Channel; readonly conflates: boolean } | StreamFault;
  /** Who a token is from. Never rejects. */
  authenticate(token: string, remoteAddress: string): AuthResult | Promise<AuthResult>;
  /** Has what `principal` showed been revoked, or has who may do what been changed? */
  standing(session: Session): 'good' | 'revoked' | 'changed';
  ended(session: Session): void;
}

export interface SessionStart {
  readonly principal: Principal;
  readonly scope: string;
  readonly remoteAddress: string;
  /** What its browser's cookie holds, where that was shown; else ''. */
  readonly session: string;
  /** Who vouched for the principal: another one means that the configuration has changed. */
  readonly authority: object | undefined;
}

const encoder = new TextEncoder();
/** What is asked for when somebody subscribes, and not again. */
const CHECKED: readonly Permission[] = ['admin', 'query'];

/** One connection of the live stream, bound to one scope for good. */
export class Session implements WebSocketHandler {
  readonly scope: string;
  readonly authority: object | undefined;
  readonly session: string;
  readonly #host: SessionHost;
  readonly #socket: ServerSocket;
  readonly #outbox: Outbox;
  readonly #remoteAddress: string;
  readonly #subscriptions = new Map<string, Subscription>();
  #principal: Principal;
  #isAdmin: boolean;
  #heardMs: number;
  /** 0 = no ping waits for its answer. */
  #pingedMs = 0;
  /** Since when nothing is subscribed to. */
  #emptyMs: number;
  #messagedMs: number;
  #refusedMessages = 0;
  #isRefreshing = false;
  #isTold = false;
  #over = false;

  constructor(host: SessionHost, socket: ServerSocket, start: SessionStart) {
    this.#host = host;
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.scope = start.scope;
    this.authority = start.authority;
    this.session = start.session;
    this.#remoteAddress = start.remoteAddress;
    this.#principal = start.principal;
    this.#isAdmin = start.principal.permissions.has('admin');
    this.#heardMs = host.now();
    this.#emptyMs = this.#heardMs;
    this.#messagedMs = this.#heardMs;
    this.#welcome();
  }

  get principal(): Principal {
    return this.#principal;
  }
  get subscriptions(): number {
    return this.#subscriptions.size;
  }
  get sentMessages(): number {
    return this.#outbox.sent;
  }
  get droppedMessages(): number {
    return this.#outbox.dropped;
  }

  message(bytes: Uint8Array, isBinary: boolean): void {
    if (this.#over) return;
    this.#heard();
    this.#messagedMs = this.#heardMs;
    if (isBinary) {
      this.close('UNSUPPORTED');
      return;
    }
    const waitMs = this.#host.takeMessage(this.#client, this.scope);
    if (waitMs > 0) {
      this.#refuseMessage(waitMs);
      return;
    }
    this.#refusedMessages = 0;
    this.#answer(readRequest(bytes, this.scope));
  }

  pong(): void {
    this.#heard();
  }

  drained(): void {
    if (!this.#over) this.#outbox.flush();
  }

  closed(): void {
    this.#end();
  }

  /** Ends the connection, and says why. What the client does not get is told in gaps. */
  close(why: StreamClose, words?: string): void {
    if (this.#over) return;
    this.#outbox.abandon();
    this.#end();
    const { code, help } = STREAM_CLOSES[why];
    this.#socket.close(code, words ?? help);
  }

  /** Once a second. */
  tick(): void {
    const nowMs = this.#host.now();
    this.#outbox.flush();
    const { slowSinceMs } = this.#outbox;
    const standing = this.#host.standing(this);
    if (standing !== 'good') this.close(standing === 'revoked' ? 'TOKEN_EXPIRED' : 'SHUTTING_DOWN');
    else if (this.#outbox.isOverfull || (slowSinceMs > 0 && nowMs - slowSinceMs >= LIMITS.streamSlowMs)) this.close('SLOW');
    else if (this.#isSilent(nowMs)) this.close('IDLE');
    else this.#watchToken(nowMs);
  }

  /** For a subscription. */
  send(bytes: Uint8Array, isBinary: boolean): void {
    if (!this.#over) this.#outbox.send(bytes, isBinary, this.#host.now());
  }

  deliver(recipient: Recipient, seq: number, bytes: Uint8Array): void {
    if (!this.#over) this.#outbox.deliver(recipient, seq, bytes, this.#host.now());
  }

  drop(subscription: Subscription, fault: StreamFault): void {
    if (this.#over || this.#subscriptions.get(subscription.id) !== subscription) return;
    this.#forget(subscription);
    this.#say(errorOf(fault, subscription.id));
  }

  get #client(): string {
    return `${this.#principal.method} ${this.#principal.subject}`;
  }

  #heard(): void {
    this.#heardMs = this.#host.now();
    this.#pingedMs = 0;
  }

  #isSilent(nowMs: number): boolean {
    // That a client answers pings is no sign that somebody is there.
    const idleSinceMs = Math.max(this.#emptyMs, this.#messagedMs);
    if (this.#subscriptions.size === 0 && nowMs - idleSinceMs >= LIMITS.streamEmptyMs) return true;
    // Who reads slowly has not seen the ping yet, and has a time of its own.
    if (this.#pingedMs > 0 && this.#outbox.slowSinceMs > 0) this.#pingedMs = nowMs;
    if (this.#pingedMs > 0) return nowMs - this.#pingedMs >= LIMITS.streamPongMs;
    if (nowMs - this.#heardMs >= LIMITS.streamPingMs) {
      this.#pingedMs = nowMs;
      this.#socket.ping();
    }
    return false;
  }

  #watchToken(nowMs: number): void {
    const { expiresMs } = this.#principal;
    if (expiresMs === undefined) return;
    const leftMs = expiresMs - nowMs;
    if (leftMs <= 0) {
      this.close('TOKEN_EXPIRED');
    } else if (leftMs <= LIMITS.streamTokenNoticeMs && !this.#isTold) {
      this.#isTold = true;
      this.#say({ type: 'token_expiring', in_ms: leftMs });
    }
  }

  #welcome(): void {
    const { scopes } = this.#principal;
    this.#say({
      type: 'welcome',
      protocol: STREAM_PROTOCOL,
      scope: this.scope,
      scopes,
      expires: expiryOf(this.#principal),
      limits: { messages_per_minute: this.#host.messagesPerMinute(this.scope), subscriptions: LIMITS.streamSubscriptions },
    });
  }

  #refuseMessage(waitMs: number): void {
    this.#refusedMessages += 1;
    if (this.#refusedMessages > LIMITS.streamRefusedMessages) {
      this.close('RATE_LIMITED', `too many messages: wait ${Math.ceil(waitMs / 1000)} s`);
      return;
    }
    const message = `cannot take the message: there may be ${this.#host.messagesPerMinute(this.scope)} a minute`;
    this.#say({ type: 'error', code: 'RATE_LIMITED', message, retry_after_ms: waitMs });
  }

  #answer(request: Request): void {
    switch (request.kind) {
      case 'subscribe':
        this.#subscribe(request);
        return;
      case 'unsubscribe':
        this.#unsubscribe(request.id);
        return;
      case 'refresh':
        void this.#refresh(request.token);
        return;
      case 'ping':
        this.#say({ type: 'pong' });
        return;
      case 'violation':
        this.#violate();
        return;
      default:
        this.#refuse('STREAM_INVALID', request.message, request.id);
    }
  }

  #subscribe({ topic, id, compress, options }: Request & { kind: 'subscribe' }): void {
    const before = this.#subscriptions.get(id);
    if (before === undefined && this.#subscriptions.size >= LIMITS.streamSubscriptions) {
      this.#refuse('RATE_LIMITED', `cannot subscribe: there may be ${LIMITS.streamSubscriptions} subscriptions`, id);
      return;
    }
    const viewer = { scope: this.scope, admin: this.#isAdmin };
    const found = this.#host.channel(topic, viewer, this.#principal.permissions, options);
    // Whatever was subscribed to under that id has ended, as the client no longer expects it.
    if (before !== undefined) this.#forget(before);
    if (!found.ok) {
      this.#say(errorOf(found, id));
      return;
    }
    const subscription = new Subscription(this, found.channel, { id, compress, conflates: found.conflates });
    this.#subscriptions.set(id, subscription);
    found.channel.join(subscription);
  }

  #unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) {
      this.#refuse('NOT_FOUND', 'cannot unsubscribe: there is no such subscription', id);
      return;
    }
    this.#forget(subscription);
    this.#say({ type: 'unsubscribed', id });
  }

  #forget(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.id);
    subscription.channel.leave(subscription);
    this.#outbox.forget(subscription);
    if (this.#subscriptions.size === 0) this.#emptyMs = this.#host.now();
  }

  /** Another token for the same person, who sees no more by it than before. */
  async #refresh(token: string): Promise<void> {
    if (this.#isRefreshing) {
      this.#refuse('RATE_LIMITED', 'cannot take the token: another one is being checked');
      return;
    }
    this.#isRefreshing = true;
    const result = await this.#host.authenticate(token, this.#remoteAddress);
    this.#isRefreshing = false;
    if (this.#over) return;
    if (isRefused(result)) {
      this.#say(errorOf(result));
      return;
    }
    const before = this.#principal;
    const isSame = result.subject === before.subject && result.method === before.method;
    if (!isSame || !result.permissions.has('stream') || !result.scopes.includes(this.scope)) {
      this.#noteRefresh(result);
      this.#refuse('PERMISSION_DENIED', 'cannot take the token: it is not for the same subject, scope and permission');
      return;
    }
    // Who may do less gets nothing of what they saw as who they were; who has become admin still sees what they saw.
    if (CHECKED.some((each) => before.permissions.has(each) && !result.permissions.has(each))) {
      this.close('SHUTTING_DOWN', 'the new token may do less: come again with it');
      return;
    }
    this.#principal = result;
    this.#isTold = false;
    this.#say({ type: 'refreshed', expires: expiryOf(result) });
  }

  #noteRefresh({ subject }: Principal): void {
    const { audit } = this.#host;
    const event = { type: 'AUTH', severity: 'WARN', action: 'refresh_refused', result: 'FAILURE', scope: this.scope } as const;
    if (audit.active) void audit.record({ ...event, user: subject, client: this.#remoteAddress });
  }

  #violate(): void {
    const { audit } = this.#host;
    const event = { type: 'SCOPE_VIOLATION', severity: 'CRITICAL', action: 'scope_forbidden', result: 'FAILURE' } as const;
    if (audit.active)
      void audit.record({ ...event, scope: this.scope, user: this.#principal.subject, client: this.#remoteAddress });
    this.#refuse('SCOPE_FORBIDDEN', 'cannot take the message: it names another scope than that of the connection');
    this.close('SCOPE_VIOLATION');
  }

  #refuse(code: ErrorCode, message: string, id?: string): void {
    this.#say(errorOf({ code, message }, id));
  }

  #say(message: ServerMessage): void {
    this.#outbox.send(encoder.encode(JSON.stringify(message)), false, this.#host.now());
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const subscription of this.#subscriptions.values()) subscription.channel.leave(subscription);
    this.#subscriptions.clear();
    this.#host.ended(this);
  }
}

class Subscription implements Subscriber, Recipient {
  readonly id: string;
  readonly compress: StreamCompression | undefined;
  readonly conflates: boolean;
  readonly channel: Channel;
  readonly #session: Session;

  constructor(
    session: Session,
    channel: Channel,
    given: { readonly id: string; readonly compress: StreamCompression | undefined; readonly conflates: boolean },
  ) {
    this.#session = session;
    this.channel = channel;
    this.id = given.id;
    this.compress = given.compress;
    this.conflates = given.conflates;
  }

  snapshot(bytes: Uint8Array, isBinary: boolean): void {
    this.#session.send(bytes, isBinary);
  }

  delta(seq: number, bytes: Uint8Array): void {
    this.#session.deliver(this, seq, bytes);
  }

  failed(fault: StreamFault): void {
    this.#session.drop(this, fault);
  }

  catchUp(): void {
    this.channel.join(this);
  }
}

const expiryOf = ({ expiresMs }: Principal): string | null =>
  expiresMs === undefined ? null : new Date(expiresMs).toISOString();

const errorOf = (fault: Omit<StreamFault, 'ok'>, id?: string): ServerMessage => ({
  type: 'error',
  ...(id !== undefined && { id }),
  code: fault.code,
  message: fault.message,
  ...(fault.retryAfterMs !== undefined && { retry_after_ms: fault.retryAfterMs }),
});
