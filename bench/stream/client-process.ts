import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { benchToken } from '../load/tokens.ts';
import { type Arrival, type Delivery, deliveryOf } from './delivery.ts';
import { Sequence, type Told } from './sequence.ts';

export interface ClientOptions {
  readonly apiPort: number;
  readonly scopes: readonly string[];
  readonly perScope: number;
  /** Series of a subscription. */
  readonly limit: number;
}
export type ClientOrder =
  | { readonly type: 'open'; readonly options: ClientOptions }
  /** What came so far no longer counts. */
  | { readonly type: 'mark' }
  /** The first `clients` of the first `scopes` subscribe to logs, too, and read nothing more. */
  | { readonly type: 'stop reading'; readonly scopes: number; readonly clients: number }
  | { readonly type: 'read again' }
  | { readonly type: 'report' };
export interface ClientReport {
  /** Of those that never stopped, since the mark. */
  readonly delivery: Delivery;
  readonly connected: number;
  /** Messages, of all clients, that leave something out without a word. */
  readonly faults: number;
  /** Deltas that gaps told of, and how many gaps did. */
  readonly dropped: number;
  readonly gaps: number;
  /** Of those that never stopped. */
  readonly readersGaps: number;
  readonly errors: readonly string[];
}
export type ClientAnswer = { readonly type: 'done' } | { readonly type: 'report'; readonly report: ClientReport };

const OPENED_AT_A_TIME = 50;
const OPEN_MS = 20_000;
/** Read later, so that the time of one message is not the time that others took to be understood. */
const UNDERSTAND_MS = 20;

interface Message extends Told {
  readonly id?: string;
  readonly points?: readonly (readonly [series: number, timeMs: number, value: unknown])[];
  readonly code?: string;
  readonly message?: string;
}

let unread: { readonly client: Client; readonly bytes: Buffer; readonly atMs: number }[] = [];
let timer: NodeJS.Timeout | undefined;

function understand(): void {
  timer = undefined;
  const all = unread;
  unread = [];
  for (const { client, bytes, atMs } of all) client.understand(JSON.parse(bytes.toString()) as Message, atMs);
}

class Client {
  readonly #socket: WebSocket;
  readonly #sequences = new Map<string, Sequence>();
  #closed = '';
  readonly errors: string[] = [];
  arrivals: Arrival[] = [];
  hasStopped = false;

  constructor({ apiPort, limit }: ClientOptions, scope: string) {
    const authorization = `Bearer ${benchToken(scope, ['stream'])}`;
    this.#socket = new WebSocket(`ws://127.0.0.1:${apiPort}/ws`, ['periscope.v1'], { headers: { authorization } });
    this.#socket.on('open', () => this.#subscribe('metrics', limit));
    this.#socket.on('message', (bytes: Buffer) => {
      unread.push({ client: this, bytes, atMs: performance.timeOrigin + performance.now() });
      timer ??= setTimeout(understand, UNDERSTAND_MS);
    });
    this.#socket.on('error', (cause) => this.errors.push(cause.message));
    this.#socket.on('close', (code) => (this.#closed = `closed with ${code}`));
  }

  get isSubscribed(): boolean {
    return this.#sequences.size > 0 && this.#closed === '';
  }
  get problems(): readonly string[] {
    return this.#closed === '' ? this.errors : [...this.errors, this.#closed];
  }
  get sequences(): Iterable<Sequence> {
    return this.#sequences.values();
  }

  async stopReading(): Promise<void> {
    this.hasStopped = true;
    this.#subscribe('logs', undefined);
    while (!this.#sequences.has('logs') && this.problems.length === 0) await sleep(10);
    this.#socket.pause();
  }

  readAgain(): void {
    if (this.hasStopped) this.#socket.resume();
  }

  understand(message: Message, atMs: number): void {
    const { id = '', points } = message;
    if (message.type === 'error') this.errors.push(`${message.code}: ${message.message}`);
    let sequence = this.#sequences.get(id);
    if (sequence === undefined && message.type === 'snapshot') this.#sequences.set(id, (sequence = new Sequence()));
    sequence?.take(message);
    if (message.type !== 'delta' || points === undefined || points.length === 0) return;
    this.arrivals.push({ atMs, newestMs: points.reduce((newest, [, timeMs]) => Math.max(newest, timeMs), 0) });
  }

  #subscribe(topic: string, limit: number | undefined): void {
    this.#socket.send(JSON.stringify({ subscribe: topic, id: topic, ...(limit === undefined ? {} : { limit }) }));
  }
}

const byScope: Client[][] = [];

async function open(options: ClientOptions): Promise<void> {
  const { scopes, perScope } = options;
  for (const scope of scopes) {
    const clients: Client[] = [];
    byScope.push(clients);
    for (let i = 0; i < perScope; i++) clients.push(new Client(options, scope));
    if ((byScope.length * perScope) % OPENED_AT_A_TIME === 0) await subscribed();
  }
  await subscribed();
}

async function subscribed(): Promise<void> {
  const isReady = ({ isSubscribed, problems }: Client): boolean => isSubscribed || problems.length > 0;
  for (let waited = 0; !byScope.flat().every(isReady) && waited < OPEN_MS; waited += 10) await sleep(10);
}

function report(): ClientReport {
  if (timer !== undefined) clearTimeout(timer);
  understand();
  const clients = byScope.flat();
  const readers = clients.filter(({ hasStopped }) => !hasStopped);
  const sum = (of: readonly Client[], count: (sequence: Sequence) => number): number =>
    of.flatMap(({ sequences }) => [...sequences]).reduce((total, sequence) => total + count(sequence), 0);
  return {
    delivery: deliveryOf(readers.flatMap(({ arrivals }) => arrivals)),
    connected: clients.filter(({ isSubscribed }) => isSubscribed).length,
    faults: sum(clients, ({ faults }) => faults),
    dropped: sum(clients, ({ dropped }) => dropped),
    gaps: sum(clients, ({ gaps }) => gaps),
    readersGaps: sum(readers, ({ gaps }) => gaps),
    errors: clients.flatMap(({ problems }) => problems).slice(0, 10),
  };
}

process.on('message', (order: ClientOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit(0));

async function obey(order: ClientOrder): Promise<ClientAnswer> {
  switch (order.type) {
    case 'open':
      await open(order.options);
      break;
    case 'mark':
      for (const client of byScope.flat()) client.arrivals = [];
      break;
    case 'stop reading':
      await Promise.all(
        byScope
          .slice(0, order.scopes)
          .flatMap((clients) => clients.slice(0, order.clients).map((client) => client.stopReading())),
      );
      break;
    case 'read again':
      for (const client of byScope.flat()) client.readAgain();
      break;
    default:
      return { type: 'report', report: report() };
  }
  return { type: 'done' };
}
