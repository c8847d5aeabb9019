import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { painted } from '../data/theme.ts';
import { clock } from '../model/format.ts';
import type { Stretch } from '../model/time-range.ts';
import { nearest, trackOf, type Columns, type Track } from '../model/tracks.ts';
import { chartOptions, chartPicture, type ChartProps, type Heights, type Pointer } from './chart-options.ts';
import { listenToGestures } from './gestures.ts';

/**
 * Lines or stacked bars over time, drawn by uPlot on a canvas; what stands under the pointer is told beside it. Moved and
 * zoomed by hand it shows at every frame what is there, and tells its page where it was left.
 */
export function Chart(props: ChartProps): JSX.Element {
  const { lines, xs, stretch, hand, height } = props;
  const figure = useRef<HTMLElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const [pointer, setPointer] = useState<Pointer>();
  const [said, setSaid] = useState('');
  const tracks = useMemo(() => lines.map((line) => trackOf(line.xs ?? xs, line.values)), [lines, xs]);
  usePlot({ figure, place, props, tracks, point: setPointer, say: setSaid });
  return (
    <figure
      ref={figure}
      class={hand === undefined ? 'chart' : 'chart by-hand'}
      role={hand === undefined ? 'img' : 'group'}
      aria-roledescription="chart"
      aria-label={summaryOf(props, tracks)}
      aria-description={hand === undefined ? undefined : 'Arrow keys move in time, plus and minus zoom, Escape goes back'}
      tabIndex={hand === undefined ? undefined : 0}
      data-from={Math.round(stretch.fromMs)}
      data-to={Math.round(stretch.toMs)}
    >
      <div ref={place} style={{ height: `${height}px` }} />
      {hand?.back !== undefined && (
        <button type="button" class="button small chart-back" title="Double click, or Escape" onClick={hand.onReset}>
          <span class="dot" /> {hand.back}
        </button>
      )}
      <span class="unseen" role="status">
        {said}
      </span>
      {pointer !== undefined && <Tip {...props} pointer={pointer} tracks={tracks} />}
    </figure>
  );
}

interface Plotting {
  readonly figure: { readonly current: HTMLElement | null };
  readonly place: { readonly current: HTMLDivElement | null };
  readonly props: ChartProps;
  readonly tracks: readonly Track[];
  readonly point: (pointer: Pointer | undefined) => void;
  readonly say: (text: string) => void;
}

/** Where a hand has the chart, and the heights it had when it was taken. */
interface Held {
  readonly view: Stretch;
  readonly heights: Heights | undefined;
}

function usePlot(now: Plotting): void {
  const { props, tracks, place, figure } = now;
  const { lines, kind, height, stretch, hand } = props;
  const latest = useRef(now);
  latest.current = now;
  const held = useRef<Held | undefined>(undefined);
  const plot = useRef<Plot>(null);
  // Rises when a hand has left the chart: the page may have it stand elsewhere.
  const [left, setLeft] = useState(0);
  const isMovable = hand !== undefined;
  const looks = [lines.map(({ name, colour, dashed }) => [name, colour, dashed]), kind, height, painted.value, isMovable];
  useEffect(() => {
    if (place.current === null) return;
    const made = plotIn(place.current, latest, held);
    plot.current = made;
    return () => {
      made.close();
      plot.current = null;
    };
  }, [JSON.stringify(looks)]);
  useEffect(() => plot.current?.draw(), [tracks, stretch.fromMs, stretch.toMs, left]);
  // Not the plot's: what is in hand stays there when new lines make another plot.
  useEffect(() => {
    if (!isMovable || figure.current === null || place.current === null) return;
    const drop = (said: string): void => {
      held.current = undefined;
      latest.current.say(said);
      setLeft((count) => count + 1);
    };
    return listenToGestures(figure.current, {
      host: place.current,
      area: () => plot.current?.area(),
      view: () => held.current?.view ?? latest.current.props.stretch,
      limits: () => ({ edgeMs: latest.current.props.hand?.edgeMs() ?? Infinity }),
      draw(view) {
        held.current = { view, heights: held.current?.heights ?? plot.current?.heights() };
        latest.current.point(undefined);
        plot.current?.draw();
      },
      settle(view) {
        latest.current.props.hand?.onView(view);
        drop(`${clock(view.fromMs)} to ${clock(view.toMs)}`);
      },
      reset() {
        latest.current.props.hand?.onReset();
        drop('back');
      },
    });
  }, [isMovable]);
}

interface Plot {
  readonly draw: () => void;
  readonly area: () => HTMLElement;
  readonly heights: () => Heights | undefined;
  readonly close: () => void;
}

/** A plot in its place, as long as it looks the same. */
function plotIn(host: HTMLElement, latest: { readonly current: Plotting }, held: { readonly current: Held | undefined }): Plot {
  let columns: Columns | undefined;
  const options = chartOptions(
    {
      latest: () => latest.current.props,
      point: (pointer) => latest.current.point(held.current === undefined ? pointer : undefined),
      columns: () => columns,
      heldHeights: () => held.current?.heights,
    },
    host.clientWidth,
  );
  const plot = new UPlot(options, undefined, host);
  const draw = (): void => {
    const { props, tracks } = latest.current;
    const view = held.current?.view ?? props.stretch;
    const picture = chartPicture(props, tracks, view, plot.over.clientWidth || host.clientWidth);
    columns = picture.columns;
    plot.batch(() => {
      plot.setData(picture.data as UPlot.AlignedData, false);
      plot.setScale('x', { min: view.fromMs / 1000, max: view.toMs / 1000 });
      // The mouse is somewhere else in time now.
      if (held.current !== undefined) plot.setCursor({ left: -10, top: -10 }, false);
    });
  };
  draw();
  const observer = new ResizeObserver(() => {
    plot.setSize({ width: host.clientWidth, height: latest.current.props.height });
    draw();
  });
  observer.observe(host);
  return {
    draw,
    area: () => plot.over,
    heights() {
      const { min, max } = plot.scales['y'] ?? {};
      return typeof min === 'number' && typeof max === 'number' ? [min, max] : undefined;
    },
    close() {
      observer.disconnect();
      plot.destroy();
    },
  };
}

const TIP_LINES = 12;
/** Lines whose points are so near to each other, as a share of what is seen, are told of together. */
const TOGETHER = 1 / 240;

interface TipProps extends ChartProps {
  readonly pointer: Pointer;
  readonly tracks: readonly Track[];
}

function Tip({ pointer, tracks, lines, stretch, format }: TipProps): JSX.Element | null {
  const points = tracks.map((track) => nearest(track, pointer.x));
  const away = (x: number): number => Math.abs(x - pointer.x);
  const x = points.reduce<number>(
    (best, point) => (point !== undefined && away(point.x) < away(best) ? point.x : best),
    Infinity,
  );
  if (x === Infinity) return null;
  const near = ((stretch.toMs - stretch.fromMs) / 1000) * TOGETHER;
  const rows = lines
    .map(({ name, colour }, at) => ({ name, colour, point: points[at] }))
    .flatMap(({ point, ...line }) =>
      point === undefined || Number.isNaN(point.y) || Math.abs(point.x - x) > near ? [] : [{ ...line, value: point.y }],
    )
    .toSorted((left, right) => right.value - left.value);
  const onTheRight = pointer.left > innerWidth / 2;
  const style = {
    top: `${Math.max(8, Math.min(pointer.top - 12, innerHeight - 40 - Math.min(rows.length, TIP_LINES) * 19))}px`,
    ...(onTheRight ? { right: `${innerWidth - pointer.left + 14}px` } : { left: `${pointer.left + 14}px` }),
  };
  return (
    <div class="tip" style={style}>
      <div class="muted">{clock(x * 1000)}</div>
      {rows.slice(0, TIP_LINES).map((line) => (
        <div key={line.name} class="tip-row">
          <span class="swatch" style={{ background: `var(${line.colour})` }} />
          <span class="cut grow">{line.name}</span>
          <b>{format(line.value)}</b>
        </div>
      ))}
      {rows.length > TIP_LINES && <div class="muted">{rows.length - TIP_LINES} more</div>}
    </div>
  );
}

/** For those who hear the page: the last value of each line. */
function summaryOf({ label, lines, format }: ChartProps, tracks: readonly Track[]): string {
  const last = lines.slice(0, 8).map(({ name }, at) => {
    const value = tracks[at]?.ys.findLast((each) => !Number.isNaN(each));
    return `${name} ${value === undefined ? 'none' : format(value)}`;
  });
  return `${label}. ${last.join(', ')}`;
}
