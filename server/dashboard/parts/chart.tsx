import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { painted } from '../data/theme.ts';
import { clock } from '../model/format.ts';
import type { Heights } from '../model/heights.ts';
import { nearest, trackOf, type Columns, type Track } from '../model/tracks.ts';
import { chartOptions, chartPicture, type ChartProps, type Pointer } from './chart-options.ts';
import { HandFigure, useHold, type Hold } from './hand-figure.tsx';

/**
 * Lines or stacked bars over time, drawn by uPlot on a canvas; what stands under the pointer is told beside it. Moved and
 * zoomed by hand it shows at every frame what is there, and tells its page where it was left.
 */
export function Chart(props: ChartProps): JSX.Element {
  const { lines, xs, stretch, hand, height } = props;
  const place = useRef<HTMLDivElement>(null);
  const [pointer, setPointer] = useState<Pointer>();
  const tracks = useMemo(() => lines.map((line) => trackOf(line.xs ?? xs, line.values)), [lines, xs]);
  const hold = usePlot(place, { props, tracks, point: setPointer });
  return (
    <HandFigure label={summaryOf(props, tracks)} stretch={stretch} hand={hand} hold={hold}>
      <div ref={place} style={{ height: `${height}px` }} />
      {pointer !== undefined && <Tip {...props} pointer={pointer} tracks={tracks} />}
    </HandFigure>
  );
}

interface Plotting {
  readonly props: ChartProps;
  readonly tracks: readonly Track[];
  readonly point: (pointer: Pointer | undefined) => void;
}

function usePlot(place: { readonly current: HTMLDivElement | null }, now: Plotting): Hold {
  const { props, tracks } = now;
  const { lines, kind, height, stretch, hand } = props;
  const latest = useRef(now);
  latest.current = now;
  const plot = useRef<Plot>(null);
  const hold = useHold({ stretch, hand, area: () => plot.current?.area(), draw: () => plot.current?.draw() });
  const looks = [
    lines.map(({ name, colour, dashed }) => [name, colour, dashed]),
    kind,
    height,
    painted.value,
    hand === undefined,
  ];
  useEffect(() => {
    if (place.current === null) return;
    const made = plotIn(place.current, latest, hold);
    plot.current = made;
    return () => {
      made.close();
      plot.current = null;
    };
  }, [JSON.stringify(looks)]);
  useEffect(() => plot.current?.draw(), [tracks, stretch.fromMs, stretch.toMs, hold.left]);
  return hold;
}

interface Plot {
  readonly draw: () => void;
  readonly area: () => HTMLElement;
  readonly close: () => void;
}

/** A plot in its place, as long as it looks the same. */
function plotIn(host: HTMLElement, latest: { readonly current: Plotting }, { view, isHeld }: Hold): Plot {
  let columns: Columns | undefined;
  let heights: Heights | undefined;
  const options = chartOptions(
    {
      latest: () => latest.current.props,
      point: (pointer) => latest.current.point(isHeld() ? undefined : pointer),
      columns: () => columns,
      heldHeights: () => heights,
    },
    host.clientWidth,
  );
  const plot = new UPlot(options, undefined, host);
  const draw = (): void => {
    const { props, tracks } = latest.current;
    const { fromMs, toMs } = view();
    const picture = chartPicture(props, tracks, view(), plot.over.clientWidth || host.clientWidth);
    const { min, max } = plot.scales['y'] ?? {};
    columns = picture.columns;
    // Heights that change while one moves it would make its left edge wander.
    heights = isHeld() ? (heights ?? (typeof min === 'number' && typeof max === 'number' ? [min, max] : undefined)) : undefined;
    plot.batch(() => {
      plot.setData(picture.data as UPlot.AlignedData, false);
      plot.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
      // The mouse is somewhere else in time now.
      if (isHeld()) plot.setCursor({ left: -10, top: -10 });
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
