/**
 * Where the rows of a long list begin, in pixels from its top: `tops[at]`, and behind the last row the height of all.
 * A row has the usual height unless `heightOf` knows another.
 */
export function rowTops(count: number, usual: number, heightOf: (at: number) => number | undefined): Float64Array {
  const tops = new Float64Array(count + 1);
  let top = 0;
  for (let at = 0; at < count; at += 1) {
    tops[at] = top;
    top += heightOf(at) ?? usual;
  }
  tops[count] = top;
  return tops;
}

/** The row that is `y` pixels below the top of the list: the first or the last one when there is none. */
export function rowAt(tops: Float64Array, y: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How far a list must be scrolled for a row to be seen whole; nowhere when it is. Of a row that is higher than the list, its top. */
export function scrolledTo(tops: Float64Array, at: number, scrolled: number, height: number): number {
  const [top = 0, bottom = 0] = [tops[at], tops[at + 1]];
  return top < scrolled || bottom - top > height ? top : Math.max(scrolled, bottom - height);
}
