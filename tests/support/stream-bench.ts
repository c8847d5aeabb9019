import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';
import { AuditTrail, type AuditEvent } from '../../pipeline/audit.ts';
import { authSchema } from '../../pipeline/auth.ts';
import type { HttpListener } from '../../pipeline/host.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { overrideMatrix, SCOPE_MATRIX, scopeNames, type ScopeOverride } from '../../pipeline/scope/matrix.ts';
import { Authenticator } from '../../server/auth/authenticator.ts';
import type { EngineName } from '../../server/engine/engine.ts';
import { openHttp } from '../../server/engine/index.ts';
import { StreamDoor, type DoorOptions } from '../../server/stream/door.ts';
import type { LiveStream } from '../../server/stream/live-stream.ts';
import { openStream } from '../../server/stream/open.ts';
import { STREAM_PATH, STREAM_PROTOCOL, type ServerMessage } from '../../server/stream/protocol.ts';
import { HTTP_OPTIONS, Recorder } from './http-bench.ts';
import { ManualClock } from './manual-clock.ts';
import { temporaryFolders } from './temporary.ts';
import { SECRET, tokenOf } from './tokens.ts';

export interface StreamSettings {
  readonly engine?: EngineName;
  readonly scopes?: Readonly<Record<string, ScopeOverride>>;
  readonly door?: Partial<DoorOptions>;
}

/** Messages of a client, as it reads them. */
export type Message = ServerMessage & Readonly<Record<string, unknown>>;

/** A client that keeps what it is told. */
export class TestClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly binary: Buffer[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** How it was closed, once it was. */
  ending: { readonly code: number; readonly reason: string } | undefined;
  #taken = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.binary.push(data);
      else this.messages.push(JSON.parse(data.toString()) as Message);
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => {
        this.ending = { code, reason: reason.toString() };
        resolve(this.ending);
      }),
    );
  }

  send(message: unknown): this {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    return this;
  }

  /** The next message that was not taken yet. */
  async next(): Promise<Message> {
    while (this.messages.length <= this.#taken) {
      if (this.ending !== undefined) throw new Error(`the connection is closed: ${this.ending.code} ${this.ending.reason}`);
      await sleep(2);
    }
    this.#taken += 1;
    return this.messages[this.#taken - 1]!;
  }

  /** The next message of that type, the ones before it thrown away. */
  async nextOf(type: Message['type']): Promise<Message> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }

  /** Resolves when the server has read all that was sent: it answers in order. */
  async settled(): Promise<void> {
    this.send({ ping: 1 });
    await this.nextOf('pong');
  }
}

export interface Started {
  readonly stream: LiveStream;
  readonly clock: ManualClock;
  readonly audit: AuditTrail;
  readonly events: AuditEvent[];
  readonly url: string;
  readonly listener: HttpListener;
  readonly authenticator: Authenticator;
  readonly storage: string;
  ledger: LedgerSnapshot;
  token(scopes: readonly string[], more?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A client whose upgrade went well, or rejects with the status of the refusal. */
  open(token: string, path?: string, options?: ConnectOptions): Promise<TestClient>;
  /** One that was told `welcome`. */
  connect(scope: string, more?: Readonly<Record<string, unknown>>): Promise<TestClient>;
  /** A second passes: everybody gets their deltas. */
  tick(): Promise<void>;
}

export interface ConnectOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
}

/** The live stream behind a real listener, in a time that tests move. Closed after each test. */
export function streamBench(): { start(settings?: StreamSettings): Promise<Started> } {
  const folder = temporaryFolders();
  const listeners: HttpListener[] = [];
  const sockets: WebSocket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate();
    for (const listener of listeners.splice(0)) await listener.close(0);
  });

  const start = async ({ engine, scopes = { A: {}, B: {} }, door = {} }: StreamSettings = {}): Promise<Started> => {
    const clock = new ManualClock();
    const audit = new AuditTrail();
    const events: AuditEvent[] = [];
    audit.watch((event) => events.push(event));
    const storage = folder();
    const matrix = overrideMatrix(SCOPE_MATRIX, scopes);
    const authenticator = authenticatorOf(clock, audit, storage, scopeNames(matrix));
    const parts = {
      clock,
      audit,
      matrix: () => matrix,
      authenticate: authenticator.authenticate.bind(authenticator),
      stillTaken: authenticator.stillTaken.bind(authenticator),
      authority: () => authenticator,
      ledger: () => started.ledger,
    };
    const stream = openStream(parts);
    const { authenticate } = parts;
    const rules = { endpoint: '127.0.0.1:0', isTls: false, allowed: [], allowQueryToken: false, runsAs: () => 'A' };
    const methods = ['token'] as const;
    const opened = new StreamDoor(stream, { ...rules, methods, authenticate, ...door });
    const handler = Object.assign(new Recorder(), { upgrade: opened.upgrade.bind(opened) });
    const webSocket = { path: STREAM_PATH, maxMessageBytes: LIMITS.streamMessageBytes };
    const listener = await openHttp({ ...HTTP_OPTIONS, maxConnections: 5000, webSocket }, handler, engine);
    listeners.push(listener);
    const started: Started = {
      stream,
      clock,
      audit,
      events,
      listener,
      authenticator,
      storage,
      url: listener.url,
      ledger: { receivers: [], pipelines: [], exporters: [] },
      token: (names, more = {}) => tokenOf({ claims: { scopes: [...names], permissions: ['stream'], ...more } }, clock.now()),
      async open(token, path = STREAM_PATH, { headers = {}, protocols = [STREAM_PROTOCOL] } = {}) {
        const url = `${listener.url.replace('http', 'ws')}${path}`;
        const bearer = token === '' ? {} : { authorization: `Bearer ${token}` };
        const socket = new WebSocket(url, [...protocols], { headers: { ...bearer, ...headers }, perMessageDeflate: false });
        sockets.push(socket);
        return opening(socket);
      },
      async connect(scope, more = {}) {
        const client = await started.open(await started.token([scope], more));
        await client.nextOf('welcome');
        return client;
      },
      async tick() {
        await clock.advance(LIMITS.streamTickMs);
      },
    };
    return started;
  };
  return { start };
}

function authenticatorOf(
  clock: ManualClock,
  audit: AuditTrail,
  storageDirectory: string,
  known: readonly string[],
): Authenticator {
  const config = authSchema.parse({ tokens: { secret: SECRET } });
  const log = { info: () => {}, warn: () => {}, error: () => {}, limited: () => {} };
  const authenticator = new Authenticator({ config, storageDirectory, known, audit, log, now: () => clock.now() });
  authenticator.prepare(['token']);
  return authenticator;
}

export class RefusedUpgrade extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;

  constructor(status: number, headers: Readonly<Record<string, unknown>>, body: string) {
    super(`refused with ${status}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

function opening(socket: WebSocket): Promise<TestClient> {
  const client = new TestClient(socket);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(client));
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => reject(new RefusedUpgrade(response.statusCode ?? 0, response.headers, body)));
    });
  });
}
