import { EXPORT_LIMITS } from '../limits.ts';
import { type CollectorsEnd, quietly } from './collectors-end.ts';

/** What has last data to send. All of it is bounded by the time that it is told, and nothing rejects. */
export interface EndPart {
  /** Sends what is there, and gives what blocks until that was delivered (true), or the time, which begins here, is over.
   *  Undefined: nothing. */
  beginFlush?(timeoutMs: number): (() => boolean) | undefined;
  /** Where a signal is to end the process, or the event loop has come to its end and is kept going: for what blocking cannot
   *  wait for, or is dear. Undefined: nothing. */
  turning?(timeoutMs: number, isSignal: boolean): Promise<unknown> | undefined;
}

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
 * EXPORT_LIMITS.flushMs is the time for all of it: the parts send at once, and the collectors of this process, which end
 * after them, have half of it at least. Returns what undoes it.
 */
export function flushAtEnd(parts: () => readonly EndPart[], collectors: CollectorsEnd): () => void {
  const { flushMs } = EXPORT_LIMITS;
  // For so long the event loop was kept going at its end: that much less is left for `exit`, which follows.
  let [keptSinceMs, keptUntilMs] = [0, 0];
  const leftMs = (): number => flushMs - Math.min(keptUntilMs, performance.now()) + keptSinceMs;
  const all = <Made>(step: (part: EndPart) => Made | undefined): readonly Made[] => {
    const made: Made[] = [];
    const add = (one: Made | undefined): void => void (one !== undefined && made.push(one));
    for (const part of parts()) quietly(() => add(step(part)));
    return made;
  };
  const begun = (): readonly (() => boolean)[] => {
    const timeoutMs = leftMs() / (collectors.isAny() ? 2 : 1);
    return all((part) => part.beginFlush?.(timeoutMs));
  };
  const finish = (waits: readonly (() => boolean)[], endMs: number): void => {
    for (const wait of waits) quietly(wait);
    collectors.end(endMs);
  };
  const flush = marked((): void => {
    const endMs = performance.now() + leftMs();
    finish(begun(), endMs);
  });
  // The event loop turns once more for it, comes to its end again, and is let go.
  const endOfLoop = (): void => {
    process.removeListener('beforeExit', endOfLoop);
    const turning = all((part) => part.turning?.(flushMs, false));
    [keptSinceMs, keptUntilMs] = [performance.now(), Infinity];
    void Promise.allSettled(turning).then(() => (keptUntilMs = performance.now()));
  };
  const stayLast = stayingLast(flush);

  const listeners = new Map<Signal, () => void>(SIGNALS.map((signal) => [signal, marked(() => onSignal(signal))]));
  const undo = (): void => {
    process.removeListener('newListener', stayLast);
    process.removeListener('exit', flush);
    process.removeListener('beforeExit', endOfLoop);
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
    collectors.leave();
  };
  const onSignal = (signal: Signal): void => {
    if (!process.listeners(signal).every(isOurs)) return;
    const endMs = performance.now() + flushMs;
    const turning = all((part) => part.turning?.(flushMs, true));
    const waits = begun();
    const end = (): void => {
      finish(waits, endMs);
      raise(signal);
    };
    if (turning.length === 0) return end();
    void Promise.allSettled(turning).then(end);
  };
  const raise = (signal: Signal): void => {
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

/** What other listeners of `exit` measure belongs to the last data: `flush` stays behind them. */
function stayingLast(flush: () => void): (event: string | symbol, listener: unknown) => void {
  const mayMove = moves();
  return (event, listener) => {
    if (event !== 'exit' || isOurs(listener) || !mayMove()) return;
    queueMicrotask(() => {
      if (process.listeners('exit').includes(flush)) process.removeListener('exit', flush).on('exit', flush);
    });
  };
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
