import { StartError } from '../pipeline/errors.ts';
import { partsOf } from './embed/configuration.ts';
import type { EmbeddedCollector, EmbedOptions } from './embed/contract.ts';

export type {
  Closed,
  ConfigInput,
  Crash,
  EmbeddedCollector,
  EmbeddedState,
  EmbeddedStatus,
  EmbedOptions,
  ExportOptions,
  SqlOptions,
  SqlRows,
} from './embed/contract.ts';
export { QueryError } from './embed/contract.ts';
export { StartError } from '../pipeline/errors.ts';
export type { Outcome, Refusal, Rejection } from '../pipeline/component.ts';
export type { Signal } from '../pipeline/signal.ts';

/**
 * Starts a collector inside this process: the same configuration and pipeline as `periscope run`, in a thread of its own
 * unless `thread: 'main'`. Nothing listens but what the configuration asks for. It installs no signal handlers, never ends
 * the process and, in its own thread, does not keep it alive. Rejects with one readable StartError when the configuration is
 * bad or a port is taken.
 */
export async function startCollector(options: EmbedOptions = {}): Promise<EmbeddedCollector> {
  const settings = {
    config: partsOf(options.config),
    set: options.set ?? [],
    skipUnsupported: options.skipUnsupported === true,
  };
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  if (options.thread === 'main') {
    const { MainCollector } = await import('./embed/main-collector.ts');
    return MainCollector.start(settings, log);
  }
  const { ThreadedCollector } = await import('./embed/threaded-collector.ts');
  const { onCrash, maxHeapMb } = options;
  if (maxHeapMb !== undefined && !(Number.isFinite(maxHeapMb) && maxHeapMb > 0))
    throw new StartError(`cannot start the collector's thread: maxHeapMb is ${String(maxHeapMb)}, and no number above 0`);
  return ThreadedCollector.start({
    settings,
    log,
    ...(onCrash !== undefined && { onCrash }),
    ...(maxHeapMb !== undefined && { maxHeapMb }),
  });
}
