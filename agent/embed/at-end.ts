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
  // However many there are, the process has one listener of each: it warns of more than ten.
  if (running.size === 0) process.on('beforeExit', endOfLoop).on('exit', exit);
  running.add(collector);
  return () => {
    if (!running.delete(collector) || running.size > 0) return;
    process.removeListener('beforeExit', endOfLoop).removeListener('exit', exit);
  };
}

const running = new Set<Ending>();

function endOfLoop(): void {
  for (const collector of running) void collector.stop();
}

function exit(): void {
  if (agentsEndCollectors()) return;
  for (const collector of running) {
    try {
      collector.stopSync?.(LIMITS.embeddedExitMs);
    } catch {
      // The process ends as it would without us.
    }
  }
}
