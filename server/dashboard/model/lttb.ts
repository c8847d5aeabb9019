/**
 * Largest triangle three buckets (Steinarsson 2013): of many points, those that make the same picture. Keeps the first and
 * the last; of each bucket between, the point that spans the largest triangle with the one kept before and the middle of
 * the next bucket. Returns indexes into `xs`, rising. O(n).
 */
export function lttb(xs: ArrayLike<number>, ys: ArrayLike<number>, most: number): number[] {
  const count = xs.length;
  if (count <= most || most < 3) return Array.from({ length: Math.min(count, most) }, (_, at) => at);
  const width = (count - 2) / (most - 2);
  const kept = [0];
  let before = 0;
  for (let at = 0; at < most - 2; at += 1) {
    const from = Math.floor(at * width) + 1;
    const to = Math.floor((at + 1) * width) + 1;
    const end = Math.min(Math.floor((at + 2) * width) + 1, count);
    let middleX = 0;
    let middleY = 0;
    for (let next = to; next < end; next += 1) {
      middleX += xs[next] ?? 0;
      middleY += ys[next] ?? 0;
    }
    middleX /= end - to;
    middleY /= end - to;
    let best = from;
    let area = -1;
    const x = xs[before] ?? 0;
    const y = ys[before] ?? 0;
    for (let each = from; each < to; each += 1) {
      const size = Math.abs((x - middleX) * ((ys[each] ?? 0) - y) - (x - (xs[each] ?? 0)) * (middleY - y));
      if (size <= area) continue;
      area = size;
      best = each;
    }
    kept.push(best);
    before = best;
  }
  kept.push(count - 1);
  return kept;
}
