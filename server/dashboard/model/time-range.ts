/** Which stretch of time a page shows: the last so many minutes (it moves), or one that stands still. */
export type TimeRange =
  | { readonly kind: 'last'; readonly ms: number }
  | { readonly kind: 'fixed'; readonly fromMs: number; readonly toMs: number };

/** A stretch at one moment: `fromMs` belongs to it, `toMs` does not. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export const RANGES: readonly { readonly ms: number; readonly name: string; readonly label: string }[] = [
  { ms: 5 * 60_000, name: '5m', label: '5 minutes' },
  { ms: 15 * 60_000, name: '15m', label: '15 minutes' },
  { ms: 30 * 60_000, name: '30m', label: '30 minutes' },
  { ms: 60 * 60_000, name: '1h', label: '1 hour' },
];
export const DEFAULT_RANGE: TimeRange = { kind: 'last', ms: 15 * 60_000 };

/** One that the page offers by a button. */
export const isNamed = (range: TimeRange): boolean => range.kind === 'last' && RANGES.some(({ ms }) => ms === range.ms);

export function stretchOf(range: TimeRange, nowMs: number): Stretch {
  if (range.kind === 'fixed') return { fromMs: range.fromMs, toMs: range.toMs };
  return { fromMs: nowMs - range.ms, toMs: nowMs };
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
/** Width of a bucket in seconds, so that a stretch has at most `bucketsMax` of them. */
export function stepSeconds({ fromMs, toMs }: Stretch, bucketsMax: number): number {
  const wanted = Math.max(0, toMs - fromMs) / 1000 / bucketsMax;
  const last = STEPS_S.at(-1) ?? 3600;
  return STEPS_S.find((step) => step >= wanted) ?? Math.ceil(wanted / last) * last;
}

/** As it stands in an address: `15m`, or `1795258800000-1795258860000`. */
export function rangeText(range: TimeRange): string {
  if (range.kind === 'fixed') return `${Math.round(range.fromMs)}-${Math.round(range.toMs)}`;
  return RANGES.find(({ ms }) => ms === range.ms)?.name ?? `${Math.round(range.ms / 1000)}s`;
}

/** What the times of the tables reach to, forth and back: 2262 and 1677. */
const TIME_MOST_MS = 9_223_372_036_000;

/** Whatever somebody has written into the address; undefined when it is no range. */
export function parseRange(text: string): TimeRange | undefined {
  const named = RANGES.find(({ name }) => name === text);
  if (named !== undefined) return { kind: 'last', ms: named.ms };
  const seconds = /^(\d{1,7})s$/.exec(text)?.[1];
  if (seconds !== undefined && Number(seconds) > 0) return { kind: 'last', ms: Number(seconds) * 1000 };
  const [fromMs = Number.NaN, toMs = Number.NaN] = (/^(-?\d{1,13})-(-?\d{1,13})$/.exec(text) ?? []).slice(1).map(Number);
  if (!(-TIME_MOST_MS <= fromMs && fromMs < toMs && toMs <= TIME_MOST_MS)) return undefined;
  return { kind: 'fixed', fromMs, toMs };
}

/** Whole buckets only: one that is still filling looks like a fall. A stretch that stands still is widened to whole ones. */
export function wholeBuckets({ fromMs, toMs }: Stretch, step: number, moves: boolean): Stretch {
  const width = step * 1000;
  const from = Math.floor(fromMs / width) * width;
  const to = (moves ? Math.floor(toMs / width) : Math.ceil(toMs / width)) * width;
  return { fromMs: from, toMs: Math.max(to, from + width) };
}
