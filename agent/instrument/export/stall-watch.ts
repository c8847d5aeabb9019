import { EXPORT_LIMITS } from '../limits.ts';
import { SENDING_LIMITS } from './limits.ts';
import { CONTROL } from './messages.ts';

export interface StallListener {
  /** While the application's thread is blocked, again and again. */
  blocked(seconds: number): void;
  released(seconds: number): void;
}

/** Looks from another thread whether the application's event loop turns. It counts its own looks, not the time: after a
 *  machine slept, both threads have missed the same. */
export class StallWatch {
  readonly #control: Int32Array;
  readonly #listener: StallListener;
  #last: number;
  #unchanged = 0;

  constructor(control: Int32Array, listener: StallListener) {
    this.#control = control;
    this.#listener = listener;
    this.#last = Atomics.load(control, CONTROL.beat);
  }

  /** Called each `EXPORT_LIMITS.beatMs`. */
  look(): void {
    const { beatMs } = EXPORT_LIMITS;
    const { stallMs } = SENDING_LIMITS;
    const beat = Atomics.load(this.#control, CONTROL.beat);
    const wasBlocked = this.#unchanged * beatMs >= stallMs;
    if (beat !== this.#last || Atomics.load(this.#control, CONTROL.waiting) === 1) {
      if (wasBlocked) this.#listener.released((this.#unchanged * beatMs) / 1000);
      this.#last = beat;
      this.#unchanged = 0;
      return;
    }
    this.#unchanged += 1;
    if (this.#unchanged * beatMs >= stallMs) this.#listener.blocked((this.#unchanged * beatMs) / 1000);
  }
}
