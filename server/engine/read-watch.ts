/** A request whose body is still coming in. */
export interface Reading {
  /** Set by the engine when bytes came in; cleared by the watch. */
  progress: boolean;
  /** Both are the watch's own, in ms of its clock; 0 until it first looked. */
  startedAtMs: number;
  progressAtMs: number;
  /** The body stalled, or took too long as a whole. */
  expire(): void;
  /** Called on each look at a request that goes on. */
  keep?(): void;
}

const LOOKS_PER_TIMEOUT = 4;
const LOOK_MS_MAX = 1000;
const LOOK_MS_MIN = 10;

/** One timer for all bodies of a listener: a timer per request would cost more than the request. */
export class ReadWatch {
  readonly #idleTimeoutMs: number;
  readonly #readTimeoutMs: number;
  readonly #lookMs: number;
  readonly #readings = new Set<Reading>();
  #timer: NodeJS.Timeout | undefined;

  /** 0 = no bound. */
  constructor(idleTimeoutMs: number, readTimeoutMs: number) {
    this.#idleTimeoutMs = idleTimeoutMs === 0 ? Infinity : idleTimeoutMs;
    this.#readTimeoutMs = readTimeoutMs === 0 ? Infinity : readTimeoutMs;
    const shortest = Math.min(this.#idleTimeoutMs, this.#readTimeoutMs) / LOOKS_PER_TIMEOUT;
    this.#lookMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, shortest));
  }

  add(reading: Reading): void {
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#look(), this.#lookMs);
      this.#timer.unref();
    }
    this.#readings.add(reading);
  }

  delete(reading: Reading): void {
    this.#readings.delete(reading);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#readings.clear();
  }

  #look(): void {
    if (this.#readings.size === 0) {
      this.stop();
      return;
    }
    const nowMs = performance.now();
    for (const reading of this.#readings) {
      if (reading.startedAtMs === 0) reading.startedAtMs = nowMs;
      if (reading.progress || reading.progressAtMs === 0) {
        reading.progress = false;
        reading.progressAtMs = nowMs;
      }
      if (nowMs - reading.progressAtMs >= this.#idleTimeoutMs || nowMs - reading.startedAtMs >= this.#readTimeoutMs) {
        this.#readings.delete(reading);
        reading.expire();
      } else {
        reading.keep?.();
      }
    }
  }
}
