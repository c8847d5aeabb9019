import { panned, stepOfKey, zoomed, type Limits } from '../model/chart-view.ts';
import type { Stretch } from '../model/time-range.ts';

/** What can be moved and zoomed by hand. */
export interface Surface {
  /** Where times lie from the left edge to the right one. */
  readonly area: () => HTMLElement | undefined;
  /** What is shown at this moment. */
  readonly view: () => Stretch;
  readonly limits: () => Limits;
  /** Shows another stretch, at most once per frame. */
  readonly draw: (view: Stretch) => void;
  /** It stays there. */
  readonly settle: (view: Stretch) => void;
  /** Back to where it was when nobody had moved it. */
  readonly reset: () => void;
}

/** A press that moves less is a click. */
const CLICK_PX = 3;
/** After the last turn of the wheel or the last key. */
const SETTLE_MS = 180;
/** A page that is being scrolled goes on when a chart comes under the pointer. */
const SCROLLING_MS = 300;
const LINE_PX = 16;

/** Drag and wheel, two fingers and keys on a chart; `host` stays while the area in it may be made anew. Returns the way back. */
export function listenToGestures(host: HTMLElement, surface: Surface): () => void {
  const mover = new Mover(surface);
  const stop = new AbortController();
  const { signal } = stop;
  listenToPointers(host, surface, mover, signal);
  listenToWheel(host, surface, mover, signal);
  // Who presses something else has left the chart: what that does is not undone a moment later.
  const elsewhere = (event: Event): unknown => isInside(surface, event) || mover.finish();
  for (const type of ['pointerdown', 'click']) addEventListener(type, elsewhere, { capture: true, signal });
  const isButton = ({ target }: Event): boolean => (target as Element).closest('button') !== null;
  host.addEventListener('dblclick', (event) => !isButton(event) && mover.reset(), { signal });
  host.addEventListener(
    'keydown',
    (event) => {
      const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
      if (ctrlKey || metaKey || altKey) return;
      const step = stepOfKey(key, shiftKey);
      if (step === undefined && key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      if (step === undefined) return mover.reset();
      mover.move(step(mover.view(), surface.limits()));
      mover.settleSoon();
    },
    { signal },
  );
  return () => {
    stop.abort();
    mover.leave();
  };
}

/** Draws at most once per frame, and settles when it is told to, or when nothing has moved for a moment. */
class Mover {
  readonly #surface: Surface;
  #pending: Stretch | undefined;
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** A hand that holds the chart while it is set back holds it no more. */
  resets = 0;

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  readonly view = (): Stretch => this.#pending ?? this.#surface.view();

  move(view: Stretch): void {
    clearTimeout(this.#timer);
    this.#pending = view;
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  settle(): void {
    clearTimeout(this.#timer);
    const view = this.view();
    this.leave();
    this.#surface.settle(view);
  }

  /** Settles at once what would settle soon. */
  finish(): void {
    if (this.#pending !== undefined) this.settle();
  }

  settleSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.settle(), SETTLE_MS);
  }

  reset(): void {
    this.resets += 1;
    this.leave();
    this.#surface.reset();
  }

  leave(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#pending = undefined;
  }

  #draw(): void {
    this.#frame = 0;
    if (this.#pending !== undefined) this.#surface.draw(this.#pending);
  }
}

interface Hold {
  readonly view: Stretch;
  /** The middle of all fingers from the left edge, and how far the outer ones are from each other. */
  readonly x: number;
  readonly apart: number;
}

/** The left edge and the width of the area, in pixels of the screen. */
function edgesOf({ area }: Surface): { readonly left: number; readonly width: number } {
  const { left, width } = area()?.getBoundingClientRect() ?? { left: 0, width: 0 };
  return { left, width: width || 1 };
}
const isInside = ({ area }: Surface, { target }: Event): boolean => area()?.contains(target as Node) === true;

function listenToPointers(host: HTMLElement, surface: Surface, mover: Mover, signal: AbortSignal): void {
  const { limits } = surface;
  const fingers = new Map<number, number>();
  let hold: Hold | undefined;
  let moved = false;
  let before: Stretch | undefined;
  let resets = 0;
  const grasp = (): Hold => {
    const xs = [...fingers.values()];
    const [low, high] = [Math.min(...xs), Math.max(...xs)];
    return { view: mover.view(), x: (low + high) / 2 - edgesOf(surface).left, apart: high - low };
  };
  const on = (type: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel', heard: (event: PointerEvent) => void): void =>
    host.addEventListener(type, heard, { signal });
  on('pointerdown', (event) => {
    // With Shift a stretch is marked.
    if (event.button !== 0 || event.shiftKey || !isInside(surface, event)) return;
    host.setPointerCapture(event.pointerId);
    if (fingers.size === 0) [before, resets] = [mover.view(), mover.resets];
    fingers.set(event.pointerId, event.clientX);
    hold = grasp();
  });
  on('pointermove', (event) => {
    if (hold === undefined || resets !== mover.resets || !fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event.clientX);
    const { x, apart } = grasp();
    if (!moved && Math.abs(x - hold.x) < CLICK_PX && Math.abs(apart - hold.apart) < CLICK_PX) return;
    moved = true;
    host.classList.add('moves');
    const { width } = edgesOf(surface);
    const { fromMs, toMs } = hold.view;
    const around = fromMs + (hold.x / width) * (toMs - fromMs);
    const wider = hold.apart > 0 && apart > 0 ? zoomed(hold.view, hold.apart / apart, around, limits()) : hold.view;
    mover.move(panned(wider, ((hold.x - x) / width) * (wider.toMs - wider.fromMs), limits()));
  });
  const release = (event: PointerEvent): void => {
    if (!fingers.delete(event.pointerId)) return;
    hold = fingers.size > 0 ? grasp() : undefined;
    if (hold !== undefined) return;
    host.classList.remove('moves');
    if (moved && resets === mover.resets) mover.settle();
    moved = false;
  };
  on('pointerup', release);
  on('pointercancel', (event) => {
    // The browser scrolls the page with this finger: the chart is not meant.
    if (moved && before !== undefined && resets === mover.resets) mover.move(before);
    release(event);
  });
}

function listenToWheel(host: HTMLElement, surface: Surface, mover: Mover, signal: AbortSignal): void {
  const { limits } = surface;
  let scrolledAt = -Infinity;
  const elsewhere = (event: WheelEvent): void => {
    if (!isInside(surface, event)) scrolledAt = event.timeStamp;
  };
  addEventListener('wheel', elsewhere, { passive: true, capture: true, signal });
  const onWheel = (event: WheelEvent): void => {
    if (!isInside(surface, event)) return;
    if (event.timeStamp - scrolledAt < SCROLLING_MS) {
      scrolledAt = event.timeStamp;
      return;
    }
    event.preventDefault();
    const scale = event.deltaMode === 0 ? 1 : LINE_PX;
    const [x, y] = [event.deltaX * scale, event.deltaY * scale];
    const view = mover.view();
    const width = view.toMs - view.fromMs;
    const { left, width: pixels } = edgesOf(surface);
    const share = 1 / pixels;
    mover.move(
      Math.abs(x) > Math.abs(y)
        ? panned(view, x * share * width, limits())
        : // Two fingers on a touchpad come as small steps with Ctrl.
          zoomed(
            view,
            Math.exp(y * (event.ctrlKey ? 0.01 : 0.0015)),
            view.fromMs + (event.clientX - left) * share * width,
            limits(),
          ),
    );
    mover.settleSoon();
  };
  host.addEventListener('wheel', onWheel, { passive: false, signal });
}
