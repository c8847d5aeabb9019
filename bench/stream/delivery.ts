import { spread } from '../statistics.ts';

/** A delta that a client has: when it came, and when the newest of its points was sent (ms since 1970). */
export interface Arrival {
  readonly atMs: number;
  readonly newestMs: number;
}

export interface Delivery {
  /** How often the server sent. */
  readonly ticks: number;
  readonly deltas: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** From the newest point of a delta to that delta, the wait for the server's next second included. */
  readonly agesP50Ms: number;
  readonly agesP99Ms: number;
}

/** Deltas are sent once a second: a pause between them as long as this is the one between two seconds. */
const PAUSE_MS = 150;

/**
 * How long deltas took from the server to the clients. The server does not say when it sends: that is after the newest
 * point that is in any delta of the same second, so the times here are too long by what passed since that point, which is
 * little where points are sent all the time. Says nothing of deltas that come when those of the next second do.
 */
export function deliveryOf(arrivals: readonly Arrival[]): Delivery {
  const inTime = arrivals.toSorted((a, b) => a.atMs - b.atMs);
  const delays: number[] = [];
  let ticks = 0;
  for (let from = 0; from < inTime.length; ticks++) {
    let to = from + 1;
    while (to < inTime.length && inTime[to]!.atMs - inTime[to - 1]!.atMs < PAUSE_MS) to++;
    const tick = inTime.slice(from, to);
    const sentMs = tick.reduce((newest, { newestMs }) => Math.max(newest, newestMs), 0);
    for (const { atMs } of tick) delays.push(atMs - sentMs);
    from = to;
  }
  const ages = inTime.map(({ atMs, newestMs }) => atMs - newestMs);
  return {
    ticks,
    deltas: inTime.length,
    p50Ms: spread(delays).median,
    p99Ms: quantile(delays, 0.99),
    maxMs: spread(delays).max,
    agesP50Ms: spread(ages).median,
    agesP99Ms: quantile(ages, 0.99),
  };
}

/** The smallest value that `share` of them do not exceed; NaN of nothing. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
