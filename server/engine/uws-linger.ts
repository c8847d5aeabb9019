import { LIMITS } from '../../pipeline/limits.ts';
import type { UwsResponse } from './uws-native.ts';

/** Refusals are short; a longer answer may not fit into what the engine takes at once. */
export const LINGER_ANSWER_BYTES = 4096;

/**
 * The end of a connection whose sender is still sending: the answer but for its last byte is out, so the sender has
 * read status, headers and words, and the engine takes the response for open. What comes is thrown away until the body
 * ends, nothing came for a moment, or there was too much of it.
 */
export class UwsLinger {
  readonly #response: UwsResponse;
  readonly #answer: Uint8Array;
  readonly #timer: NodeJS.Timeout;
  #leftBytes: number = LIMITS.lingerBytes;
  #over = false;

  /** Status and headers are written. `answer`: 1 to LINGER_ANSWER_BYTES bytes. */
  constructor(response: UwsResponse, answer: Uint8Array) {
    this.#response = response;
    this.#answer = answer;
    this.#timer = setTimeout(() => this.#end(), LIMITS.lingerMs);
    this.#timer.unref();
    response.tryEnd(answer.subarray(0, -1), answer.length);
  }

  discard(bytes: number, last: boolean): void {
    if (this.#over) return;
    this.#leftBytes -= bytes;
    if (last) this.#end();
    else if (this.#leftBytes < 0) this.#response.close();
    else this.#timer.refresh();
  }

  /** The connection is gone. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #end(): void {
    if (this.#over) return;
    this.stop();
    this.#response.cork(() => void this.#response.tryEnd(this.#answer.subarray(-1), this.#answer.length));
  }
}
