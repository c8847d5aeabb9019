import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { colourOf, painted } from '../data/theme.ts';
import type { Heatmap } from '../model/distribution.ts';
import { clock, shortNumber } from '../model/format.ts';
import type { Stretch } from '../model/time-range.ts';
import { HandFigure, useHold, type ChartHand } from './hand-figure.tsx';

interface HeatProps {
  readonly label: string;
  /** Seconds since 1970, one per column, each `step` wide. */
  readonly xs: readonly number[];
  readonly step: number;
  readonly map: Heatmap;
  readonly height: number;
  /** Of a value between the edges. */
  readonly format: (value: number) => string;
  /** Edges of the time axis. */
  readonly stretch: Stretch;
  readonly hand: ChartHand;
}

const LEFT = 70;
const BELOW = 22;
/** Seconds between two times on the axis. */
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const FONT = '11px Arial, sans-serif';
/** Few among many are still seen: the root of the share is the ink. */
const inkOf = (count: number, most: number): number => 0.08 + 0.92 * Math.sqrt(count / most);

/** How often each value came, over time: the darker the more. Moved and zoomed by hand like every chart. */
export function Heat(props: HeatProps): JSX.Element {
  const { label, xs, step, map, height, format, stretch, hand } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const area = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [under, setUnder] = useState<{ readonly row: number; readonly column: number; readonly x: number; readonly y: number }>();
  const draw = (): void => {
    setUnder(undefined);
    if (canvas.current !== null && width > 0) paint(canvas.current, width, props, hold.view());
  };
  const hold = useHold({ stretch, hand, area: () => area.current ?? undefined, draw });
  useEffect(() => {
    const host = canvas.current?.parentElement;
    if (host === null || host === undefined) return;
    const observer = new ResizeObserver(() => setWidth(host.clientWidth));
    observer.observe(host);
    return () => observer.disconnect();
  }, []);
  useEffect(draw, [xs, map, width, height, stretch.fromMs, stretch.toMs, hold.left, painted.value]);
  const onMove = (event: MouseEvent): void => {
    const box = area.current?.getBoundingClientRect();
    if (box === undefined || hold.isHeld()) return;
    const { fromMs, toMs } = stretch;
    const seconds = (fromMs + ((event.clientX - box.left) / box.width) * (toMs - fromMs)) / 1000;
    const column = Math.floor((seconds - (xs[0] ?? 0)) / step);
    const row = map.cells.length - 1 - Math.floor(((event.clientY - box.top) / box.height) * map.cells.length);
    const inside = column >= 0 && column < xs.length && row >= 0 && row < map.cells.length;
    setUnder(inside ? { row, column, x: event.clientX, y: event.clientY } : undefined);
  };
  return (
    <HandFigure label={`${label}, most in one cell ${shortNumber(map.most)}`} stretch={stretch} hand={hand} hold={hold}>
      <canvas ref={canvas} class="heat" style={{ height: `${height}px` }} />
      <div
        ref={area}
        class="u-over heat-area"
        style={{ left: `${LEFT}px`, height: `${height - BELOW}px` }}
        onMouseMove={onMove}
        onMouseLeave={() => setUnder(undefined)}
      />
      {under !== undefined && (
        <div class="tip" style={{ left: `${Math.min(under.x + 14, innerWidth - 230)}px`, top: `${under.y - 12}px` }}>
          <div class="muted">{clock((xs[under.column] ?? 0) * 1000)}</div>
          {format(map.edges[under.row] ?? 0)} – {format(map.edges[under.row + 1] ?? 0)}:{' '}
          <b>{shortNumber(map.cells[under.row]?.[under.column] ?? 0)}</b>
        </div>
      )}
    </HandFigure>
  );
}

function paint(canvas: HTMLCanvasElement, width: number, props: HeatProps, { fromMs, toMs }: Stretch): void {
  const { xs, step, map, height, format } = props;
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.scale(ratio, ratio);
  const perSecond = ((width - LEFT) * 1000) / (toMs - fromMs);
  const across = (seconds: number): number => LEFT + (seconds - fromMs / 1000) * perSecond;
  const line = (height - BELOW) / Math.max(1, map.cells.length);
  pen.save();
  pen.beginPath();
  pen.rect(LEFT, 0, width - LEFT, height - BELOW);
  pen.clip();
  pen.fillStyle = colourOf('--series-1');
  for (const [row, counts] of map.cells.entries()) {
    const y = height - BELOW - (row + 1) * line;
    for (const [column, count] of counts.entries()) {
      if (count <= 0) continue;
      pen.globalAlpha = inkOf(count, map.most);
      pen.fillRect(across(xs[column] ?? 0), y, Math.max(1, step * perSecond - 0.5), Math.max(1, line - 0.5));
    }
  }
  pen.restore();
  pen.fillStyle = colourOf('--ink-3');
  pen.font = FONT;
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  const everyRow = Math.max(1, Math.ceil(22 / line));
  for (let row = 0; row < map.edges.length; row += everyRow)
    pen.fillText(format(map.edges[row] ?? 0), LEFT - 8, Math.max(7, Math.min(height - BELOW - row * line, height - BELOW - 4)));
  pen.textAlign = 'center';
  const tick = TICKS.find((each) => each * perSecond >= 80) ?? Math.ceil(80 / perSecond / 3600) * 3600;
  for (let at = Math.ceil(fromMs / 1000 / tick) * tick; across(at) < width - 24; at += tick)
    pen.fillText(clock(at * 1000).slice(0, tick >= 60 ? 5 : 8), across(at), height - 8);
}
