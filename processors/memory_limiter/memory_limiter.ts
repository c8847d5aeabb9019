import type { Clock } from '../../pipeline/clock.ts';
import type { Admission, Context, Refusal } from '../../pipeline/component.ts';
import { ERRORS } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Log } from '../../pipeline/log.ts';
import type { MemoryLimiterConfig } from './config.ts';
import { ProcessMemory, type Memory, type MemoryUsage } from './memory.ts';

const MIB = 1024 * 1024;
const DEFAULT_PERCENTAGE = 80;
const DEFAULT_SPIKE = 0.2;
/** Between two collections that we ask for; doubled, up to the longest, while they free little. */
const COLLECT_MIN_MS = 1000;
const COLLECT_MAX_MS = 30_000;
/** A measurement older than this is made again before a request is refused by it. */
const STALE_MS = 50;

export interface MemoryBounds {
  readonly limitBytes: number;
  /** From here on requests are refused. */
  readonly softBytes: number;
}

export function boundsOf(config: MemoryLimiterConfig, availableBytes: number): MemoryBounds {
  const percentage = config.limit_percentage > 0 ? config.limit_percentage : DEFAULT_PERCENTAGE;
  const limitBytes = config.limit_mib > 0 ? config.limit_mib * MIB : (availableBytes * percentage) / 100;
  let spikeBytes = limitBytes * DEFAULT_SPIKE;
  if (config.limit_mib > 0 && config.spike_limit_mib > 0) spikeBytes = config.spike_limit_mib * MIB;
  if (config.limit_mib === 0 && config.spike_limit_percentage > 0)
    spikeBytes = (availableBytes * config.spike_limit_percentage) / 100;
  return { limitBytes, softBytes: Math.max(0, limitBytes - spikeBytes) };
}

/**
 * Refuses what would take the process over its limit. Usage is what lives (heap, buffers) plus what is admitted and not
 * answered: resident memory itself does not fall when buffers are freed, as the C allocator keeps their pages for the
 * next ones, so a limiter that waited for it to fall would refuse for ever. The nearer resident memory is to the limit all
 * the same, the less room is given out, from the pages that are kept: half of it at the limit, and beyond.
 */
export class MemoryLimiter implements Admission {
  readonly #bounds: MemoryBounds;
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #checkIntervalMs: number;
  /** So much may come in before it is measured again, whatever the time. */
  readonly #stepBytes: number;
  #usage: MemoryUsage = { rssBytes: 0, liveBytes: 0 };
  #measuredAtMs = -Infinity;
  #heldBytes = 0;
  #sinceBytes = 0;
  #collectedAtMs = -Infinity;
  #collectEveryMs = COLLECT_MIN_MS;
  #cancelTimer: (() => void) | undefined;

  constructor(bounds: MemoryBounds, checkIntervalMs: number, memory: Memory, clock: Clock, log: Log) {
    this.#bounds = bounds;
    this.#checkIntervalMs = checkIntervalMs;
    this.#memory = memory;
    this.#clock = clock;
    this.#log = log;
    this.#stepBytes = Math.min(16 * MIB, Math.max(MIB, (bounds.limitBytes - bounds.softBytes) / 8));
  }

  start(): void {
    if (this.#cancelTimer !== undefined) return;
    this.#check();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  admit(bytes: number): Refusal | undefined {
    if (this.#sinceBytes + bytes > this.#stepBytes) this.#measure();
    if (this.#isOver(bytes)) {
      this.#relieve();
      if (this.#isOver(bytes)) return this.#refuse();
    }
    this.#heldBytes += bytes;
    this.#sinceBytes += bytes;
    return undefined;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }

  #check(): void {
    this.#measure();
    if (this.#isOver(0)) this.#relieve();
    this.#cancelTimer = this.#clock.after(this.#checkIntervalMs, () => this.#check());
  }

  #measure(): void {
    this.#usage = this.#memory.usage();
    this.#measuredAtMs = this.#clock.now();
    this.#sinceBytes = 0;
  }

  /** What came in since the measurement may live already, although it was answered. */
  #isOver(bytes: number): boolean {
    const { rssBytes, liveBytes } = this.#usage;
    const { limitBytes, softBytes } = this.#bounds;
    const closeness = Math.min(1, Math.max(0, rssBytes - softBytes) / (limitBytes - softBytes));
    const room = softBytes * (1 - closeness / 2);
    return liveBytes + Math.max(this.#heldBytes, this.#sinceBytes) + bytes > room;
  }

  /** Looks again, and has the garbage collected, before anybody is refused; neither too often. */
  #relieve(): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#measuredAtMs >= STALE_MS || this.#sinceBytes > 0) this.#measure();
    if (!this.#isOver(0) || this.#memory.collect === undefined || nowMs - this.#collectedAtMs < this.#collectEveryMs) return;
    const before = this.#usage.liveBytes;
    this.#memory.collect();
    this.#measure();
    this.#collectedAtMs = this.#clock.now();
    const freedLittle = this.#usage.liveBytes > before * 0.95;
    this.#collectEveryMs = freedLittle ? Math.min(COLLECT_MAX_MS, this.#collectEveryMs * 2) : COLLECT_MIN_MS;
  }

  #refuse(): Refusal {
    const { limitBytes, softBytes } = this.#bounds;
    const inUse = Math.round((this.#usage.liveBytes + this.#heldBytes) / MIB);
    const message = `cannot take more data: ${inUse} MiB of memory are in use, the limit is ${Math.round(limitBytes / MIB)} MiB less a reserve of ${Math.round((limitBytes - softBytes) / MIB)} MiB`;
    this.#log.limited('memory_limiter', message);
    return {
      ok: false,
      code: 'MEMORY_LIMIT',
      retryable: ERRORS.MEMORY_LIMIT.retryable,
      message,
      retryAfterMs: LIMITS.retryAfterMs,
    };
  }
}

export function create(config: MemoryLimiterConfig, context: Context): Admission {
  const memory = new ProcessMemory();
  return new MemoryLimiter(boundsOf(config, memory.availableBytes), config.check_interval, memory, context.clock, context.log);
}
