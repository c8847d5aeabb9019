import { LIMITS } from '../../pipeline/limits.ts';
import { agentsEndCollectors } from './offer.ts';

export interface Ending {
  stop(): Promise<void>;
  /** Blocks; absent where it cannot. */
  stopSync?(timeoutMs: number): void;
}

/**
 * Stops a collector that the application forgot: where its event loop comes to an end, with all the time that the
 * configuration gives; at process.exit and errors that nobody caught, which come as `exit`, within LIMITS.embeddedExitMs.
 * Where an agent of this process sends to it, that sends its last data first and ends it then. Signals are the
 * application's. Returns what undoes it.
 */
export function stopAtEnd(collector: Ending): () => void {
  const endOfLoop = (): void => void collector.stop();
  const exit = (): void => {
    if (agentsEndCollectors()) return;
    try {
      collector.stopSync?.(LIMITS.embeddedExitMs);
    } catch {
      // The process ends as it would without us.
    }
  };
  process.once('beforeExit', endOfLoop);
  process.on('exit', exit);
  return () => {
    process.removeListener('beforeExit', endOfLoop);
    process.removeListener('exit', exit);
  };
}
