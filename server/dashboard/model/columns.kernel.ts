/**
 * Many points as columns of a picture: of each column the least and the greatest value, in the order in which they came.
 * A column is `width` wide, column 0 of `out` begins at `first * width`; `xs` rise, NaN in `ys` is a gap. `out` has two
 * places per column: NaN = nothing, -Infinity = only a gap, one value in the first place = that one alone. Points
 * `from`..`to` (without `to`) that lie in no column of `out` are left out. O(n), allocates nothing.
 */
export function columnExtremes(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  from: number,
  to: number,
  width: number,
  first: number,
  out: Float64Array,
): void {
  out.fill(Number.NaN);
  const columns = out.length >> 1;
  let column = -1;
  let least = 0;
  let most = 0;
  let leastAt = -1;
  let mostAt = -1;
  for (let at = from; at < to; at += 1) {
    const here = Math.floor((xs[at] as number) / width) - first;
    if (here < 0) continue;
    if (here >= columns) break;
    const y = ys[at] as number;
    if (here !== column) {
      column = here;
      leastAt = -1;
    }
    // Only NaN is not itself.
    if (y !== y) {
      if (leastAt === -1) out[2 * here] = -Infinity;
      continue;
    }
    if (leastAt === -1) {
      least = y;
      most = y;
      leastAt = at;
      mostAt = at;
      out[2 * here] = y;
      continue;
    }
    if (y < least) {
      least = y;
      leastAt = at;
    } else if (y > most) {
      most = y;
      mostAt = at;
    } else continue;
    out[2 * here] = leastAt < mostAt ? least : most;
    out[2 * here + 1] = leastAt < mostAt ? most : least;
  }
}
