import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clock } from '../model/format.ts';
import type { Stretch } from '../model/time-range.ts';
import { listenToGestures } from './gestures.ts';

/** What becomes of a chart that was moved or zoomed by hand. */
export interface ChartHand {
  /** Nothing is newer. */
  readonly edgeMs: () => number;
  /** Where it was left. */
  readonly onView: (view: Stretch) => void;
  readonly onReset: () => void;
  /** The way back, in a word; undefined when it is where it belongs. */
  readonly back: string | undefined;
}

interface Movable {
  readonly stretch: Stretch;
  /** Undefined: it cannot be moved. */
  readonly hand: ChartHand | undefined;
  /** Where times lie from the left edge to the right one. */
  readonly area: () => HTMLElement | undefined;
  /** Shows what `view` of the hold says. */
  readonly draw: () => void;
}

export interface Hold {
  readonly figure: { readonly current: HTMLElement | null };
  /** What is to be shown: where a hand has it, else where the page has it. */
  readonly view: () => Stretch;
  readonly isHeld: () => boolean;
  /** Rises when a hand has left the chart: the page may have it stand elsewhere. */
  readonly left: number;
  /** For those who hear the page: where it was left. */
  readonly said: string;
}

/** Follows the hand on a figure: draws at every frame, and tells the page where it was left. */
export function useHold(now: Movable): Hold {
  const figure = useRef<HTMLElement>(null);
  const held = useRef<Stretch | undefined>(undefined);
  const latest = useRef(now);
  latest.current = now;
  const [{ left, said }, setLeft] = useState({ left: 0, said: '' });
  const isMovable = now.hand !== undefined;
  const view = (): Stretch => held.current ?? latest.current.stretch;
  // Before the first paint: what can be seen can be moved.
  useLayoutEffect(() => {
    if (!isMovable || figure.current === null) return;
    const drop = (text: string): void => {
      held.current = undefined;
      setLeft((before) => ({ left: before.left + 1, said: text }));
    };
    return listenToGestures(figure.current, {
      area: () => latest.current.area(),
      view,
      limits: () => ({ edgeMs: latest.current.hand?.edgeMs() ?? Infinity }),
      draw(next) {
        held.current = next;
        latest.current.draw();
      },
      settle(next) {
        latest.current.hand?.onView(next);
        drop(`${clock(next.fromMs)} to ${clock(next.toMs)}`);
      },
      reset() {
        latest.current.hand?.onReset();
        drop('back');
      },
    });
  }, [isMovable]);
  return { figure, view, isHeld: () => held.current !== undefined, left, said };
}

interface HandFigureProps {
  readonly label: string;
  readonly stretch: Stretch;
  readonly hand: ChartHand | undefined;
  readonly hold: Hold;
  readonly children: ComponentChildren;
}

/** A chart for every hand, eye and ear: takes the focus, says its keys, and has a button for the way back. */
export function HandFigure({ label, stretch, hand, hold, children }: HandFigureProps): JSX.Element {
  const isMovable = hand !== undefined;
  return (
    <figure
      ref={hold.figure}
      class={isMovable ? 'chart by-hand' : 'chart'}
      role={isMovable ? 'group' : 'img'}
      aria-roledescription="chart"
      aria-label={label}
      aria-description={isMovable ? 'Arrow keys move in time, plus and minus zoom, Escape goes back' : undefined}
      tabIndex={isMovable ? 0 : undefined}
      data-from={Math.round(stretch.fromMs)}
      data-to={Math.round(stretch.toMs)}
    >
      {children}
      {hand?.back !== undefined && (
        <button type="button" class="button small chart-back" title="Double click, or Escape" onClick={hand.onReset}>
          <span class="dot" /> {hand.back}
        </button>
      )}
      <span class="unseen" role="status">
        {hold.said}
      </span>
    </figure>
  );
}
