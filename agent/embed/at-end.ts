import { LIMITS } from '../../pipeline/limits.ts';

export interface Ending {
  stop(): Promise<void>;
  /** Blocks; absent where it cannot. */
  stopSync?(timeoutMs: number): void;
}

/**
 * Stops a collector that the application forgot: where its event loop comes to an end, with all the time that the
 * configuration gives; at process.exit and errors that nobody caught, which come as `exit`, within LIMITS.embeddedExitMs.
 * Signals are the application's. Returns what undoes it.
 */
export function stopAtEnd(collector: Ending): () => void {
  const endOfLoop = (): void => void collector.stop();
  const exit = (): void => {
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
