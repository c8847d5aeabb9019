/** Comparing runs of bytes by hand: most are short, and most differ early. */

/** True when bytes [start, end) equal `text`. */
export function equals(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return end - start === text.length && sameRun(bytes, start, end, text, 0, text.length);
}

/** True when two runs hold the same bytes. */
export function sameRun(a: Uint8Array, start: number, end: number, b: Uint8Array, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = 0; i < end - start; i++) if (a[start + i] !== b[otherStart + i]) return false;
  return true;
}

/** Below, at or above 0, as Go compares byte slices and strings. */
export function compareRuns(
  a: Uint8Array,
  start: number,
  end: number,
  b: Uint8Array,
  otherStart: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let i = 0; i < length; i++) if (a[start + i] !== b[otherStart + i]) return a[start + i]! - b[otherStart + i]!;
  return end - start - (otherEnd - otherStart);
}
