import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchToken } from '../load/tokens.ts';
import { PATHS } from '../load/workload.ts';
import { logsBody, pointsBody } from './feed-bodies.ts';

export interface FeederOptions {
  readonly port: number;
  readonly scopes: readonly string[];
  readonly series: number;
  /** Scopes, the first ones, that have logs as well while they are wanted; so many records a second of so many characters. */
  readonly logScopes: number;
  readonly records: number;
  readonly characters: number;
}
export type FeederOrder =
  | { readonly type: 'start'; readonly options: FeederOptions }
  | { readonly type: 'logs'; readonly wanted: boolean }
  | { readonly type: 'stop' };
export interface FeederReport {
  readonly requests: number;
  readonly refused: number;
}
export type FeederAnswer = { readonly type: 'done' } | { readonly type: 'report'; readonly report: FeederReport };

const CONNECTIONS = 8;
const ROUND_MS = 1000;

/** Sends each scope's points once a second, the scopes one after the other at even distances. */
class Feeder {
  readonly #options: FeederOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #tokens: readonly string[];
  #running = true;
  #requests = 0;
  #refused = 0;
  readonly #done: Promise<void>;
  logs = false;

  constructor(options: FeederOptions) {
    this.#options = options;
    this.#tokens = options.scopes.map((scope) => benchToken(scope));
    this.#done = this.#feed();
  }

  async stop(): Promise<FeederReport> {
    this.#running = false;
    await this.#done;
    this.#agent.destroy();
    return { requests: this.#requests, refused: this.#refused };
  }

  async #feed(): Promise<void> {
    const { scopes, series, logScopes, records, characters } = this.#options;
    const under = new Set<Promise<void>>();
    const send = (signal: 'metrics' | 'logs', scope: number, body: Uint8Array): void => {
      const sent = this.#post(PATHS[signal], this.#tokens[scope]!, body).finally(() => under.delete(sent));
      under.add(sent);
    };
    const from = performance.now();
    let turn = 0;
    while (this.#running) {
      const late = performance.now() - (from + (turn * ROUND_MS) / scopes.length);
      if (late < 0) await sleep(-late);
      const scope = turn % scopes.length;
      turn += 1;
      const now = Date.now();
      send('metrics', scope, pointsBody('bench', series, now));
      if (this.logs && scope < logScopes) send('logs', scope, logsBody('bench', records, characters, now));
    }
    await Promise.all(under);
  }

  #post(path: string, token: string, body: Uint8Array): Promise<void> {
    this.#requests += 1;
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
    };
    return new Promise((resolve) => {
      const failed = (): void => {
        this.#refused += 1;
        resolve();
      };
      const options = { host: '127.0.0.1', port: this.#options.port, path, method: 'POST', agent: this.#agent, headers };
      const asked = request(options, (answer) => {
        answer.resume();
        answer.once('end', answer.statusCode === 200 ? resolve : failed);
      });
      asked.once('error', failed);
      asked.end(body);
    });
  }
}

let feeder: Feeder | undefined;

process.on('message', (order: FeederOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit(0));

async function obey(order: FeederOrder): Promise<FeederAnswer> {
  if (order.type === 'stop') return { type: 'report', report: await feeder!.stop() };
  if (order.type === 'start') feeder = new Feeder(order.options);
  else feeder!.logs = order.wanted;
  return { type: 'done' };
}
