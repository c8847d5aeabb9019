import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Cell, Rows } from '../data/api.ts';
import { serviceColour, serviceNames } from '../data/services.ts';
import { shortNumber } from '../model/format.ts';
import { seriesColour } from '../model/palette.ts';
import { cellText, chartOf, isNumeric, type ResultChart } from '../model/result-chart.ts';
import { Chart } from './chart.tsx';
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
  const [wanted, setWanted] = useState<'table' | 'chart'>('table');
  const view = chart === undefined ? 'table' : wanted;
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
              onClick={() => setWanted(each)}
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

function Picture({ chart }: { readonly chart: ResultChart }): JSX.Element {
  if (chart.kind === 'time') {
    // A service has its own colour, here too.
    const known = new Set(serviceNames());
    const own = chart.lines.every(({ name }) => known.has(name));
    const lines = chart.lines.map((line, at) => ({ ...line, colour: own ? serviceColour(line.name) : seriesColour(at) }));
    return (
      <div class="result-chart">
        <Chart label="Result over time" xs={chart.xs} lines={lines} height={CHART_HEIGHT} format={shortNumber} />
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
