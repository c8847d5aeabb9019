import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { painted } from '../data/theme.ts';
import { clock } from '../model/format.ts';
import { chartData, chartOptions, type ChartProps, type Pointer } from './chart-options.ts';

/** Lines or stacked bars over time, drawn by uPlot on a canvas; what stands under the pointer is told beside it. */
export function Chart(props: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const [pointer, setPointer] = useState<Pointer>();
  const latest = useRef(props);
  latest.current = props;
  const { lines, kind, height, stretch } = props;
  const shape = JSON.stringify([lines.map(({ name, colour, dashed }) => [name, colour, dashed]), kind, height, painted.value]);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const options = chartOptions(() => latest.current, host.clientWidth, setPointer);
    const made = new UPlot(options, chartData(latest.current), host);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(chartData(latest.current));
  }, [props.xs, lines, stretch?.fromMs, stretch?.toMs]);
  return (
    <figure class="chart" role="img" aria-label={summaryOf(props)}>
      <div ref={place} style={{ height: `${height}px` }} />
      {pointer !== undefined && <Tip pointer={pointer} {...props} />}
    </figure>
  );
}

const TIP_LINES = 12;

function Tip({ pointer, xs, lines, format }: ChartProps & { readonly pointer: Pointer }): JSX.Element | null {
  const x = xs[pointer.at];
  if (x === undefined) return null;
  const rows = lines
    .map((line) => ({ ...line, value: line.values[pointer.at] }))
    .filter((line): line is typeof line & { value: number } => typeof line.value === 'number')
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
function summaryOf({ label, lines, format }: ChartProps): string {
  const last = lines.slice(0, 8).map(({ name, values }) => {
    const value = values.findLast((each) => typeof each === 'number');
    return `${name} ${typeof value === 'number' ? format(value) : 'none'}`;
  });
  return `${label}. ${last.join(', ')}`;
}
