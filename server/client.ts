import {
  BEARER_PROTOCOL_PREFIX,
  STREAM_CLOSES,
  STREAM_PROTOCOL,
  type DataOf,
  type Delta,
  type Gap,
  type OptionsOf,
  type ServerMessage,
  type Snapshot,
  type StreamError,
  type StreamTopic,
  type Welcome,
} from './stream/protocol.ts';

/** The part of a WebSocket that browsers, Node ≥ 22 and `ws` have in common. */
interface Socket {
  binaryType: string;
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number): void;
}
type SocketClass = new (url: string, protocols: string[]) => Socket;

interface Inflate {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}
const world = globalThis as unknown as {
  readonly WebSocket?: SocketClass;
  readonly DecompressionStream: new (format: 'deflate') => Inflate;
};

export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly welcome: Welcome }
  /** Comes again by itself. */
  | { readonly kind: 'waiting'; readonly forMs: number; readonly why: string }
  /** For good: by `close`, or because coming again with the same token would change nothing. */
  | { readonly kind: 'ended'; readonly why: string };

export interface StreamClientOptions {
  /** `ws://`, `wss://`, `http://` or `https://`, with path: `http://localhost:3004/ws`. */
  readonly url: string;
  /** One of the token's, which must be named when it has several. */
  readonly scope?: string;
  /** A token, or who gets one: asked before each connection, and when the one before is about to end. Absent in a browser
   *  that has the dashboard's cookie. */
  readonly token?: string | (() => string | Promise<string>);
  onState?(state: StreamState): void;
  /** 0 to 1: how long to wait before coming again, so that not all clients do at once. */
  readonly random?: () => number;
}

export interface StreamHandlers<Data> {
  /** The state; again after each gap of what is only a state, and each time the connection was lost. */
  snapshot(message: Snapshot<Data>): void;
  delta(message: Delta<Data>): void;
  /** So many deltas are not coming. */
  gap?(message: Gap): void;
  /** The subscription could not be made, or has ended. It is made again with the next connection. */
  error?(message: StreamError): void;
}

export interface StreamSubscription {
  /** Safe twice. */
  unsubscribe(): void;
}

interface Standing {
  readonly id: string;
  readonly topic: StreamTopic;
  readonly options: object;
  readonly handlers: StreamHandlers<object>;
}

const OPEN = 1;
const GOODBYE = 1000;
const WAIT_MS = 500;
const WAIT_MS_MAX = 30_000;
/** A connection that was good for so long was good: waits begin anew. */
const SETTLED_MS = 10_000;
/** What is silent for so long is asked whether it is there, and has so long to answer. */
const SILENT_MS = 30_000;
const ANSWER_MS = 10_000;

const closeEntry = (code: number) => Object.values(STREAM_CLOSES).find((entry) => entry.code === code);

/**
 * A client of the live stream, for browsers and Node: comes again when the connection is lost, with what was subscribed
 * to, and knows when that makes no sense.
 */
export class StreamClient {
  readonly #options: StreamClientOptions;
  readonly #standing = new Map<string, Standing>();
  #state: StreamState = { kind: 'ended', why: 'not connected' };
  #socket: Socket | undefined;
  /** Rises with each connection: what an earlier one still says is not heard. */
  #attempt = 0;
  #failures = 0;
  #openedMs = 0;
  #nextId = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** Of an error before a close. */
  #retryAfterMs = 0;
  #lastError = '';
  /** What came in is told in order, also where some of it must be unpacked first. */
  #unpacking: Promise<void> | undefined;
  /** The newest token was refused. */
  #isRefused = false;

  constructor(options: StreamClientOptions) {
    this.#options = options;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Connects unless it is connected, or about to be. */
  connect(): this {
    if (this.#state.kind !== 'ended') return this;
    this.#isRefused = false;
    this.#failures = 0;
    void this.#open();
    return this;
  }

  /** For good, until `connect`. Subscriptions stay. */
  close(): void {
    this.#end('closed');
  }

  subscribe<Topic extends StreamTopic>(
    topic: Topic,
    options: OptionsOf[Topic],
    handlers: StreamHandlers<DataOf[Topic]>,
  ): StreamSubscription {
    const id = `${topic}-${this.#nextId}`;
    this.#nextId += 1;
    const standing: Standing = { id, topic, options, handlers: handlers as unknown as StreamHandlers<object> };
    this.#standing.set(id, standing);
    if (this.#state.kind === 'open') this.#ask(standing);
    return {
      unsubscribe: () => {
        if (this.#standing.delete(id)) this.#send({ unsubscribe: id });
      },
    };
  }

  async #open(): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.#become({ kind: 'connecting' });
    try {
      const [token, Class] = await Promise.all([this.#token(), socketClass()]);
      if (attempt !== this.#attempt) return;
      const protocols = token === undefined ? [STREAM_PROTOCOL] : [STREAM_PROTOCOL, BEARER_PROTOCOL_PREFIX + base64url(token)];
      this.#listen(new Class(this.#url(), protocols), attempt);
    } catch (error) {
      if (attempt === this.#attempt) this.#again(error instanceof Error ? error.message : String(error));
    }
  }

  #listen(socket: Socket, attempt: number): void {
    const isCurrent = (): boolean => attempt === this.#attempt;
    this.#socket = socket;
    this.#retryAfterMs = 0;
    this.#lastError = '';
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      if (isCurrent()) this.#received(data, isCurrent);
    };
    socket.onerror = () => {}; // its close follows
    socket.onclose = ({ code, reason }) => {
      // What came before it is told before it.
      if (isCurrent()) this.#inOrder(() => isCurrent() && this.#lost(code, reason));
    };
    this.#watchSilence();
  }

  #received(data: unknown, isCurrent: () => boolean): void {
    this.#watchSilence();
    if (typeof data === 'string') {
      this.#inOrder(() => isCurrent() && this.#heard(JSON.parse(data) as ServerMessage));
      return;
    }
    const before = this.#unpacking ?? Promise.resolve();
    const unpacked = inflated(data as ArrayBuffer);
    const unpacking = before
      .then(() => unpacked)
      .then((text) => isCurrent() && this.#heard(JSON.parse(text) as ServerMessage))
      .catch(() => isCurrent() && this.#reset('what came cannot be unpacked'))
      .then(() => {
        if (this.#unpacking === unpacking) this.#unpacking = undefined;
      });
    this.#unpacking = unpacking;
  }

  #inOrder(tell: () => void): void {
    if (this.#unpacking === undefined) tell();
    else this.#unpacking = this.#unpacking.then(tell);
  }

  #heard(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#openedMs = Date.now();
        this.#become({ kind: 'open', welcome: message });
        for (const standing of this.#standing.values()) this.#ask(standing);
        return;
      case 'snapshot':
        this.#standing.get(message.id)?.handlers.snapshot(message as Snapshot<object>);
        return;
      case 'delta':
        this.#standing.get(message.id)?.handlers.delta(message as Delta<object>);
        return;
      case 'gap':
        this.#standing.get(message.id)?.handlers.gap?.(message);
        return;
      case 'error':
        this.#erred(message);
        return;
      case 'token_expiring':
        void this.#refresh();
        return;
      default:
    }
  }

  #erred(message: StreamError): void {
    this.#lastError = message.message;
    this.#retryAfterMs = message.retry_after_ms ?? 0;
    if (message.id !== undefined) this.#standing.get(message.id)?.handlers.error?.(message);
  }

  /** A token that nobody renews ends the connection, which is then made anew. */
  async #refresh(): Promise<void> {
    if (typeof this.#options.token !== 'function') return;
    const attempt = this.#attempt;
    try {
      const token = await this.#options.token();
      if (attempt === this.#attempt) this.#send({ refresh: token });
    } catch {
      // It is asked for again when the connection has ended.
    }
  }

  #lost(code: number, reason: string): void {
    this.#socket = undefined;
    clearTimeout(this.#silence);
    const wasOpen = this.#state.kind === 'open';
    const known = closeEntry(code);
    const why = this.#lastError || reason || known?.help || `the connection was lost (${code})`;
    if (wasOpen && Date.now() - this.#openedMs >= SETTLED_MS) this.#failures = 0;
    if (wasOpen) this.#isRefused = false;
    if (known === undefined || known.reconnects) {
      this.#again(why);
    } else if (code === STREAM_CLOSES.TOKEN_EXPIRED.code && typeof this.#options.token === 'function' && !this.#isRefused) {
      // Another token may do; one that is refused at once will not.
      this.#isRefused = true;
      this.#again(why);
    } else {
      this.#end(why);
    }
  }

  #again(why: string): void {
    const random = (this.#options.random ?? Math.random)();
    const most = Math.min(WAIT_MS_MAX, WAIT_MS * 2 ** this.#failures);
    const forMs = Math.max(this.#retryAfterMs, Math.round(most / 2 + (random * most) / 2));
    this.#failures += 1;
    this.#become({ kind: 'waiting', forMs, why });
    this.#timer = setTimeout(() => void this.#open(), forMs);
  }

  #end(why: string): void {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#unpacking = undefined;
    socket?.close(GOODBYE);
    if (this.#state.kind !== 'ended') this.#become({ kind: 'ended', why });
  }

  /** The connection is of no use: another one is made. */
  #reset(why: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#attempt += 1;
    this.#socket = undefined;
    this.#unpacking = undefined;
    clearTimeout(this.#silence);
    socket.close();
    this.#again(why);
  }

  #watchSilence(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#send({ ping: 1 });
      this.#silence = setTimeout(() => this.#reset('the collector does not answer'), ANSWER_MS);
    }, SILENT_MS);
  }

  #ask({ id, topic, options }: Standing): void {
    this.#send({ ...options, subscribe: topic, id, compress: 'deflate' });
  }

  #send(message: object): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  #become(state: StreamState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  async #token(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === 'function' ? token() : token;
  }

  #url(): string {
    const url = new URL(this.#options.url.replace(/^http/, 'ws'));
    if (this.#options.scope !== undefined) url.searchParams.set('scope', this.#options.scope);
    // A refused upgrade says nothing to a page: to be let in, told and closed says why.
    url.searchParams.set('refusals', 'close');
    return url.href;
  }
}

async function socketClass(): Promise<SocketClass> {
  if (world.WebSocket !== undefined) return world.WebSocket;
  // In a variable, so that a bundler for browsers leaves it alone.
  const name = 'ws';
  const { WebSocket } = (await import(/* @vite-ignore */ name)) as { readonly WebSocket: SocketClass };
  return WebSocket;
}

async function inflated(bytes: ArrayBuffer): Promise<string> {
  const { readable, writable } = new world.DecompressionStream('deflate');
  const writer = writable.getWriter();
  const written = writer.write(new Uint8Array(bytes)).then(() => writer.close());
  const [text] = await Promise.all([new Response(readable).text(), written]);
  return text;
}

/** Tokens are ASCII. */
const base64url = (text: string): string => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
