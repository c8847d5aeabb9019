import type { Stretch } from '../model/time-range.ts';
import { isNamed } from '../model/time-range.ts';
import type { ChartHand } from '../parts/hand-figure.tsx';
import { nowMs } from './live.ts';
import { range, showHome, showView } from './place.ts';

/** A chart of the page's stretch of time: moved by hand, it moves the page. */
export function pageHand(stretch: Stretch): ChartHand {
  const edgeMs = (): number => (range.peek().kind === 'last' ? stretch.toMs : nowMs());
  return {
    edgeMs,
    onView: (view) => showView(view, edgeMs()),
    onReset: showHome,
    back: isNamed(range.value) ? undefined : 'Live',
  };
}
