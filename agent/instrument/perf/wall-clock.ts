import { PERF_LIMITS } from '../limits.ts';

/**
 * ms since 1970, with decimals: what the process has counted since it began, set anew when the clock of the machine was set or
 * the machine has slept. Two readings one after the other differ, which Date.now() does not promise. Neither clock is read before
 * the first time is asked for: to look at `performance` loads node:perf_hooks, which is not for an application's start.
 */
export function wallClock(dateNow: () => number = Date.now, counted: () => number = () => performance.now()): () => number {
  let originMs = Number.NEGATIVE_INFINITY;
  return () => {
    const dateMs = dateNow();
    if (Math.abs(originMs + counted() - dateMs) > PERF_LIMITS.clockDriftMs) originMs = dateMs - counted();
    return originMs + counted();
  };
}
