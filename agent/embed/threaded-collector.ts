import type { SqlParams } from '../../pipeline/analytics.ts';
import type { Outcome } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { CollectorHere } from '../../pipeline/meeting-point.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { endAll, stopAtEnd } from './at-end.ts';
import { partsOf } from './configuration.ts';
import {
  QueryError,
  type Closed,
  type ConfigInput,
  type Crash,
  type EmbeddedCollector,
  type EmbeddedState,
  type EmbeddedStatus,
  type EmbedOptions,
  type ExportOptions,
  type SqlOptions,
  type SqlRows,
} from './contract.ts';
import type { CoreSettings } from './embedded-core.ts';
import { Offer } from './offer.ts';
import { requestFault } from './own-bytes.ts';
import { queryOf, rowsOf } from './query.ts';
import { refused } from './refused.ts';
import { claimFolder, releaseFolders } from './state-folders.ts';
import { DOWN, ThreadLife } from './thread-life.ts';

export interface ThreadedOptions extends Pick<EmbedOptions, 'onCrash' | 'maxHeapMb'> {
  readonly settings: CoreSettings;
  readonly log: (line: string) => void;
}

const NO_LEDGER: LedgerSnapshot = { receivers: [], pipelines: [], exporters: [] };

/** A collector in a thread of its own, which is started again, a few times, when that ends by itself. */
export class ThreadedCollector implements EmbeddedCollector {
  readonly closed: Promise<Closed>;
  readonly #options: ThreadedOptions;
  readonly #close: (how: Closed) => void;
  readonly #undo: () => void;
  #settings: CoreSettings;
  #life: ThreadLife;
  #state: EmbeddedState = 'running';
  #restarts = 0;
  /** Lives in a row that ended early. */
  #failures = 0;
  #hasStarted = false;
  /** Of this life, once it runs. */
  #readyAtMs: number | undefined;
  #again: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;
  /** By `#stopSync`, which waits once. */
  #isEnded = false;
  readonly #offer = new Offer(() => this.#here());

  private constructor(options: ThreadedOptions) {
    this.#options = options;
    this.#settings = options.settings;
    let close = (_how: Closed): void => {};
    this.closed = new Promise((resolve) => (close = resolve));
    this.#close = close;
    this.#life = this.#begin();
    this.#undo = stopAtEnd({
      stop: () => this.stop(),
      beginStop: (timeoutMs) => this.#beginStop(timeoutMs),
      stopSync: (timeoutMs) => this.#stopSync(timeoutMs),
    });
  }

  /** Rejects with a StartError. */
  static async start(options: ThreadedOptions): Promise<ThreadedCollector> {
    const collector = new ThreadedCollector(options);
    try {
      await collector.#life.ready;
      collector.#hasStarted = true;
      collector.#readyAtMs = Date.now();
      collector.#offer.renew();
      return collector;
    } catch (error) {
      await collector.stop();
      throw error;
    }
  }

  get urls(): readonly string[] {
    return this.#life.urls;
  }

  async export(signal: Signal, bytes: Uint8Array, options?: ExportOptions): Promise<Outcome> {
    const fault = requestFault(signal, bytes, options);
    if (fault !== undefined) return fault;
    return this.#state === 'running' ? this.#life.seam.send(signal, bytes, options) : this.#notNow(signal);
  }

  async sql(text: string, params?: SqlParams, options: SqlOptions = {}): Promise<SqlRows> {
    const question = { type: 'sql', scope: options.scope, query: queryOf(text, params, options) } as const;
    const answer = this.#state === 'running' ? await this.#life.ask<'sql'>(question, options.signal) : undefined;
    if (answer !== undefined) return rowsOf(answer);
    const { code, retryAfterMs } = this.#notNow();
    throw new QueryError(code, 'cannot ask: the collector does not run', retryAfterMs);
  }

  async status(): Promise<EmbeddedStatus> {
    const components = this.#state === 'running' ? await this.#life.ask<'status'>({ type: 'status' }) : undefined;
    return { state: this.#state, thread: 'worker', restarts: this.#restarts, components: components ?? [] };
  }

  async ledger(): Promise<LedgerSnapshot> {
    const life = this.#life;
    const told = this.#state === 'running' ? await life.ask<'ledger'>({ type: 'ledger' }) : undefined;
    return told ?? life.lastLedger ?? NO_LEDGER;
  }

  async reload(config?: ConfigInput): Promise<boolean> {
    if (this.#state !== 'running') return false;
    const parts = config === undefined ? undefined : partsOf(config);
    const taken = await this.#life.ask<'reload'>({ type: 'reload', config: parts });
    if (taken === true && parts !== undefined) this.#settings = { ...this.#settings, config: parts };
    if (taken === true && this.#state === 'running') this.#offer.renew();
    return taken === true;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.#state !== 'failed') this.#state = 'stopping';
    clearTimeout(this.#again);
    // What is not up now has nothing to take.
    if (this.#readyAtMs === undefined) this.#offer.withdraw();
    else await this.#offer.close();
    // Of one that is dead that is nothing; one that starts stops when it has started.
    await this.#life.stop();
    this.#end({ reason: 'stopped' });
  }

  #beginStop(timeoutMs: number): void {
    if (!this.#isUp) return;
    this.#state = 'stopping';
    this.#offer.withdraw();
    this.#life.beginStop(timeoutMs);
  }

  #stopSync(timeoutMs: number): void {
    this.#beginStop(timeoutMs);
    if (!this.#isUp || this.#isEnded) return;
    this.#isEnded = true;
    this.#life.stopSync(timeoutMs);
  }

  get #isUp(): boolean {
    return this.#state === 'running' || this.#state === 'stopping';
  }

  /** This life, for the agents of the process. */
  #here(): CollectorHere {
    const life = this.#life;
    return {
      isApart: true,
      takes: (signal) => life.signals.includes(signal),
      connect: () => life.connect(),
      end: endAll,
    };
  }

  #begin(): ThreadLife {
    const { log, maxHeapMb = LIMITS.embeddedHeapMb } = this.#options;
    const life: ThreadLife = new ThreadLife({
      settings: this.#settings,
      maxHeapMb,
      line: log,
      claim: (directory) => claimFolder(directory, this),
      ended: (error) => {
        if (this.#stopped === undefined && this.#hasStarted) this.#crashed(error);
      },
    });
    return life;
  }

  #crashed(error: Error): void {
    if (this.#readyAtMs !== undefined && Date.now() - this.#readyAtMs >= LIMITS.embeddedHealthyMs) this.#failures = 0;
    this.#readyAtMs = undefined;
    this.#failures += 1;
    const restarts = this.#failures <= LIMITS.embeddedRestarts;
    this.#state = restarts ? 'restarting' : 'failed';
    this.#tell({ error, failures: this.#failures, restarts });
    if (!restarts) {
      this.#offer.withdraw();
      this.#end({ reason: 'failed', error });
      return;
    }
    const delayMs = LIMITS.embeddedRestartMs * 2 ** (this.#failures - 1);
    this.#again = setTimeout(() => this.#restart(), delayMs);
    this.#again.unref();
  }

  #restart(): void {
    this.#restarts += 1;
    try {
      const life = this.#begin();
      this.#life = life;
      life.ready.then(
        () => {
          if (this.#state !== 'restarting') return;
          this.#readyAtMs = Date.now();
          this.#state = 'running';
          this.#offer.renew();
        },
        () => {},
      );
    } catch (error) {
      this.#crashed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** What the application does with it must not come back as a fault of ours. */
  #tell(crash: Crash): void {
    const { onCrash, log } = this.#options;
    const what = crash.restarts ? 'it is started again' : 'it stays down';
    const line = `cannot go on with the thread of the collector: ${crash.error.message}; ${what}, and what it held is lost`;
    queueMicrotask(() => (onCrash === undefined ? log(line) : onCrash(crash)));
  }

  #end(how: Closed): void {
    if (this.#state !== 'failed') this.#state = 'stopped';
    this.#undo();
    releaseFolders(this);
    this.#close(how);
  }

  #notNow(signal?: Signal): ReturnType<typeof refused> {
    const what = signal ?? 'data';
    if (this.#state === 'restarting') return DOWN;
    if (this.#state === 'failed')
      return refused('EMBEDDED_DOWN', `cannot take ${what}: the collector ended too often and is not started again`);
    return refused(
      'SHUTTING_DOWN',
      `cannot take ${what}: the collector ${this.#state === 'stopping' ? 'is stopping' : 'has stopped'}`,
    );
  }
}
