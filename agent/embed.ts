import type { LedgerSnapshot } from '../pipeline/ledger.ts';
import type { ComponentStatus } from '../pipeline/status.ts';
import { Collector } from './collector/collector.ts';
import { originOf } from './collector/configs.ts';

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
  /** Reads the configuration again and goes over to it, as SIGHUP does for `periscope run`. Resolves to whether it did;
   *  when not, the log says why and all is as it was. */
  reload(): Promise<boolean>;
  /** Drains within `service.shutdown_timeout`. Safe twice. */
  stop(): Promise<void>;
}

/**
 * Starts a collector inside this process: the same configuration and pipeline as `periscope run`. It installs no signal
 * handlers and never ends the process. Rejects with one readable Error when the configuration is bad or a port is taken.
 */
export async function startCollector(options: EmbedOptions = {}): Promise<EmbeddedCollector> {
  const origin = originOf({
    config: [options.config ?? []].flat(),
    set: options.set ?? [],
    skipUnsupported: options.skipUnsupported === true,
  });
  const collector = await Collector.start(await origin.load(), options.log ?? ((line) => void process.stderr.write(`${line}\n`)));
  const { host } = collector;
  return {
    get urls() {
      return host.listeners.map(({ listener }) => listener.url);
    },
    ledger: () => host.ledger(),
    status: () => host.status(),
    reload: () => collector.reload(() => origin.load()),
    stop: () => collector.stop(),
  };
}
