import { LIMITS } from '../../pipeline/limits.ts';
import { agentsEndCollectors } from './offer.ts';

export interface Ending {
  stop(): Promise<void>;
  /** Blocks; absent where it cannot. */
  stopSync?(timeoutMs: number): void;
  /** Begins that, and does not wait. */
  beginStop?(timeoutMs: number): void;
}

/**
 * Stops a collector that the application forgot: where its event loop comes to an end, with all the time that the
 * configuration gives; at process.exit and errors that nobody caught, which come as `exit`, within LIMITS.embeddedExitMs, however many they are.
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
  if (!agentsEndCollectors()) endAll();
}

/** The process ends now: blocks until all collectors have stopped, or the time is over. Never throws. */
export function endAll(timeoutMs: number = LIMITS.embeddedExitMs): void {
  const endMs = performance.now() + timeoutMs;
  const leftMs = (): number => Math.max(0, endMs - performance.now());
  // One that hangs takes nobody's time: all of them have begun when the first is waited for.
  for (const collector of running) quietly(() => collector.beginStop?.(leftMs()));
  for (const collector of running) quietly(() => collector.stopSync?.(leftMs()));
}

function quietly(step: () => void): void {
  try {
    step();
  } catch {
    // The process ends as it would without us.
  }
}
