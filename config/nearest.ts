/** Edits (insert, delete, replace, swap of neighbours) between two short texts, given up at `max` + 1. */
export function editDistance(left: string, right: string, max: number): number {
  if (Math.abs(left.length - right.length) > max) return max + 1;
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const current = [i];
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1;
      let distance = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        distance = Math.min(distance, before[j - 2]! + 1);
      }
      current.push(distance);
    }
    before = previous;
    previous = current;
  }
  return previous[right.length]!;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9/]/g, '');

/** The name that was probably meant, or undefined when none is near: a third of the letters may be wrong. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const wanted = plain(name);
  const max = Math.max(1, Math.min(3, Math.floor(wanted.length / 3)));
  let best: string | undefined;
  let bestDistance = max + 1;
  for (const candidate of names) {
    const distance = editDistance(wanted, plain(candidate), max);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
