import { BEGUN, COUNT, ZEROS } from '../metrics/layout.kernel.ts';

/** Copies a histogram that another thread may be writing, as it was at one moment: the layout is that of
 *  metrics/layout.kernel.ts. Costs a load and a store per float, and two fences. */
const TRIES = 1000;
const fence = new Int32Array(new SharedArrayBuffer(4));

/**
 * `length` floats from `at` to `into`. `rest` is where, besides slot 5, bucket counts begin; they go on to the end. `begins`:
 * measurements count up BEGUN first. False when the writer never left it alone: its state comes with the next reading.
 */
export function copyHistogram(
  cells: Float64Array,
  at: number,
  length: number,
  rest: number,
  begins: boolean,
  into: Float64Array,
): boolean {
  for (let tries = 0; tries < TRIES; tries++) {
    const count = cells[at + COUNT]!;
    Atomics.add(fence, 0, 1);
    for (let i = 0; i < length; i++) into[i] = cells[at + i]!;
    Atomics.add(fence, 0, 1);
    if (into[COUNT] !== count || (begins && cells[at + BEGUN] !== count)) continue;
    let sum = into[ZEROS]!;
    for (let i = rest; i < length; i++) sum += into[i]!;
    if (sum === count) return true;
  }
  return false;
}
