import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import type { Plan } from '../../pipeline/plan.ts';
import { SIGNALS } from '../../pipeline/signal.ts';
import { packageRoot } from '../collector/package-root.ts';
import type { DemoNews, DemoOrder } from './main.ts';
import type { DemoTargets } from './sender.ts';

/** A demo that has not ended after this long is ended. */
const STOP_MS = 2000;

/** A listener and who asked for it. */
export interface Listening {
  readonly owner: string;
  readonly listener: { readonly url: string; readonly engine: string };
}

/**
 * Where the demo can send: the first OTLP receiver with HTTP that asks for neither TLS nor who it is, for the signals of its
 * pipelines. Throws a StartError when there is none.
 */
export function demoTargets(
  { receivers, pipelines }: Pick<Plan, 'receivers' | 'pipelines'>,
  listeners: readonly Listening[],
): DemoTargets {
  for (const { id, component, config } of receivers) {
    if (component.type !== 'otlp') continue;
    const { http } = (config as { protocols: { http?: Readonly<Record<string, unknown>> } }).protocols;
    const open = listeners.find(({ owner, listener }) => owner === id && listener.engine !== 'grpc');
    if (http === undefined || open === undefined || http['tls'] !== undefined || asksWho(http['auth'])) continue;
    const signals = SIGNALS.filter((signal) => pipelines.some((each) => each.signal === signal && each.receivers.includes(id)));
    return Object.fromEntries(signals.map((signal) => [signal, `${open.listener.url}${String(http[`${signal}_url_path`])}`]));
  }
  throw new StartError(
    'cannot start the demo: the configuration has no otlp receiver with http that asks for neither tls nor auth',
  );
}

/** [] is `none`. */
function asksWho(auth: unknown): boolean {
  return Array.isArray(auth) && auth.length > 0;
}

/** Starts the shop of `seed`. Throws a StartError when nothing takes what it sends. */
export function startDemo(
  plan: Pick<Plan, 'receivers' | 'pipelines'>,
  listeners: readonly Listening[],
  seed: string,
  tell: (text: string) => void,
): Demo {
  const targets = demoTargets(plan, listeners);
  const demo = new Demo(join(packageRoot(), 'dist', 'agent', 'demo', 'main.js'), { seed, targets }, tell);
  tell(`a shop of six services sends to ${new URL(Object.values(targets)[0] ?? '').origin}, seed ${seed}`);
  return demo;
}

/** A shop that sends, in a process of its own: it costs the collector what any sender costs it. */
export class Demo {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stopping = false;

  /** `program` is the built `main.ts`; `tell` gets what begins and ends in the shop, a line each. */
  constructor(program: string, order: DemoOrder, tell: (text: string) => void) {
    this.#child = fork(program, [JSON.stringify(order)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => tell((message as DemoNews).news));
    this.#ended = once(this.#child, 'exit');
    this.#child.once('error', (error) => tell(`cannot run the shop: ${error.message}`));
    this.#ended.then(
      () => {
        if (!this.#stopping) tell('the shop has ended');
      },
      () => {},
    );
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Safe twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    if (this.#child.connected) this.#child.disconnect();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#ended.catch(() => {});
    clearTimeout(kill);
  }
}
