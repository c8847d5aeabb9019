import { LIMITS } from '../../pipeline/limits.ts';

/**
 * Log lines on their way to a thread that may be busy: no more than LIMITS.embeddedLines wait for it, and what is left out
 * is told with the next line that is not. `cells[taken]`, which begins where `sent` does, counts up with each line that the other side takes.
 */
export class BoundedLines {
  readonly #cells: Int32Array;
  readonly #taken: number;
  readonly #send: (line: string) => void;
  #sent: number;
  #leftOut = 0;

  constructor(cells: Int32Array, taken: number, send: (line: string) => void, sent = 0) {
    this.#cells = cells;
    this.#taken = taken;
    this.#send = send;
    this.#sent = sent;
  }

  write(line: string): void {
    // Both count round 32 bits.
    const waiting = (this.#sent - Atomics.load(this.#cells, this.#taken)) | 0;
    if (waiting >= LIMITS.embeddedLines) {
      this.#leftOut += 1;
      return;
    }
    const told =
      this.#leftOut === 0 ? line : `${line} (${this.#leftOut} lines before it were left out: the application was busy)`;
    this.#leftOut = 0;
    this.#sent = (this.#sent + 1) | 0;
    this.#send(told);
  }
}
