import type { LedgerSnapshot } from '../pipeline/ledger.ts';
import type { ComponentStatus } from '../pipeline/status.ts';
import { loadOrRefuse } from './collector/configs.ts';
import { startLoaded } from './collector/run.ts';

export interface EmbedOptions {
  /** Files, `file:path`, `env:NAME` or `yaml:text`, merged in order; absent = the shipped configuration. */
  readonly config?: string | readonly string[];
  /** `a.b=value`, after all files. */
  readonly set?: readonly string[];
  readonly skipUnsupported?: boolean;
  /** Gets the collector's log, a line at a time; absent = stderr. */
  readonly log?: (line: string) => void;
}

export interface EmbeddedCollector {
  /** URLs of the open listeners, such as `http://127.0.0.1:4318`, in the order in which they were opened. */
  readonly urls: readonly string[];
  ledger(): LedgerSnapshot;
  status(): readonly ComponentStatus[];
  /** Drains within `service.shutdown_timeout`. Safe twice. */
  stop(): Promise<void>;
}

/**
 * Starts a collector inside this process: the same configuration and pipeline as `periscope run`. It installs no signal
 * handlers and never ends the process. Rejects with one readable Error when the configuration is bad or a port is taken.
 */
export async function startCollector(options: EmbedOptions = {}): Promise<EmbeddedCollector> {
  const { loaded } = await loadOrRefuse({
    config: [options.config ?? []].flat(),
    set: options.set ?? [],
    skipUnsupported: options.skipUnsupported === true,
  });
  const { host, stop } = await startLoaded(loaded, options.log ?? ((line) => void process.stderr.write(`${line}\n`)));
  return {
    urls: host.listeners.map(({ listener }) => listener.url),
    ledger: () => host.ledger(),
    status: () => host.status(),
    stop,
  };
}
