import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

export interface WatcherOptions {
  readonly apiPort: number;
  readonly token: string;
  readonly scope: string;
  readonly clients: number;
  /** What each client subscribes to, by id. */
  readonly subscriptions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
export type WatcherOrder = { readonly type: 'open'; readonly options: WatcherOptions } | { readonly type: 'stop' };
export interface WatcherReport {
  readonly snapshots: number;
  readonly deltas: number;
  /** Deltas of the client that got fewest. */
  readonly fewestDeltas: number;
  readonly gaps: number;
  readonly bytes: number;
  /** Deltas that do not come one after the other, with no gap that says so. */
  readonly outOfOrder: number;
  readonly errors: readonly string[];
  /** Connections that ended before they were closed here. */
  readonly lost: number;
}
export type WatcherAnswer = { readonly type: 'done' } | { readonly type: 'report'; readonly report: WatcherReport };

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly seq?: number;
  readonly to_seq?: number;
  readonly code?: string;
  readonly message?: string;
}

const OPEN_MS = 10_000;

/** One client of the live stream, which checks that nothing is left out without a word. */
class Watcher {
  readonly socket: WebSocket;
  readonly #seqs = new Map<string, number>();
  snapshots = 0;
  deltas = 0;
  gaps = 0;
  bytes = 0;
  outOfOrder = 0;
  lost = 0;
  readonly errors: string[] = [];
  #closing = false;

  constructor(options: WatcherOptions) {
    const url = `ws://127.0.0.1:${options.apiPort}/ws?scope=${options.scope}`;
    this.socket = new WebSocket(url, ['periscope.v1'], { headers: { authorization: `Bearer ${options.token}` } });
    this.socket.on('open', () => {
      for (const [id, what] of Object.entries(options.subscriptions)) this.socket.send(JSON.stringify({ ...what, id }));
    });
    this.socket.on('message', (data: Buffer) => this.#take(data));
    this.socket.on('error', (cause) => this.errors.push(cause.message));
    this.socket.on('close', (code) => {
      if (this.#closing) return;
      this.lost++;
      this.errors.push(`closed with ${code}`);
    });
  }

  close(): void {
    this.#closing = true;
    this.socket.close();
  }

  #take(data: Buffer): void {
    this.bytes += data.length;
    const message = JSON.parse(data.toString()) as Message;
    const id = message.id ?? '';
    if (message.type === 'snapshot') {
      this.snapshots++;
      this.#seqs.set(id, message.seq ?? 0);
    } else if (message.type === 'delta') {
      this.deltas++;
      if (message.seq !== (this.#seqs.get(id) ?? Number.NaN) + 1) this.outOfOrder++;
      this.#seqs.set(id, message.seq ?? 0);
    } else if (message.type === 'gap') {
      this.gaps++;
      this.#seqs.set(id, message.to_seq ?? 0);
    } else if (message.type === 'error') {
      this.errors.push(`${message.code}: ${message.message}`);
    }
  }
}

let watchers: Watcher[] = [];

process.on('message', (order: WatcherOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit(0));

async function obey(order: WatcherOrder): Promise<WatcherAnswer> {
  if (order.type === 'open') {
    const { options } = order;
    watchers = Array.from({ length: options.clients }, () => new Watcher(options));
    const wanted = options.clients * Object.keys(options.subscriptions).length;
    for (let waited = 0; sum(({ snapshots }) => snapshots) < wanted && waited < OPEN_MS; waited += 20) await sleep(20);
    return { type: 'done' };
  }
  for (const watcher of watchers) watcher.close();
  return {
    type: 'report',
    report: {
      snapshots: sum(({ snapshots }) => snapshots),
      deltas: sum(({ deltas }) => deltas),
      fewestDeltas: Math.min(...watchers.map(({ deltas }) => deltas)),
      gaps: sum(({ gaps }) => gaps),
      bytes: sum(({ bytes }) => bytes),
      outOfOrder: sum(({ outOfOrder }) => outOfOrder),
      lost: sum(({ lost }) => lost),
      errors: watchers.flatMap(({ errors }) => errors).slice(0, 10),
    },
  };
}

function sum(of: (watcher: Watcher) => number): number {
  return watchers.reduce((total, watcher) => total + of(watcher), 0);
}
