import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { query, records, scope, type Answer } from '../data/api.ts';
import { pageHand } from '../data/hand.ts';
import { nowMs, useLive, type Live } from '../data/live.ts';
import { range } from '../data/place.ts';
import { serviceColour } from '../data/services.ts';
import { counted, valueIn, wholeNumber } from '../model/format.ts';
import { pointCounts, pointLines, pointRows, pointStep, type PointLine } from '../model/metric-points.ts';
import type { MetricView } from '../model/metric-queries.ts';
import { seriesColour } from '../model/palette.ts';
import { stretchOf, type Stretch } from '../model/time-range.ts';
import { Chart } from '../parts/chart.tsx';
import type { ChartLine } from '../parts/chart-options.ts';
import { LinesTable } from '../parts/lines-table.tsx';
import { FaultLine } from '../parts/panel.tsx';

const HEIGHT = 320;
const LINES_MAX = 40;
const EVERY_MS = 10_000;
const EMPTY_EVERY_MS = 2000;

interface Points {
  readonly sql: string;
  readonly lines: readonly PointLine[];
  readonly rows: readonly unknown[];
  /** Of the whole stretch, drawn or not. */
  readonly count: number;
  /** Series that did not fit into the answer are left out; undefined = none is. */
  readonly cutAt: number | undefined;
  /** Seconds of a bucket of which the extremes are drawn; undefined = every point is. */
  readonly step: number | undefined;
}

/** First how many there are: so many are asked for one by one, more as extremes of buckets. */
async function ask(view: MetricView, stretch: Stretch, signalOf: AbortSignal): Promise<Answer<Points>> {
  const counts = await query(pointCounts(view, stretch), signalOf);
  if (!counts.ok) return counts;
  const [count = 0, series = 0] = (counts.value.rows[0] ?? []).map(Number);
  const step = pointStep(stretch, count, series);
  const sql = pointRows(view, stretch, step);
  const answer = await query(sql, signalOf);
  if (!answer.ok) return answer;
  return {
    ok: true,
    value: {
      sql,
      lines: pointLines(records(answer.value), stretch),
      rows: answer.value.rows,
      count,
      step,
      cutAt: answer.value.truncated === null ? undefined : answer.value.rows.length,
    },
  };
}

function usePoints(view: MetricView): Live<Points> {
  const shown = range.value;
  return useLive<Points>((signalOf) => (scope.peek() === '' ? undefined : ask(view, stretchOf(shown, nowMs()), signalOf)), {
    everyMs: shown.kind === 'last' ? EVERY_MS : 0,
    emptyEveryMs: EMPTY_EVERY_MS,
    on: [JSON.stringify(view), scope.value, JSON.stringify(shown)],
  });
}

interface MetricPointsProps {
  readonly view: MetricView;
  readonly unit: string;
  readonly controls: (sql: string) => JSX.Element;
}

/** Every point of every series, as it came. */
export function MetricPoints({ view, unit, controls }: MetricPointsProps): JSX.Element {
  const live = usePoints(view);
  const { lines = [], count = 0, step, cutAt, sql = '' } = live.value ?? {};
  const stretch = stretchOf(range.value, nowMs());
  const { metric, service } = view;
  const drawn = useMemo(
    () =>
      lines.slice(0, LINES_MAX).map(({ name, service: sender, xs, values }, at): ChartLine => ({
        name: name === '' ? metric.name : name,
        colour: name === `service=${sender}` ? serviceColour(sender) : seriesColour(at),
        xs,
        values,
      })),
    [live.value, service],
  );
  const format = (value: number): string => valueIn(unit, value);
  return (
    <>
      {controls(sql)}
      <FaultLine fault={live.fault} />
      <Chart
        label={`${metric.name}, ${counted(count, 'point')}`}
        xs={[]}
        lines={drawn}
        height={HEIGHT}
        stretch={stretch}
        format={format}
        hand={pageHand(stretch)}
      />
      {live.value !== undefined && (
        <p class="quiet-note" data-points={count}>
          {count === 0
            ? 'No points in this time.'
            : step === undefined
              ? counted(count, 'point')
              : `${counted(count, 'point')}: least and greatest of each ${step} s are drawn. Zoom in for each of them.`}
          {cutAt !== undefined && ` Of the first ${wholeNumber(cutAt)} series.`}
        </p>
      )}
      <LinesTable lines={drawn} format={format} hidden={lines.length - drawn.length} />
    </>
  );
}
