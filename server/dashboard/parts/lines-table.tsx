import type { JSX } from 'preact';
import type { Value } from '../model/series.ts';
import { pictureOf } from '../model/tracks.ts';
import type { ChartLine } from './chart-options.ts';
import { Spark } from './spark.tsx';

const SHOWN = 60;

interface LinesTableProps {
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  /** Lines that are not drawn. */
  readonly hidden: number;
}

const COURSE_COLUMNS = 96;
/** What a line did, in as many points as a line of text has room for. */
function courseOf({ xs, values }: ChartLine): readonly Value[] {
  if (xs === undefined || !(values instanceof Float64Array)) return [...values];
  const [from = 0, to = 0] = [xs[0], xs.at(-1)];
  return from < to ? (pictureOf([{ xs, ys: values }], from, to, COURSE_COLUMNS).data[1] ?? []) : [...values];
}

/** The legend of a chart, with what each line did. */
export function LinesTable({ lines, format, hidden }: LinesTableProps): JSX.Element | null {
  if (lines.length === 0) return null;
  return (
    <div class="scrolls">
      <table class="table lines-table">
        <thead>
          <tr>
            <th>Line</th>
            <th class="wide-only">Course</th>
            <th class="num">Last</th>
            <th class="num">Least</th>
            <th class="num">Mean</th>
            <th class="num">Most</th>
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, SHOWN).map((line) => {
            const { name, colour } = line;
            const known = [...line.values].filter((value): value is number => typeof value === 'number' && !Number.isNaN(value));
            const last = known.at(-1);
            const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
            const least = known.reduce((low, value) => Math.min(low, value), Infinity);
            const most = known.reduce((high, value) => Math.max(high, value), -Infinity);
            return (
              <tr key={name}>
                <td>
                  <span class="service">
                    <span class="swatch" style={{ background: `var(${colour})` }} />
                    <span class="mono">{name}</span>
                  </span>
                </td>
                <td class="wide-only">
                  <Spark values={courseOf(line)} label="" colour={`var(${colour})`} />
                </td>
                <td class="num">{last === undefined ? '–' : format(last)}</td>
                <td class="num muted">{known.length === 0 ? '–' : format(least)}</td>
                <td class="num muted">{known.length === 0 ? '–' : format(mean)}</td>
                <td class="num muted">{known.length === 0 ? '–' : format(most)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {hidden > 0 && <p class="quiet-note">{hidden} more lines are not drawn: group by something else, or choose a service.</p>}
    </div>
  );
}
