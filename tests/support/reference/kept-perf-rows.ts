/* eslint-disable no-control-regex -- what is cleaned away */
import type { PerfMetric } from '../../../pipeline/perf/record.ts';

/** What PerfRows keeps, as a list that is searched. */
export class NaivePerfRows {
  rows: string[][] = [];
  taken = 0;
  readonly #scope: string;
  readonly #rowsMax: number;

  constructor(scope: string, rowsMax: number) {
    this.#scope = scope;
    this.#rowsMax = rowsMax;
  }

  add({ category, topic, id, value, properties }: PerfMetric): boolean {
    const claim = properties?.['scope'];
    if ((claim !== undefined && claim !== this.#scope) || category === '') return false;
    const text = String(value)
      .replaceAll(/[\u0000-\u001f]/g, ' ')
      .replaceAll(/\p{Cs}/gu, '\ufffd');
    this.rows = this.rows.filter(([...row]) => row.slice(0, 3).join() !== [category, topic, id].join());
    this.rows.push([category, topic, id, text]);
    this.rows = this.rows.slice(-this.#rowsMax);
    this.taken += 1;
    return true;
  }
}
