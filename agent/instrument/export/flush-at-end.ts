import { EXPORT_LIMITS } from '../limits.ts';

export interface Flushing {
  /** Blocks; true when everything was delivered. */
  flushSync(timeoutMs: number): boolean;
  /** A blocking flush is dear: where the event loop comes to its end, `flush` keeps it going a little longer. */
  readonly flushesBeforeExit: boolean;
  /** Never rejects. */
  flush(timeoutMs: number): Promise<boolean>;
}

/** What else wants to be sent before a signal ends the process, and cannot be waited for by blocking; undefined: nothing is
 *  there. Never rejects, and takes no longer than it is told. */
export type BeforeSignal = (timeoutMs: number) => Promise<unknown> | undefined;

/** Signals that end a process unless somebody listens. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof SIGNALS)[number];
/** On each listener of ours: another copy of the agent in this process must not take them for the application's. */
const OURS = Symbol.for('@periscope-otel/agent/flush-at-end');
const isOurs = (listener: unknown): boolean => typeof listener === 'function' && OURS in listener;

/**
 * Delivers the last data when the process ends, whichever way JavaScript hears of: the end of the event loop, process.exit,
 * an error or a rejection that nobody caught (all of which come as `exit`), and the signals. Exit code, signal and other
 * listeners stay as they are. Who listens to a signal decides himself what follows, and the data goes with `exit`.
 *
 * `flushed` is called when that is done. Returns what undoes it.
 */
export function flushAtEnd(
  exporter: Flushing,
  beforeSignal: BeforeSignal = () => undefined,
  flushed: () => void = () => undefined,
): () => void {
  const flush = marked((): void => {
    for (const step of [() => exporter.flushSync(EXPORT_LIMITS.flushMs), flushed]) {
      try {
        step();
      } catch {
        // The process ends as it would without us.
      }
    }
  });
  // The event loop turns once more for it, comes to its end again, and is let go.
  const endOfLoop = (): void => {
    process.removeListener('beforeExit', endOfLoop);
    if (exporter.flushesBeforeExit) void exporter.flush(EXPORT_LIMITS.flushMs);
  };
  // What other listeners of `exit` measure belongs to the last data: this one stays behind them.
  const mayMove = moves();
  const stayLast = (event: string | symbol, listener: unknown): void => {
    if (event !== 'exit' || isOurs(listener) || !mayMove()) return;
    queueMicrotask(() => {
      if (process.listeners('exit').includes(flush)) process.removeListener('exit', flush).on('exit', flush);
    });
  };

  const listeners = new Map<Signal, () => void>(SIGNALS.map((signal) => [signal, marked(() => onSignal(signal))]));
  const undo = (): void => {
    process.removeListener('newListener', stayLast);
    process.removeListener('exit', flush);
    process.removeListener('beforeExit', endOfLoop);
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
  const onSignal = (signal: Signal): void => {
    if (!process.listeners(signal).every(isOurs)) return;
    const rest = beforeSignal(EXPORT_LIMITS.flushMs);
    if (rest === undefined) endBy(signal);
    else void rest.then(() => endBy(signal));
  };
  const endBy = (signal: Signal): void => {
    flush();
    process.removeListener(signal, listeners.get(signal)!);
    // Nobody else listens: the signal does now what it would have done. To the first process of a container that is nothing.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };

  process.on('exit', flush);
  process.on('newListener', stayLast);
  process.on('beforeExit', endOfLoop);
  // First of all: a listener that was added with `once` is still there to be counted.
  for (const [signal, listener] of listeners) process.prependListener(signal, listener);
  return undo;
}

function marked(listener: () => void): () => void {
  return Object.assign(listener, { [OURS]: true });
}

/** Whether it may move behind the others once more. Two that both want to be last would move for ever, and nothing else of
 *  the process would have its turn. */
function moves(): () => boolean {
  let sinceMs = -Infinity;
  let made = 0;
  return () => {
    const nowMs = performance.now();
    if (nowMs - sinceMs >= 1000) [sinceMs, made] = [nowMs, 0];
    made += 1;
    return made <= EXPORT_LIMITS.exitMovesPerSecond;
  };
}
