/** A request whose body is still coming in. */
export interface Reading {
  /** Set by the engine when bytes came in; cleared by the watch. */
  progress: boolean;
  /** Both are the watch's own, in ms of its clock; 0 until it first looked. */
  startedAtMs: number;
  progressAtMs: number;
  /** Its neighbours in the watch's own list; undefined outside. */
  watchBefore?: Reading | undefined;
  watchAfter?: Reading | undefined;
  /** The body stalled, or took too long as a whole. */
  expire(): void;
  /** Called on each look at a request that goes on. */
  keep?(): void;
}

const LOOKS_PER_TIMEOUT = 4;
const LOOK_MS_MAX = 1000;
const LOOK_MS_MIN = 10;

/** One timer for all bodies of a listener: a timer per request would cost more than the request. They stand in a linked
 *  list, as most are gone again before anybody looks, and a Set costs 0.2 us for each. */
export class ReadWatch {
  readonly #idleTimeoutMs: number;
  readonly #readTimeoutMs: number;
  readonly #lookMs: number;
  #first: Reading | undefined;
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
    reading.watchAfter = this.#first;
    if (this.#first !== undefined) this.#first.watchBefore = reading;
    this.#first = reading;
  }

  /** Harmless for one that is not watched. */
  delete(reading: Reading): void {
    const { watchBefore: before, watchAfter: after } = reading;
    if (before === undefined && this.#first !== reading) return;
    if (before === undefined) this.#first = after;
    else before.watchAfter = after;
    if (after !== undefined) after.watchBefore = before;
    reading.watchBefore = undefined;
    reading.watchAfter = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    while (this.#first !== undefined) this.delete(this.#first);
  }

  #look(): void {
    if (this.#first === undefined) {
      this.stop();
      return;
    }
    const nowMs = performance.now();
    const readings: Reading[] = [];
    for (let reading: Reading | undefined = this.#first; reading !== undefined; reading = reading.watchAfter)
      readings.push(reading);
    for (const reading of readings) {
      if (reading.startedAtMs === 0) reading.startedAtMs = nowMs;
      if (reading.progress || reading.progressAtMs === 0) {
        reading.progress = false;
        reading.progressAtMs = nowMs;
      }
      if (nowMs - reading.progressAtMs >= this.#idleTimeoutMs || nowMs - reading.startedAtMs >= this.#readTimeoutMs) {
        this.delete(reading);
        reading.expire();
      } else {
        reading.keep?.();
      }
    }
  }
}
