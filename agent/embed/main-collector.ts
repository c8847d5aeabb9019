import type { SqlParams } from '../../pipeline/analytics.ts';
import type { Outcome } from '../../pipeline/component.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { stopAtEnd } from './at-end.ts';
import { partsOf } from './configuration.ts';
import {
  QueryError,
  type Closed,
  type ConfigInput,
  type EmbeddedCollector,
  type EmbeddedState,
  type EmbeddedStatus,
  type ExportOptions,
  type SqlOptions,
  type SqlRows,
} from './contract.ts';
import { EmbeddedCore, type CoreSettings } from './embedded-core.ts';
import { Offer } from './offer.ts';
import { ownBytes, requestFault } from './own-bytes.ts';
import { queryOf, rowsOf } from './query.ts';
import { refused } from './refused.ts';
import { SeamServer } from './seam-server.ts';
import { claimFolder, releaseFolders } from './state-folders.ts';

const NEVER = new AbortController().signal;

/** A collector on the application's own thread: nothing is between them, and nothing keeps their faults apart. */
export class MainCollector implements EmbeddedCollector {
  readonly closed: Promise<Closed>;
  readonly #core: EmbeddedCore;
  readonly #undo: () => void;
  readonly #close: (how: Closed) => void;
  #state: EmbeddedState = 'running';
  #stopped: Promise<void> | undefined;
  readonly #owner: object;
  readonly #seams: SeamServer;
  readonly #offer: Offer;

  private constructor(core: EmbeddedCore, owner: object) {
    this.#core = core;
    this.#owner = owner;
    let close = (_how: Closed): void => {};
    this.closed = new Promise((resolve) => (close = resolve));
    this.#close = close;
    this.#undo = stopAtEnd({ stop: () => this.stop() });
    this.#seams = new SeamServer((signal, bytes, receiver) => core.take(signal, bytes, receiver));
    // At the end of the process there is nothing that it could still do.
    this.#offer = new Offer(() => ({
      isApart: false,
      takes: (signal) => core.signals.includes(signal),
      connect: () => this.#seams.connect(),
      end: () => undefined,
    }));
    this.#offer.renew();
  }

  /** Rejects with a StartError. */
  static async start(settings: CoreSettings, log: (line: string) => void): Promise<MainCollector> {
    const owner = {};
    const host = { log, claim: (directory: string) => Promise.resolve(claimFolder(directory, owner)) };
    try {
      return new MainCollector(await EmbeddedCore.start(settings, host), owner);
    } catch (error) {
      releaseFolders(owner);
      throw error;
    }
  }

  get urls(): readonly string[] {
    return this.#state === 'stopped' ? [] : this.#core.urls;
  }

  async export(signal: Signal, bytes: Uint8Array, options?: ExportOptions): Promise<Outcome> {
    const fault = requestFault(signal, bytes, options);
    if (fault !== undefined) return fault;
    if (this.#stopped !== undefined) return refused('SHUTTING_DOWN', `cannot take ${signal}: the collector is stopping`);
    const { receiver, transfer = false } = options ?? {};
    return this.#core.take(signal, ownBytes(bytes, transfer), receiver);
  }

  async sql(text: string, params?: SqlParams, options: SqlOptions = {}): Promise<SqlRows> {
    const query = queryOf(text, params, options);
    if (this.#stopped !== undefined) throw new QueryError('SHUTTING_DOWN', 'cannot ask: the collector does not run');
    return rowsOf(await this.#core.sql(options.scope, query, options.signal ?? NEVER));
  }

  status(): Promise<EmbeddedStatus> {
    const components = this.#state === 'running' ? this.#core.status() : [];
    return Promise.resolve({ state: this.#state, thread: 'main', restarts: 0, components });
  }

  ledger(): Promise<LedgerSnapshot> {
    return Promise.resolve(this.#core.ledger());
  }

  async reload(config?: ConfigInput): Promise<boolean> {
    const taken = await this.#core.reload(config === undefined ? undefined : partsOf(config));
    if (taken && this.#state === 'running') this.#offer.renew();
    return taken;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    await this.#offer.close();
    await this.#core.stop();
    this.#seams.close();
    this.#state = 'stopped';
    this.#undo();
    releaseFolders(this.#owner);
    this.#close({ reason: 'stopped' });
  }
}
