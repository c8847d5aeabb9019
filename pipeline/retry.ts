import type { Delivery } from './plan.ts';

type RetryConfig = Delivery['retry_on_failure'];

/**
 * How long a batch waits before it is sent again, in ms: AWS' "full jitter", uniform(0, ceiling) with
 * ceiling = min(max_interval, initial_interval * multiplier^failures). `randomization_factor` below 1 lifts the lower
 * end to ceiling * (1 - factor). Never less than what the destination asked for by Retry-After.
 * `failures` is how often it failed before this time; `random` gives [0, 1).
 */
export function backoffMs(config: RetryConfig, failures: number, random: () => number, retryAfterMs = 0): number {
  // Bounded, as 0 * Infinity would be no number.
  const growth = Math.min(config.multiplier ** failures, Number.MAX_VALUE);
  const ceiling = Math.min(config.max_interval, config.initial_interval * growth);
  const jittered = ceiling * (1 - config.randomization_factor * random());
  return Math.max(jittered, retryAfterMs);
}

/** Would waiting `delayMs` more exceed what `max_elapsed_time` allows since the first attempt. */
export function isExhausted(config: RetryConfig, elapsedMs: number, delayMs: number): boolean {
  return !config.enabled || (config.max_elapsed_time > 0 && elapsedMs + delayMs > config.max_elapsed_time);
}
