import UPlot from 'uplot';
import { colourOf } from '../data/theme.ts';
import { clock } from '../model/format.ts';
import { heightsOf, type Heights } from '../model/heights.ts';
import { stack, type Value } from '../model/series.ts';
import type { Stretch } from '../model/time-range.ts';
import { pictureOf, type Columns, type Picture, type Track } from '../model/tracks.ts';
import { envelope } from './envelope.ts';
import type { ChartHand } from './hand-figure.tsx';

export interface ChartLine {
  readonly name: string;
  readonly values: readonly Value[] | Float64Array;
  /** Times of its own, in seconds, rising; absent = those of the chart. */
  readonly xs?: Float64Array;
  /** A custom property: `--series-1`. */
  readonly colour: string;
  readonly dashed?: boolean;
}

export interface ChartProps {
  readonly label: string;
  /** Seconds since 1970. */
  readonly xs: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly kind?: 'lines' | 'bars';
  readonly height: number;
  readonly format: (value: number) => string;
  /** Edges of the time axis. */
  readonly stretch: Stretch;
  /** Absent: it cannot be moved. */
  readonly hand?: ChartHand;
  /** From zero, as counts are. */
  readonly fromZero?: boolean;
}

export interface Pointer {
  /** Seconds. */
  readonly x: number;
  readonly left: number;
  readonly top: number;
}

const FONT = '11px Arial, sans-serif';
const SYNC = UPlot.sync('periscope');
const LINE = UPlot.paths.linear?.();
const BARS = UPlot.paths.bars?.({ size: [0.82, 60], align: 1 });

export interface PlotParts {
  /** The properties of now: a plot lives on while its data, its edges and its formats change. */
  readonly latest: () => ChartProps;
  readonly point: (pointer: Pointer | undefined) => void;
  /** Of the picture that is drawn. */
  readonly columns: () => Columns | undefined;
  /** Heights that stay as they are while a hand moves the chart; undefined: those of what is seen. */
  readonly heldHeights: () => Heights | undefined;
}

export function chartOptions({ latest, point, columns, heldHeights }: PlotParts, width: number): UPlot.Options {
  const { height, kind = 'lines', hand } = latest();
  const { series, drawn } = seriesOf(latest(), columns);
  return {
    width,
    height,
    series: [{}, ...series],
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC.key, setSeries: false },
      points: { show: kind === 'lines' && drawn > 0, size: 6 },
      drag: { x: hand !== undefined, y: false, setScale: false },
      bind: {
        // A drag moves the chart; with Shift it marks a stretch.
        mousedown: (_self, _target, mark) => (event) => {
          if (event.shiftKey) mark(event);
          return null;
        },
        dblclick: () => null,
      },
    },
    scales: {
      x: { time: true, range: (_, low, high) => [low, high] },
      y: { range: (_, low, high) => heldHeights() ?? heightsOf(low, high, latest().fromZero === true) },
    },
    axes: axesOf((value) => latest().format(value)),
    hooks: { setCursor: [(self) => point(pointerOf(self))], setSelect: [(self) => marked(self, latest().hand)] },
  };
}

function axesOf(format: (value: number) => string): UPlot.Axis[] {
  const axis = { stroke: colourOf('--ink-3'), font: FONT, ticks: { show: false } };
  return [
    {
      ...axis,
      grid: { show: false },
      size: 26,
      space: 64,
      values: (_, splits, _axis, _space, step) => splits.map((at) => clock(at * 1000).slice(0, step >= 60 ? 5 : 8)),
    },
    {
      ...axis,
      grid: { stroke: colourOf('--line'), width: 1 },
      gap: 6,
      space: 30,
      // As wide as the widest number.
      size: (self, values) =>
        14 + Math.max(26, ...(values ?? []).map((text) => self.ctx.measureText(text).width / devicePixelRatio)),
      values: (_, splits) => splits.map(format),
    },
  ];
}

function seriesOf(
  { lines, kind = 'lines' }: ChartProps,
  columns: PlotParts['columns'],
): { readonly series: UPlot.Series[]; readonly drawn: number } {
  const series = lines.map((line, place): UPlot.Series => {
    const stroke = colourOf(line.colour);
    if (kind === 'bars')
      return {
        label: line.name,
        stroke,
        fill: stroke,
        width: 0,
        points: { show: false },
        ...(BARS === undefined ? {} : { paths: BARS }),
      };
    const filled = lines.length === 1 ? { fill: `color-mix(in oklab, ${stroke} 12%, transparent)` } : {};
    const dashed = line.dashed === true ? { dash: [4, 4] } : {};
    const paths: UPlot.Series.PathBuilder = (self, at, from, to) => {
      const seen = columns();
      return seen?.crowded[place] === true ? envelope(self, at, seen, stroke) : (LINE?.(self, at, from, to) ?? null);
    };
    return {
      label: line.name,
      stroke,
      width: 1.6,
      ...filled,
      ...dashed,
      paths,
      points: { show: line.xs === undefined ? isLonely : isSparse, size: 5, fill: stroke },
    };
  });
  // Bars are painted from the highest sum down, so that each shows what it adds.
  return { series: kind === 'bars' ? series.toReversed() : series, drawn: series.length };
}

/** What is drawn of a stretch on so many columns of the screen. */
export function chartPicture(
  { xs, lines, kind = 'lines' }: ChartProps,
  tracks: readonly Track[],
  { fromMs, toMs }: Stretch,
  columns: number,
): Picture {
  if (kind === 'lines') return pictureOf(tracks, fromMs / 1000, toMs / 1000, columns);
  return { data: [xs, ...stack(lines.map(({ values }) => [...values])).toReversed()], columns: undefined };
}

/** A point or two are no line and would not be seen. */
function isLonely(self: UPlot, series: number): boolean {
  let known = 0;
  for (const value of self.data[series] ?? []) if (typeof value === 'number' && ++known > 2) return false;
  return known > 0;
}

/** So far from each other, on the average, points are told from the line between them. */
const APART_PX = 12;
function isSparse(self: UPlot, series: number): boolean {
  let room = self.over.clientWidth / APART_PX;
  for (const value of self.data[series] ?? []) if (typeof value === 'number') room -= 1;
  return room > 0;
}

function pointerOf(self: UPlot): Pointer | undefined {
  const { left, top } = self.cursor;
  // A neighbour's pointer moves the line here, too; what stands under it is told where the mouse is.
  if (left === undefined || left < 0 || !self.over.matches(':hover')) return undefined;
  const box = self.over.getBoundingClientRect();
  return { x: self.posToVal(left, 'x'), left: box.left + left, top: box.top + (top ?? 0) };
}

function marked(self: UPlot, hand: ChartHand | undefined): void {
  const { left, width } = self.select;
  if (width < 4) return;
  const [from, to] = [self.posToVal(left, 'x'), self.posToVal(left + width, 'x')];
  self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  hand?.onView({ fromMs: from * 1000, toMs: to * 1000 });
}
