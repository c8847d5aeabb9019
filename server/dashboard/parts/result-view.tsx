import type { ComponentChildren, JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Cell, Rows } from '../data/api.ts';
import { address, show, showByHand } from '../data/place.ts';
import { serviceColour, serviceNames } from '../data/services.ts';
import { rangeOfView } from '../model/chart-view.ts';
import { shortNumber } from '../model/format.ts';
import { seriesColour } from '../model/palette.ts';
import { cellText, chartOf, isNumeric, type ResultChart } from '../model/result-chart.ts';
import { parseRange, rangeText, stretchOf } from '../model/time-range.ts';
import { Chart } from './chart.tsx';
import type { ChartHand } from './hand-figure.tsx';
import { VirtualList } from './virtual-list.tsx';

const CHART_HEIGHT = 300;
/** In characters; a column is as wide as what stands in it, between these. */
const WIDTH_LEAST = 6;
const WIDTH_MOST = 48;
const MEASURED_ROWS = 200;

type Table = Pick<Rows, 'columns' | 'rows'>;

/** Rows of an answer: as a table, and as a picture where they make one. */
export function ResultView({ rows, note }: { readonly rows: Table; readonly note: ComponentChildren }): JSX.Element {
  const chart = useMemo(() => chartOf(rows.columns, rows.rows), [rows]);
  const view = chart !== undefined && address.value.query['as'] === 'chart' ? 'chart' : 'table';
  return (
    <>
      <div class="result-head">
        <div class="segments" role="group" aria-label="View">
          {(['table', 'chart'] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={view === each}
              disabled={each === 'chart' && chart === undefined}
              onClick={() => show({ as: each === 'chart' ? each : undefined }, true)}
            >
              {each === 'table' ? 'Table' : 'Chart'}
            </button>
          ))}
        </div>
        <span class="muted">{note}</span>
      </div>
      {view === 'chart' && chart !== undefined ? <Picture chart={chart} /> : <ResultTable rows={rows} />}
    </>
  );
}

type TimeChart = Extract<ResultChart, { kind: 'time' }>;

/** The view of the address, and how a hand changes it: a stretch, or the last so many seconds of the result. */
function handOn({ stretch: whole }: TimeChart): { readonly stretch: TimeChart['stretch']; readonly hand: ChartHand } {
  const shown = parseRange(address.value.query['view'] ?? '');
  const limits = { edgeMs: whole.toMs };
  return {
    stretch: shown === undefined ? whole : stretchOf(shown, whole.toMs),
    hand: {
      edgeMs: () => whole.toMs,
      onView: (view) => showByHand({ view: rangeText(rangeOfView(view, limits)) }),
      onReset: () => show({ view: undefined }),
      back: shown === undefined ? undefined : 'All',
    },
  };
}

function OverTime({ chart }: { readonly chart: TimeChart }): JSX.Element {
  const services = serviceNames();
  const lines = useMemo(() => {
    // A service has its own colour, here too.
    const known = new Set(services);
    const own = chart.lines.every(({ name }) => known.has(name));
    return chart.lines.map((line, at) => ({ ...line, colour: own ? serviceColour(line.name) : seriesColour(at) }));
  }, [chart, services]);
  return (
    <div class="result-chart">
      <Chart label="Result over time" xs={[]} lines={lines} height={CHART_HEIGHT} format={shortNumber} {...handOn(chart)} />
      <div class="row wrap legend">
        {lines.map(({ name, colour }) => (
          <span key={name} class="service">
            <span class="swatch" style={{ background: `var(${colour})` }} />
            {name}
          </span>
        ))}
      </div>
    </div>
  );
}

function Picture({ chart }: { readonly chart: ResultChart }): JSX.Element {
  if (chart.kind === 'time') return <OverTime chart={chart} />;
  const most = chart.bars.reduce((high, { value }) => Math.max(high, Math.abs(value)), 0) || 1;
  return (
    <div class="result-bars" role="img" aria-label={`${chart.of} by name`}>
      {chart.bars.map(({ name, value }) => (
        <div key={name} class="result-bar">
          <span class="cut" title={name}>
            {name}
          </span>
          <span class="length-bar">
            <span class="part calm" style={{ width: `${(Math.abs(value) / most) * 100}%` }} />
          </span>
          <b class="num">{shortNumber(value)}</b>
        </div>
      ))}
    </div>
  );
}

interface Numbered {
  readonly at: number;
  readonly cells: readonly Cell[];
}

function ResultTable({ rows }: { readonly rows: Table }): JSX.Element {
  const items = useMemo(() => rows.rows.map((cells, at): Numbered => ({ at, cells })), [rows]);
  const widths = useMemo(() => {
    const texts = rows.rows.slice(0, MEASURED_ROWS);
    return rows.columns.map(({ name }, at) => {
      const longest = texts.reduce((most, row) => Math.max(most, cellText(row[at]).length), name.length);
      return Math.max(WIDTH_LEAST, Math.min(WIDTH_MOST, longest)) + 2;
    });
  }, [rows]);
  const style = {
    gridTemplateColumns: widths.map((width) => `minmax(${width}ch, ${width}fr)`).join(' '),
    minWidth: `${widths.reduce((sum, width) => sum + width + 2, 0)}ch`,
  };
  const numeric = rows.columns.map(isNumeric);
  return (
    <div class="result-scroll">
      <div class="result-line head mono" style={style}>
        {rows.columns.map(({ name, type }, at) => (
          <span key={`${at}${name}`} class={numeric[at] === true ? 'num cut' : 'cut'} title={type}>
            {name}
          </span>
        ))}
      </div>
      <div class="result-rows" style={{ minWidth: style.minWidth }}>
        <VirtualList label="Result" items={items} keyOf={({ at }) => String(at)} rowHeight={26}>
          {({ cells }) => (
            <div class="result-line mono" style={style}>
              {cells.map((cell, at) => {
                const text = cellText(cell);
                return (
                  <span key={at} class={`cut ${numeric[at] === true ? 'num' : ''} ${cell === null ? 'muted' : ''}`} title={text}>
                    {text}
                  </span>
                );
              })}
            </div>
          )}
        </VirtualList>
      </div>
    </div>
  );
}
