import { formatFault } from '../../config/fault.ts';
import type { Loaded } from '../../config/load.ts';
import { StartError } from '../../pipeline/errors.ts';
import { systemClock } from '../../pipeline/clock.ts';
import { buildGraph, type Graph } from '../../pipeline/graph.ts';
import type { Host } from '../../pipeline/host.ts';
import { Ledger, type LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { Log } from '../../pipeline/log.ts';
import { changesBetween } from './changes.ts';
import { createHost, type CollectorHost, type HostOptions } from './host.ts';
import type { KeptLedger } from './kept-ledger.ts';
import type { EngineName } from '../../server/engine/index.ts';
import { createLog, type Write } from './log.ts';
import { openOwnMetrics, type OwnMetrics } from './own-metrics.ts';

/** Of a refusal, one audit record tells so much. */
const TOLD_LINES = 5;

export interface CollectorOptions {
  /** Which HTTP engine listens; absent = the fastest that loads. */
  readonly engine?: EngineName;
  /** Nothing listens but what the configuration asks for: own metrics only where it says so. */
  readonly onlyAsked?: boolean;
}

/** A collector that runs: one graph, or for a moment two, when a new configuration takes over. */
export class Collector {
  readonly host: CollectorHost;
  readonly #write: Write;
  readonly #options: CollectorOptions;
  #loaded: Loaded;
  #graph: Graph;
  #log: Log;
  #metrics: OwnMetrics | undefined;
  readonly #kept: KeptLedger | undefined;
  /** What the ledger had counted before this process. */
  readonly before: LedgerSnapshot;
  /** The reload under way; the next one waits for it. */
  #changing: Promise<void> = Promise.resolve();
  /** The graph before this one, and its drain. */
  #before: Graph | undefined;
  #retiring: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  private constructor(host: CollectorHost, loaded: Loaded, running: First, log: Log, { write, options }: Start) {
    const { graph, metrics, kept, restored } = running;
    this.host = host;
    this.#kept = kept;
    this.before = restored;
    this.#metrics = metrics;
    this.#loaded = loaded;
    this.#graph = graph;
    this.#log = log;
    this.#write = write;
    this.#options = options;
  }

  /** Builds and starts the graph of a loaded configuration. Rejects with a StartError; nothing is left open then. */
  static async start(loaded: Loaded, write: Write, options: CollectorOptions = {}): Promise<Collector> {
    const log = logOf(loaded, write);
    const { plan } = loaded;
    const host = createHost(plan.storage.directory, settingsOf(loaded, log, options));
    const ledger = new Ledger();
    const kept = await keep(ledger, loaded, log);
    const restored = ledger.snapshot();
    const graph = await buildGraph(plan, host, { clock: systemClock, random: Math.random, log }, ledger).catch(
      async (error: unknown) => {
        await kept?.close();
        throw error;
      },
    );
    host.attach(graph);
    let metrics: OwnMetrics | undefined;
    try {
      await graph.start();
      metrics = await ownMetrics(loaded, options, host, host, log);
    } catch (error) {
      await graph.stop(0);
      await kept?.close();
      throw error;
    }
    await recordChange(host, 'started', loaded);
    return new Collector(host, loaded, { graph, metrics, kept, restored }, log, { write, options });
  }

  get loaded(): Loaded {
    return this.#loaded;
  }

  /** Goes over to another configuration: its graph starts beside the one that runs, takes over its listeners and what
   *  did not change, and the old one drains. When it cannot start, all is as it was. Resolves to whether it did. */
  reload(load: () => Promise<Loaded>): Promise<boolean> {
    const reloaded = this.#changing.then(() => this.#reload(load));
    this.#changing = reloaded.then(
      () => {},
      () => {},
    );
    return reloaded;
  }

  /** Drains within `service.shutdown_timeout`, or the time that is given; what a reload left to drain at the same time. Safe
   *  twice. */
  stop(deadlineMs?: number): Promise<void> {
    this.#stopped ??= this.#changing.then(async () => {
      // What the graph before still passes on goes to exporters that this one stops.
      await this.#before?.flushed;
      await Promise.all([this.#retiring, this.#graph.stop(deadlineMs ?? this.#loaded.plan.service.shutdownTimeoutMs)]);
      // Last, so that whoever asks sees the drain.
      await this.#metrics?.close(0);
      await this.#kept?.close();
    });
    return this.#stopped;
  }

  async #reload(load: () => Promise<Loaded>): Promise<boolean> {
    if (this.#stopped !== undefined) return false;
    try {
      const loaded = await load();
      const changes = changesBetween(this.#loaded.tree, loaded.tree);
      if (changes.length === 0) this.#log.info('the configuration has not changed');
      else await this.#takeOver(loaded);
      this.host.say(undefined);
      if (changes.length > 0) {
        this.#log.info(`the configuration has changed: ${changes.length === 1 ? changes[0] : `${changes.length} settings`}`);
        await recordChange(this.host, 'reloaded', loaded, changes);
      }
      return true;
    } catch (error) {
      const cause =
        error instanceof StartError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#log.error(`cannot take the new configuration, the one before stays in use: ${cause}`);
      const [first = ''] = cause.split('\n', 1);
      this.host.say({ id: 'configuration', kind: 'service', state: 'recoverable', message: first });
      recordRefusal(this.host, cause);
      return false;
    }
  }

  async #takeOver(loaded: Loaded): Promise<void> {
    const before = { graph: this.#graph, plan: this.#loaded.plan, metrics: this.#metrics };
    const { plan } = loaded;
    // At most one graph drains while another runs.
    await this.#retiring;
    if (plan.storage.directory !== before.plan.storage.directory)
      throw new StartError('cannot change storage.directory while running: what is there is in use; restart');
    const log = logOf(loaded, this.#write);
    const host = this.host.next(settingsOf(loaded, log, this.#options));
    const { graph, metrics } = await this.#startBeside(loaded, before.graph, host, log);
    this.host.commit(graph);
    graph.takeOver();
    // Counters of another process would come as a leap to whoever reads these now.
    if (this.#kept === undefined && loaded.keepsState && !this.#loaded.keepsState)
      log.info('the ledger is kept from the next start on: this process has begun without one to go on from');
    this.#metrics = metrics;
    this.#graph = graph;
    this.#loaded = loaded;
    this.#log = log;
    this.#before = before.graph;
    this.#retiring = before.graph.stop(before.plan.service.shutdownTimeoutMs, graph);
    await before.metrics?.close(0);
  }

  async #startBeside(loaded: Loaded, before: Graph, host: ReturnType<CollectorHost['next']>, log: Log): Promise<Running> {
    let graph: Graph | undefined;
    let metrics: OwnMetrics | undefined;
    try {
      graph = await buildGraph(loaded.plan, host, { clock: systemClock, random: Math.random, log }, before);
      await graph.start();
      metrics = await ownMetrics(loaded, this.#options, host, this.host, log);
      await this.host.prepareCommit();
      return { graph, metrics };
    } catch (error) {
      await metrics?.close(0);
      await graph?.stop(0);
      await this.host.abandon(this.#log);
      throw error;
    }
  }
}

interface Running {
  readonly graph: Graph;
  readonly metrics: OwnMetrics | undefined;
}

interface Start {
  readonly write: Write;
  readonly options: CollectorOptions;
}

/** What the first graph of a process begins with. */
interface First extends Running {
  readonly kept: KeptLedger | undefined;
  readonly restored: LedgerSnapshot;
}

/** Only where there is a folder anyway: a collector that keeps nothing else leaves none behind. */
async function keep(ledger: Ledger, { keepsState, plan }: Loaded, log: Log): Promise<KeptLedger | undefined> {
  if (!keepsState) return undefined;
  const { KeptLedger: Keeper } = await import('./kept-ledger.ts');
  const { directory } = plan.storage;
  return Keeper.open(ledger, { directory, known: plan.scope.known, clock: systemClock, log });
}

async function ownMetrics(
  { service }: Loaded,
  { onlyAsked }: CollectorOptions,
  graphHost: Host,
  host: CollectorHost,
  log: Log,
): Promise<OwnMetrics | undefined> {
  const { metrics } = service.telemetry;
  return metrics.byDefault && onlyAsked === true ? undefined : openOwnMetrics(metrics, graphHost, host, log);
}

function settingsOf({ auth, matrix, detected }: Loaded, log: Log, { engine }: CollectorOptions): HostOptions {
  return { auth, matrix, runsAs: detected.scope, log, engine };
}

function logOf(loaded: Loaded, write: Write): Log {
  const log = createLog(write, loaded.service.telemetry.logs);
  for (const warning of loaded.warnings) log.warn(formatFault(warning));
  return log;
}

async function recordChange(
  host: CollectorHost,
  action: 'started' | 'reloaded',
  loaded: Loaded,
  changes: readonly string[] = [],
): Promise<void> {
  if (!host.audit.active) return;
  const { configEvent } = await import('./config-event.ts');
  void host.audit.record(configEvent(action, loaded, changes));
}

function recordRefusal(host: CollectorHost, cause: string): void {
  const details = { cause: cause.split('\n').slice(0, TOLD_LINES).join(' ') };
  void host.audit.record({ type: 'CONFIG_CHANGE', severity: 'ERROR', action: 'reload_refused', result: 'FAILURE', details });
}
