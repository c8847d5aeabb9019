import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { colourOf, painted } from '../data/theme.ts';
import type { Heatmap } from '../model/distribution.ts';
import { clock, shortNumber } from '../model/format.ts';

interface HeatProps {
  readonly label: string;
  /** Seconds since 1970, one per column. */
  readonly xs: readonly number[];
  readonly map: Heatmap;
  readonly height: number;
  /** Of a value between the edges. */
  readonly format: (value: number) => string;
}

const LEFT = 70;
const BELOW = 22;
/** Seconds between two times on the axis. */
const TICKS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const FONT = '11px Arial, sans-serif';
/** Few among many are still seen: the root of the share is the ink. */
const inkOf = (count: number, most: number): number => 0.08 + 0.92 * Math.sqrt(count / most);

/** How often each value came, over time: the darker the more. */
export function Heat(props: HeatProps): JSX.Element {
  const { label, xs, map, height, format } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [under, setUnder] = useState<{ readonly row: number; readonly column: number; readonly x: number; readonly y: number }>();
  useEffect(() => {
    const host = canvas.current?.parentElement;
    if (host === null || host === undefined) return;
    const observer = new ResizeObserver(() => setWidth(host.clientWidth));
    observer.observe(host);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null && width > 0) paint(canvas.current, width, props);
  }, [xs, map, width, height, painted.value]);
  const onMove = (event: MouseEvent): void => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    const column = Math.floor(((event.clientX - box.left - LEFT) / (width - LEFT)) * xs.length);
    const row = map.cells.length - 1 - Math.floor(((event.clientY - box.top) / (height - BELOW)) * map.cells.length);
    const inside = column >= 0 && column < xs.length && row >= 0 && row < map.cells.length;
    setUnder(inside ? { row, column, x: event.clientX, y: event.clientY } : undefined);
  };
  return (
    <figure class="chart" role="img" aria-label={`${label}, most in one cell ${shortNumber(map.most)}`}>
      <canvas
        ref={canvas}
        class="heat"
        style={{ height: `${height}px` }}
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
    </figure>
  );
}

function paint(canvas: HTMLCanvasElement, width: number, { xs, map, height, format }: HeatProps): void {
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.scale(ratio, ratio);
  const [cell, line] = [(width - LEFT) / Math.max(1, xs.length), (height - BELOW) / Math.max(1, map.cells.length)];
  pen.fillStyle = colourOf('--series-1');
  for (const [row, counts] of map.cells.entries()) {
    const y = height - BELOW - (row + 1) * line;
    for (const [column, count] of counts.entries()) {
      if (count <= 0) continue;
      pen.globalAlpha = inkOf(count, map.most);
      pen.fillRect(LEFT + column * cell, y, Math.max(1, cell - 0.5), Math.max(1, line - 0.5));
    }
  }
  pen.globalAlpha = 1;
  pen.fillStyle = colourOf('--ink-3');
  pen.font = FONT;
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  const everyRow = Math.max(1, Math.ceil(22 / line));
  for (let row = 0; row < map.edges.length; row += everyRow)
    pen.fillText(format(map.edges[row] ?? 0), LEFT - 8, Math.max(7, Math.min(height - BELOW - row * line, height - BELOW - 4)));
  pen.textAlign = 'center';
  const step = (xs[1] ?? 0) - (xs[0] ?? 0);
  const tick = TICKS.find((each) => (each / Math.max(1, step)) * cell >= 80) ?? TICKS.at(-1) ?? 3600;
  for (const [column, x] of xs.entries()) {
    const at = LEFT + column * cell;
    if (x % tick === 0 && at < width - 24) pen.fillText(clock(x * 1000).slice(0, tick >= 60 ? 5 : 8), at, height - 8);
  }
}
