import type { JSX } from 'preact';
import { records, query, type Rows } from '../data/api.ts';
import { pageHand } from '../data/hand.ts';
import { useBuckets, useLive, useRows, type AskedRows, type Buckets } from '../data/live.ts';
import { address, linkTo, show } from '../data/place.ts';
import { serviceColour } from '../data/services.ts';
import { heatmapOf, type Bucket, type Heatmap } from '../model/distribution.ts';
import { valueIn } from '../model/format.ts';
import { bucketLines, compared, numberRows, QUANTILES } from '../model/metric-lines.ts';
import {
  aggregatesOf,
  isDelta,
  metricKeys,
  metricRows,
  metricTraits,
  type Aggregate,
  type Metric,
  type MetricView,
} from '../model/metric-queries.ts';
import { seriesColour } from '../model/palette.ts';
import { bucketsOf, gridOf, type Grid } from '../model/series.ts';
import type { Stretch } from '../model/time-range.ts';
import { Chart } from '../parts/chart.tsx';
import type { ChartLine } from '../parts/chart-options.ts';
import { Heat } from '../parts/heat.tsx';
import { Icon } from '../parts/icon.tsx';
import { FaultLine } from '../parts/panel.tsx';
import { Choice } from '../parts/search.tsx';
import { LinesTable } from '../parts/lines-table.tsx';
import { MetricPoints } from './metric-points.tsx';
import type { MetricRow } from './metrics.tsx';

const BUCKETS = 120;
const HEAT_BUCKETS = 90;
const LINES_MAX = 40;
const HEIGHT = 320;
const COMPARISONS = [
  ['', 'nothing'],
  ['300', '5 min ago'],
  ['900', '15 min ago'],
  ['3600', '1 hour ago'],
] as const;
const WORDS: Readonly<Partial<Record<Aggregate, string>>> = {
  avg: 'average',
  rate: 'per second',
  quantiles: 'p50 p90 p99',
  points: 'each point',
};

/** Which of its two traits a metric has is in its newest point. */
function useMetric({ name, type }: MetricRow): Metric | undefined {
  const sql = metricTraits(name, type);
  const traits = useLive<Rows>((signal) => (sql === undefined ? undefined : query(sql, signal)), { on: [sql] });
  if (sql === undefined) return { name, type, delta: false, monotonic: false };
  const row = traits.value?.rows[0];
  if (row === undefined) return undefined;
  return { name, type, delta: isDelta(row[0]), monotonic: row[1] === true };
}

export function MetricChart({ row }: { readonly row: MetricRow }): JSX.Element {
  const metric = useMetric(row);
  return (
    <div class="panel metric" data-chart={row.name}>
      <div class="metric-head">
        <button
          type="button"
          class="icon-button only-narrow"
          aria-label="Back to the list"
          onClick={() => show({ metric: undefined, type: undefined })}
        >
          <Icon name="close" />
        </button>
        <div class="grow">
          <h2 class="mono">{row.name}</h2>
          <p class="muted">
            {[row.type.replaceAll('_', ' '), row.unit, row.description].filter((part) => part !== '').join(' · ')}
          </p>
        </div>
      </div>
      {metric === undefined ? (
        <div class="metric-body" style={{ minHeight: `${HEIGHT}px` }} />
      ) : (
        <MetricBody row={row} metric={metric} />
      )}
    </div>
  );
}

function MetricBody({ row, metric }: { readonly row: MetricRow; readonly metric: Metric }): JSX.Element {
  const { service = '', by = '', agg = '' } = address.value.query;
  const allowed = aggregatesOf(metric);
  const aggregate = allowed.find((each) => each === agg) ?? allowed[0] ?? 'avg';
  const view: MetricView = { metric, service, by, aggregate };
  return (
    <div class="metric-body">
      {aggregate === 'points' ? (
        <MetricPoints view={view} unit={row.unit} controls={(sql) => <Controls row={row} view={view} sql={sql} />} />
      ) : (
        <MetricBuckets row={row} view={view} />
      )}
    </div>
  );
}

/** What of the metric is shown, and how. */
function Controls({ row, view, sql }: { readonly row: MetricRow; readonly view: MetricView; readonly sql: string }): JSX.Element {
  const { metric, service, by, aggregate } = view;
  const keys = useRows(() => metricKeys(metric.name), [metric.name], 30_000);
  const keyNames = keys.value === undefined ? [] : keys.value.rows.map(([key]) => String(key));
  return (
    <div class="row wrap">
      <Choice
        name="show"
        value={aggregate}
        options={aggregatesOf(metric).map((each) => [each, WORDS[each] ?? each])}
        onChange={(value) => show({ agg: value })}
      />
      {aggregate !== 'points' && (
        <Choice
          name="by"
          value={by}
          options={[['', 'nothing'], ['service', 'service'], ...keyNames.map((key) => [key, key] as const)]}
          onChange={(value) => show({ by: value })}
        />
      )}
      <Choice
        name="service"
        value={service}
        options={[['', 'all'], ...row.services.map((each) => [each, each] as const)]}
        onChange={(value) => show({ service: value })}
      />
      {aggregate !== 'points' && (
        <Choice
          name="against"
          value={address.value.query['against'] ?? ''}
          options={COMPARISONS}
          onChange={(value) => show({ against: value })}
        />
      )}
      <span class="grow" />
      <a class="button small" href={linkTo('/sql', { sql })} title="Open this query in the SQL page">
        <Icon name="sql" /> SQL
      </a>
    </div>
  );
}

function MetricBuckets({ row, view }: { readonly row: MetricRow; readonly view: MetricView }): JSX.Element {
  const buckets = useBuckets(view.aggregate === 'heatmap' ? HEAT_BUCKETS : BUCKETS);
  const { step, whole } = buckets;
  const on = [JSON.stringify(view), step];
  const live = useRows((asked) => metricRows(view, whole(asked), step), on);
  const backMs = Number(address.value.query['against'] ?? '') * 1000;
  const shift = ({ fromMs, toMs }: Stretch): Stretch => ({ fromMs: fromMs - backMs, toMs: toMs - backMs });
  const past = useRows(
    (asked) => (backMs > 0 ? metricRows(view, shift(whole(asked)), step) : undefined),
    [...on, backMs],
    15_000,
  );
  return (
    <>
      <Controls row={row} view={view} sql={live.sql()} />
      <FaultLine fault={live.fault ?? past.fault} />
      <Drawn
        view={view}
        unit={row.unit}
        buckets={buckets}
        rows={live.value}
        past={backMs > 0 ? past.value : undefined}
        backMs={backMs}
      />
    </>
  );
}

interface DrawnProps {
  readonly view: MetricView;
  readonly unit: string;
  readonly buckets: Buckets;
  readonly rows: AskedRows | undefined;
  readonly past: AskedRows | undefined;
  readonly backMs: number;
}

function Drawn({ view, unit, buckets, rows, past, backMs }: DrawnProps): JSX.Element {
  const { aggregate, by } = view;
  const { stretch, step } = buckets.bucketsOf(rows);
  const perSecond = aggregate === 'rate';
  const format = (value: number): string =>
    perSecond ? `${valueIn(view.metric.type === 'sum' ? unit : '', value)}/s` : valueIn(unit, value);
  if (aggregate === 'heatmap') {
    const { xs, map } = heatColumns(rows, stretch, step);
    return (
      <Heat
        label={`${view.metric.name} as a heatmap`}
        xs={xs}
        step={step}
        map={map}
        height={HEIGHT + 40}
        stretch={buckets.stretch}
        hand={pageHand(buckets.stretch)}
        format={(value) => valueIn(unit, value)}
      />
    );
  }
  const grid = gridOfView(view, rows, stretch, step);
  const before =
    past === undefined
      ? undefined
      : gridOfView(view, past, { fromMs: stretch.fromMs - backMs, toMs: stretch.toMs - backMs }, step);
  const shown = { xs: grid.xs, lines: grid.lines.slice(0, LINES_MAX) };
  const colour = (name: string, at: number): string =>
    by === 'service' && QUANTILES.every((each) => each !== name) ? serviceColour(name) : seriesColour(at);
  const lines: ChartLine[] = shown.lines.map(({ name, values }, at) => ({
    name: name === '' ? view.metric.name : name,
    values,
    colour: colour(name, at),
  }));
  const all =
    before === undefined
      ? lines
      : [
          ...lines,
          ...compared(shown, before).map(({ name, values, at }) => ({
            name: `${name === '' ? view.metric.name : name}, before`,
            values,
            colour: at === -1 ? '--ink-3' : colour(name, at),
            dashed: true,
          })),
        ];
  return (
    <>
      <Chart
        label={`${view.metric.name}, ${aggregate}`}
        xs={shown.xs}
        lines={all}
        height={HEIGHT}
        stretch={buckets.stretch}
        fromZero={perSecond}
        format={format}
        hand={pageHand(buckets.stretch)}
      />
      {rows !== undefined && grid.lines.length === 0 && <p class="quiet-note">No points in this time.</p>}
      {backMs > 0 && before !== undefined && before.lines.length === 0 && (
        <p class="quiet-note">Nothing is kept from then: the window does not reach back so far.</p>
      )}
      <LinesTable lines={lines} format={format} hidden={grid.lines.length - shown.lines.length} />
    </>
  );
}

function gridOfView(view: MetricView, rows: Rows | undefined, stretch: Stretch, step: number): Grid {
  if (rows === undefined) return { xs: bucketsOf(stretch, step), lines: [] };
  const { type } = view.metric;
  const byBuckets = type === 'histogram' || type === 'exponential_histogram';
  const points = byBuckets ? bucketLines(records(rows), view.aggregate, step) : numberRows(records(rows));
  return gridOf(points, { stretch, step, absent: 'gap', joined: Math.max(2, Math.ceil(60 / step)) });
}

function heatColumns(rows: Rows | undefined, stretch: Stretch, step: number): { readonly xs: number[]; readonly map: Heatmap } {
  const xs = bucketsOf(stretch, step);
  const columns: Bucket[][] = xs.map(() => []);
  for (const row of rows === undefined ? [] : records(rows)) {
    const column = columns[Math.round((Number(row['t']) / 1000 - (xs[0] ?? 0)) / step)];
    column?.push({
      lo: row['lo'] === null ? null : Number(row['lo']),
      hi: row['hi'] === null ? null : Number(row['hi']),
      n: Number(row['n']),
    });
  }
  return { xs, map: heatmapOf(columns) };
}
