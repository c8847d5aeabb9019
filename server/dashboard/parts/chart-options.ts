import UPlot from 'uplot';
import { colourOf } from '../data/theme.ts';
import { clock } from '../model/format.ts';
import { stack, type Value } from '../model/series.ts';

export interface ChartLine {
  readonly name: string;
  readonly values: readonly Value[];
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
  /** The stretch that was drawn over with the mouse. */
  readonly onZoom?: ((fromMs: number, toMs: number) => void) | undefined;
  /** Edges of the time axis; absent = those of the data. */
  readonly stretch?: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** From zero, as counts are. */
  readonly fromZero?: boolean;
}

export interface Pointer {
  readonly at: number;
  readonly left: number;
  readonly top: number;
}

const FONT = '11px Arial, sans-serif';
const SYNC = UPlot.sync('periscope');
const BARS = UPlot.paths.bars?.({ size: [0.82, 60], align: 1 });

/** `latest` gives the properties of now: a plot lives on while its data, its edges and its formats change. */
export function chartOptions(
  latest: () => ChartProps,
  width: number,
  point: (pointer: Pointer | undefined) => void,
): UPlot.Options {
  const { height, kind = 'lines', onZoom } = latest();
  const { series, drawn } = seriesOf(latest());
  return {
    width,
    height,
    series: [{}, ...series],
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC.key, setSeries: false },
      points: { show: kind === 'lines' && drawn > 0, size: 6 },
      drag: { x: onZoom !== undefined, y: false, setScale: false },
    },
    scales: {
      x: {
        time: true,
        range: (_, low, high) => {
          const edges = latest().stretch;
          return edges === undefined ? [low, high] : [edges.fromMs / 1000, edges.toMs / 1000];
        },
      },
      y: { range: (_, low, high) => heights(low, high, latest().fromZero === true) },
    },
    axes: axesOf((value) => latest().format(value)),
    hooks: { setCursor: [(self) => point(pointerOf(self))], setSelect: [(self) => zoom(self, latest().onZoom)] },
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

function seriesOf({ lines, kind = 'lines' }: ChartProps): { readonly series: UPlot.Series[]; readonly drawn: number } {
  const series = lines.map((line): UPlot.Series => {
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
    return { label: line.name, stroke, width: 1.6, ...filled, ...dashed, points: { show: isLonely, size: 5, fill: stroke } };
  });
  // Bars are painted from the highest sum down, so that each shows what it adds.
  return { series: kind === 'bars' ? series.toReversed() : series, drawn: series.length };
}

export function chartData({ xs, lines, kind = 'lines' }: ChartProps): UPlot.AlignedData {
  const values = lines.map((line) => line.values);
  return [[...xs], ...(kind === 'bars' ? stack(values).toReversed() : values.map((each) => [...each]))] as UPlot.AlignedData;
}

/** From zero where zero is near, with some air above. */
function heights(low: number | null, high: number | null, fromZero: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  const near = low >= 0 && low <= high - low;
  const from = fromZero || near ? Math.min(0, low) : low - (high - low || Math.abs(low)) * 0.1;
  return [from, high === from ? from + 1 : high + (high - from) * 0.06];
}

/** A point or two are no line and would not be seen. */
function isLonely(self: UPlot, series: number): boolean {
  let known = 0;
  for (const value of self.data[series] ?? []) if (typeof value === 'number') known += 1;
  return known > 0 && known < 3;
}

function pointerOf(self: UPlot): Pointer | undefined {
  const { idx, left, top } = self.cursor;
  // A neighbour's pointer moves the line here, too; what stands under it is told where the mouse is.
  if (idx === null || idx === undefined || left === undefined || left < 0 || !self.over.matches(':hover')) return undefined;
  const box = self.over.getBoundingClientRect();
  return { at: idx, left: box.left + left, top: box.top + (top ?? 0) };
}

function zoom(self: UPlot, onZoom: ChartProps['onZoom']): void {
  const { left, width } = self.select;
  if (width < 4) return;
  const [from, to] = [self.posToVal(left, 'x'), self.posToVal(left + width, 'x')];
  self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom?.(from * 1000, to * 1000);
}
