import type { SeriesSink } from './contract.ts';
import { METRIC_LIMITS } from './limits.ts';

/** Room in a page. */
export interface Cells {
  readonly page: number;
  readonly floats: Float64Array;
  readonly offset: number;
}

/** Hands out room for the numbers of series. Pages are never given back: series live as long as the process. */
export class CellArena {
  readonly #sink: SeriesSink;
  #pages = 0;
  #floats: Float64Array = new Float64Array(0);
  #used = 0;

  constructor(sink: SeriesSink) {
    this.#sink = sink;
  }

  allocate(size: number): Cells {
    if (size > METRIC_LIMITS.pageFloats / 2) return { page: this.#pages, floats: this.#page(size), offset: 0 };
    if (this.#used + size > this.#floats.length) {
      this.#floats = this.#page(METRIC_LIMITS.pageFloats);
      this.#used = 0;
      this.#current = this.#pages - 1;
    }
    this.#used += size;
    return { page: this.#current, floats: this.#floats, offset: this.#used - size };
  }

  #current = 0;

  #page(floats: number): Float64Array {
    const buffer = new SharedArrayBuffer(floats * 8);
    this.#sink.addPage({ id: this.#pages, buffer });
    this.#pages += 1;
    return new Float64Array(buffer);
  }
}
