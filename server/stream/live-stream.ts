import type { AuditTrail } from '../../pipeline/audit.ts';
import type { AuthMethod, AuthResult, Credentials, Permission, Principal } from '../../pipeline/auth.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Clock } from '../../pipeline/clock.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import {
  isStreamFault,
  type Live,
  type LiveStats,
  type StreamFault,
  type StreamSource,
  type StreamViewer,
} from '../../pipeline/live.ts';
import type { ScopeMatrix } from '../../pipeline/scope/matrix.ts';
import type { ServerSocket, WebSocketHandler } from '../../pipeline/web-socket.ts';
import { Channel } from './channel.ts';
import { ConnectionCounts, limitsOf, type StreamLimits } from './connection-limits.ts';
import { MessageLimits } from './message-limits.ts';
import type { StreamClose, StreamTopic } from './protocol.ts';
import { Session, type SessionHost, type SessionStart } from './session.ts';
import type { Watches } from './watch.ts';

/** What the stream asks of its host, anew each time: a configuration may change under it. */
export interface StreamParts {
  readonly clock: Clock;
  readonly audit: AuditTrail;
  matrix(): ScopeMatrix;
  /** Never rejects. */
  authenticate(methods: readonly AuthMethod[], credentials: Credentials): AuthResult | Promise<AuthResult>;
  /** Would what `principal` has shown be taken today? `session`: where that was a browser's cookie, else ''. */
  stillTaken(principal: Principal, session: string): boolean;
  /** Whose word counts on who somebody is. */
  authority(): object | undefined;
}

/** The live stream of a process: its connections, what they are subscribed to, and the sources that feed it. */
export class LiveStream implements Live, SessionHost {
  readonly #parts: StreamParts;
  readonly #sources = new Map<string, StreamSource>();
  readonly #channels = new Map<string, { readonly source: StreamSource; readonly channel: Channel }>();
  readonly #sessions = new Set<Session>();
  readonly #places = new Map<Session, () => void>();
  readonly #connections = new ConnectionCounts();
  readonly #messages = new MessageLimits();
  readonly #watches: Watches;
  #isTicking = false;
  /** Of sessions that have ended. */
  #sent = 0;
  #dropped = 0;

  constructor(parts: StreamParts, watches: Watches) {
    this.#parts = parts;
    this.#watches = watches;
  }

  get audit(): AuditTrail {
    return this.#parts.audit;
  }

  now(): number {
    return this.#parts.clock.now();
  }

  publish(batch: ScopedBatch): void {
    this.#watches.publish(batch);
  }

  register(source: StreamSource): () => void {
    this.#unregister(source.topic);
    this.#sources.set(source.topic, source);
    return () => {
      if (this.#sources.get(source.topic) === source) this.#unregister(source.topic);
    };
  }

  stats(): LiveStats {
    let [subscriptions, messages, droppedMessages] = [0, this.#sent, this.#dropped];
    for (const session of this.#sessions) {
      subscriptions += session.subscriptions;
      messages += session.sentMessages;
      droppedMessages += session.droppedMessages;
    }
    const { watchedItems, skippedItems } = this.#watches;
    return { connections: this.#sessions.size, subscriptions, watchedItems, skippedItems, messages, droppedMessages };
  }

  /** A place for one more connection of the scope, and the way to give it back; undefined when there is none. */
  takePlace(scope: string): (() => void) | undefined {
    return this.#connections.take(scope, this.limits(scope).connections);
  }

  limits(scope: string): StreamLimits {
    return limitsOf(scope, this.#parts.matrix());
  }

  open(socket: ServerSocket, start: Omit<SessionStart, 'authority'>, leave: () => void): WebSocketHandler {
    const session = new Session(this, socket, { ...start, authority: this.#parts.authority() });
    this.#sessions.add(session);
    this.#places.set(session, leave);
    this.#tickLater();
    return session;
  }

  /** Ends all connections. */
  close(why: StreamClose): void {
    for (const session of this.#sessions) session.close(why);
  }

  ended(session: Session): void {
    this.#sessions.delete(session);
    this.#sent += session.sentMessages;
    this.#dropped += session.droppedMessages;
    this.#places.get(session)?.();
    this.#places.delete(session);
  }

  takeMessage(client: string, scope: string): number {
    return this.#messages.take(client, this.messagesPerMinute(scope), this.now());
  }

  messagesPerMinute(scope: string): number {
    return this.limits(scope).messagesPerMinute;
  }

  authenticate(token: string, remoteAddress: string): AuthResult | Promise<AuthResult> {
    return this.#parts.authenticate(['token'], { remoteAddress, authorization: `Bearer ${token}` });
  }

  standing({ authority, principal, scope, session }: Session): 'good' | 'revoked' | 'changed' {
    if (authority !== this.#parts.authority() || this.limits(scope).connections === 0) return 'changed';
    return this.#parts.stillTaken(principal, session) ? 'good' : 'revoked';
  }

  channel(
    topic: StreamTopic,
    viewer: StreamViewer,
    permissions: ReadonlySet<Permission>,
    given: Readonly<Record<string, unknown>>,
  ): { readonly ok: true; readonly channel: Channel; readonly conflates: boolean } | StreamFault {
    const source = this.#sources.get(topic);
    if (source === undefined) return fault('UNIMPLEMENTED', `cannot subscribe to ${topic}: nothing here gives it, or not yet`);
    if (source.permission !== undefined && !permissions.has(source.permission))
      return fault('PERMISSION_DENIED', `cannot subscribe to ${topic}: the token lacks the permission ${source.permission}`);
    const judged = source.options(given);
    if (!judged.ok) return judged;
    const key = JSON.stringify([topic, viewer.scope, viewer.admin, judged.options]);
    const open = this.#channels.get(key);
    if (open !== undefined) return { ok: true, channel: open.channel, conflates: source.conflates };
    const made: { channel?: Channel } = {};
    const feed = source.open(viewer, judged.options, {
      fail: (why) => made.channel?.fail(why),
      changed: () => setImmediate(() => made.channel?.tick()),
    });
    if (isStreamFault(feed)) return feed;
    const channel = new Channel(feed, () => this.#channels.delete(key));
    made.channel = channel;
    this.#channels.set(key, { source, channel });
    return { ok: true, channel, conflates: source.conflates };
  }

  /** As long as somebody is there. */
  #tickLater(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#parts.clock.after(LIMITS.streamTickMs, () => this.#tick());
  }

  #tick(): void {
    this.#isTicking = false;
    if (this.#sessions.size === 0) return;
    this.#tickLater();
    this.#watches.tick();
    if (this.#channels.size > 0) for (const source of this.#sources.values()) source.tick?.();
    for (const { channel } of this.#channels.values()) channel.tick();
    for (const session of this.#sessions) session.tick();
  }

  #unregister(topic: string): void {
    const source = this.#sources.get(topic);
    if (source === undefined) return;
    this.#sources.delete(topic);
    const gone = fault('UNAVAILABLE', `cannot go on with ${topic}: the collector gives it no more`);
    for (const each of this.#channels.values()) if (each.source === source) each.channel.fail(gone);
  }
}

const fault = (code: StreamFault['code'], message: string): StreamFault => ({ ok: false, code, message });
