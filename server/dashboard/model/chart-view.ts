import type { Stretch, TimeRange } from './time-range.ts';

/** Narrowest and widest stretch that a chart can be zoomed to. */
const WIDTH_LEAST_MS = 1000;
const WIDTH_MOST_MS = 7 * 86_400_000;
/** So near to the live edge, as a share of its width, a view is at it. */
const AT_EDGE = 0.01;

/** Where a chart may be moved to: nothing is newer than `edgeMs`. */
export interface Limits {
  readonly edgeMs: number;
}

const atMost = (fromMs: number, widthMs: number, { edgeMs }: Limits): Stretch => {
  const from = Math.min(fromMs, edgeMs - widthMs);
  return { fromMs: from, toMs: from + widthMs };
};

/** Moved by so many milliseconds, later is positive; at the edge it stops. */
export const panned = ({ fromMs, toMs }: Stretch, byMs: number, limits: Limits): Stretch =>
  atMost(fromMs + byMs, toMs - fromMs, limits);

/** `factor` times as wide, and what was at `aroundMs` stays where it was, as far as the edge lets it. */
export function zoomed({ fromMs, toMs }: Stretch, factor: number, aroundMs: number, limits: Limits): Stretch {
  const width = toMs - fromMs;
  const wanted = Math.min(WIDTH_MOST_MS, Math.max(WIDTH_LEAST_MS, width * factor));
  return atMost(aroundMs - ((aroundMs - fromMs) / width) * wanted, wanted, limits);
}

export const isAtEdge = ({ fromMs, toMs }: Stretch, { edgeMs }: Limits): boolean => toMs >= edgeMs - (toMs - fromMs) * AT_EDGE;

/** A view as a range of the address: at the edge one that moves on with it, else one that stands still. */
export function rangeOfView(view: Stretch, limits: Limits): TimeRange {
  const { fromMs, toMs } = view;
  if (isAtEdge(view, limits)) return { kind: 'last', ms: Math.max(1, Math.round((toMs - fromMs) / 1000)) * 1000 };
  return { kind: 'fixed', fromMs: Math.round(fromMs), toMs: Math.max(Math.round(toMs), Math.round(fromMs) + 1) };
}

export type Step = (view: Stretch, limits: Limits) => Stretch;
const by =
  (share: number): Step =>
  (view, limits) =>
    panned(view, (view.toMs - view.fromMs) * share, limits);
/** At the edge the edge stays, so that a view that moves goes on; elsewhere the middle. */
const nearer =
  (factor: number): Step =>
  (view, limits) =>
    zoomed(view, factor, isAtEdge(view, limits) ? view.toMs : (view.fromMs + view.toMs) / 2, limits);

/** What a key does to a chart that has the focus; with Shift arrows go further. */
export function stepOfKey(key: string, shift: boolean): Step | undefined {
  const share = shift ? 0.5 : 0.1;
  if (key === 'ArrowLeft') return by(-share);
  if (key === 'ArrowRight') return by(share);
  if (key === '+' || key === '=') return nearer(0.8);
  return key === '-' || key === '_' ? nearer(1.25) : undefined;
}
