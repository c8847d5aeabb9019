import { EXPORT_LIMITS } from '../limits.ts';

export interface Flushing {
  /** Blocks; true when everything was delivered. */
  flushSync(timeoutMs: number): boolean;
  /** A blocking flush is dear: where the event loop comes to its end, `flush` keeps it going a little longer. */
  readonly flushesBeforeExit: boolean;
  /** Never rejects. */
  flush(timeoutMs: number): Promise<boolean>;
}

/** Signals that end a process unless somebody listens. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof SIGNALS)[number];

/**
 * Delivers the last data when the process ends, whichever way JavaScript hears of: the end of the event loop, process.exit,
 * an error or a rejection that nobody caught (all of which come as `exit`), and the signals. Exit code, signal and other
 * listeners stay as they are. Who listens to a signal decides himself what follows, and the data goes with `exit`.
 *
 * Returns what undoes it.
 */
export function flushAtEnd(exporter: Flushing): () => void {
  const flush = (): void => {
    try {
      exporter.flushSync(EXPORT_LIMITS.flushMs);
    } catch {
      // The process ends as it would without us.
    }
  };
  // The event loop turns once more for it, comes to its end again, and is let go.
  const endOfLoop = (): void => {
    process.removeListener('beforeExit', endOfLoop);
    if (exporter.flushesBeforeExit) void exporter.flush(EXPORT_LIMITS.flushMs);
  };
  // What other listeners of `exit` measure belongs to the last data: this one stays behind them.
  const stayLast = (event: string | symbol, listener: unknown): void => {
    if (event !== 'exit' || listener === flush) return;
    queueMicrotask(() => {
      if (process.listeners('exit').includes(flush)) process.removeListener('exit', flush).on('exit', flush);
    });
  };

  const listeners = new Map<Signal, () => void>(SIGNALS.map((signal) => [signal, () => onSignal(signal)]));
  const undo = (): void => {
    process.removeListener('newListener', stayLast);
    process.removeListener('exit', flush);
    process.removeListener('beforeExit', endOfLoop);
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
  const onSignal = (signal: Signal): void => {
    if (process.listenerCount(signal) > 1) return;
    flush();
    // Nobody else listens: the signal does now what it would have done. To the first process of a container that is nothing.
    process.removeListener(signal, listeners.get(signal)!);
    process.kill(process.pid, signal);
  };

  process.on('exit', flush);
  process.on('newListener', stayLast);
  process.on('beforeExit', endOfLoop);
  // First of all: a listener that was added with `once` is still there to be counted.
  for (const [signal, listener] of listeners) process.prependListener(signal, listener);
  return undo;
}
