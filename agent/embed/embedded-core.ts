import { parseConfigUri, type ConfigSource } from '../../config/sources.ts';
import type { Loaded } from '../../config/load.ts';
import type { SqlAnswer, SqlQuery } from '../../pipeline/analytics.ts';
import type { Outcome } from '../../pipeline/component.ts';
import { StartError } from '../../pipeline/errors.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { scopeNames } from '../../pipeline/scope/matrix.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';
import { Collector } from '../collector/collector.ts';
import { loadSources } from '../collector/configs.ts';
import { packageRoot } from '../collector/package-root.ts';
import { embeddedConfigPath, type ConfigPart } from './configuration.ts';
import { refused } from './refused.ts';

/** What a collector inside an application is made of; data, so that it can cross to a thread. */
export interface CoreSettings {
  readonly config: readonly ConfigPart[];
  readonly set: readonly string[];
  readonly skipUnsupported: boolean;
}

export interface CoreHost {
  log(line: string): void;
  /** Asks for the folder that keeps its state, for it alone among the collectors of this process. */
  claim(directory: string): Promise<boolean>;
  /** uWebSockets ends the process with a thread that listened by it (docs/decisions/0035). */
  readonly engine?: 'net';
}

/** The embedded collector itself, in whichever thread it stands. */
export class EmbeddedCore {
  readonly #collector: Collector;
  readonly #host: CoreHost;
  #settings: CoreSettings;
  #stopped: Promise<void> | undefined;

  private constructor(collector: Collector, settings: CoreSettings, host: CoreHost) {
    this.#collector = collector;
    this.#settings = settings;
    this.#host = host;
  }

  /** Rejects with a StartError. */
  static async start(settings: CoreSettings, host: CoreHost): Promise<EmbeddedCore> {
    const loaded = await load(settings, host);
    const options = { onlyAsked: true, ...(host.engine !== undefined && { engine: host.engine }) };
    const collector = await Collector.start(loaded, (line) => host.log(line), options);
    return new EmbeddedCore(collector, settings, host);
  }

  get urls(): readonly string[] {
    return this.#collector.host.listeners.map(({ listener }) => listener.url);
  }

  get shutdownTimeoutMs(): number {
    return this.#collector.loaded.plan.service.shutdownTimeoutMs;
  }

  /** What a receiver takes from the application; nothing once it stops. */
  get signals(): readonly Signal[] {
    if (this.#stopped !== undefined) return [];
    const points = this.#collector.host.inProcessNow;
    return SIGNALS.filter((signal) => points.find(signal) !== undefined);
  }

  /** `bytes` are the collector's from here on, with all of their ArrayBuffer. Never rejects. */
  take(signal: Signal, bytes: Uint8Array, receiver: string | undefined): Promise<Outcome> | Outcome {
    if (this.#stopped !== undefined) return refused('SHUTTING_DOWN', `cannot take ${signal}: the collector is stopping`);
    const points = this.#collector.host.inProcessNow;
    const point = points.find(signal, receiver);
    if (point !== undefined) return point.take(signal, bytes);
    const known = points.receivers();
    const cause =
      known.length === 0
        ? 'no receiver takes what the application sends; add in_process to the protocols of otlp'
        : receiver === undefined
          ? 'no pipeline with an otlp receiver does'
          : `no receiver ${receiver} takes what the application sends; there are ${known.join(', ')}`;
    return refused('NOT_FOUND', `cannot take ${signal}: ${cause}`);
  }

  async sql(scope: string | undefined, query: SqlQuery, signal: AbortSignal): Promise<SqlAnswer> {
    const { matrix, detected } = this.#collector.loaded;
    const asked = scope ?? detected.scope;
    if (!scopeNames(matrix).includes(asked))
      return { ok: false, code: 'SCOPE_FORBIDDEN', message: `cannot ask: there is no scope ${asked}` };
    return this.#collector.host.analytics.query(asked, query, signal);
  }

  status(): readonly ComponentStatus[] {
    return this.#collector.host.status();
  }

  ledger(): LedgerSnapshot {
    return this.#collector.host.ledger();
  }

  /** With another configuration, where one is given; that counts from then on when it was taken. */
  async reload(config: readonly ConfigPart[] | undefined): Promise<boolean> {
    const settings = config === undefined ? this.#settings : { ...this.#settings, config };
    const taken = await this.#collector.reload(() => load(settings, this.#host));
    if (taken) this.#settings = settings;
    return taken;
  }

  /** Within `service.shutdown_timeout`, or the time that is given. Safe twice. */
  stop(deadlineMs?: number): Promise<void> {
    this.#stopped ??= this.#collector.stop(deadlineMs);
    return this.#stopped;
  }
}

async function load({ config, set, skipUnsupported }: CoreSettings, host: CoreHost): Promise<Loaded> {
  const loaded = await loadSources([...sourcesOf(config), ...set.map(assigned)], skipUnsupported);
  const { directory } = loaded.plan.storage;
  if (loaded.keepsState && !(await host.claim(directory)))
    throw new StartError(
      `cannot keep state in ${directory}: another collector of this process keeps its own there; set storage.directory`,
    );
  return loaded;
}

const assigned = (assignment: string): ConfigSource => ({ kind: 'set', assignment });

function sourcesOf(config: readonly ConfigPart[]): readonly ConfigSource[] {
  if (config.length === 0) return [{ kind: 'file', path: embeddedConfigPath(packageRoot()), shipped: true }];
  return config.map((part) => (typeof part === 'string' ? parseConfigUri(part, process.env) : { kind: 'text', ...part }));
}
