import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LogsOptions } from '../../stream/protocol.ts';
import { records, scope } from '../data/api.ts';
import { paused, useBuckets, useRows } from '../data/live.ts';
import { pageHand } from '../data/hand.ts';
import { address, linkTo, range, show } from '../data/place.ts';
import { serviceNames } from '../data/services.ts';
import { useStream } from '../data/stream.ts';
import { withCondition } from '../model/filter-text.ts';
import { shortNumber, wholeNumber } from '../model/format.ts';
import { leastSeverity, logCounts, logRows, type LogView } from '../model/log-queries.ts';
import { fits, levelName, logRowsOf, prepend, streamedRows, type LogRow } from '../model/log-rows.ts';
import { SEVERITIES, SEVERITY_COLOURS } from '../model/palette.ts';
import { gridOf } from '../model/series.ts';
import { Chart } from '../parts/chart.tsx';
import { Empty, NothingSent } from '../parts/empty.tsx';
import { Icon } from '../parts/icon.tsx';
import { LogList } from '../parts/log-list.tsx';
import { FaultLine, PageHead } from '../parts/panel.tsx';
import { RangePicker } from '../parts/range.tsx';
import { Choice, Search } from '../parts/search.tsx';

const ROWS = 1000;
const BUCKETS = 90;
const EVERY_MS = 2000;

export function Logs(): JSX.Element {
  const { q = '', service = '', severity = '', trace = '' } = address.value.query;
  const view: LogView = { q, service, severity, trace };
  const on = [JSON.stringify(view)];
  const list = useRows((stretch) => logRows(view, stretch, ROWS), on, EVERY_MS);
  const tail = useTail(view);
  const rows = useMemo(() => {
    const asked = list.value === undefined ? [] : logRowsOf(records(list.value));
    const newest = asked[0]?.time ?? '';
    return prepend(
      tail.rows.filter(({ time }) => time > newest),
      asked,
      ROWS,
    );
  }, [list.value, tail.rows]);
  const filtered = q + service + severity + trace !== '';
  const nothing = list.value !== undefined && rows.length === 0;
  return (
    <>
      <PageHead title="Logs" sub={list.value === undefined ? '' : <Total view={view} shown={rows.length} missed={tail.missed} />}>
        <RangePicker />
      </PageHead>
      <div class="page-body fills">
        <div class="row wrap">
          <Search
            label="Search logs"
            placeholder='words, "a phrase", key=value, key!=value'
            value={q}
            onChange={(value) => show({ q: value }, true)}
          />
          <Choice
            name="level"
            value={severity}
            options={[['', 'all'], ...SEVERITIES.map((each) => [each, `${each} and above`] as const)]}
            onChange={(value) => show({ severity: value })}
          />
          <Choice
            name="service"
            value={service}
            options={[['', 'all'], ...serviceNames().map((each) => [each, each] as const)]}
            onChange={(value) => show({ service: value })}
          />
          {trace !== '' && (
            <button type="button" class="button" onClick={() => show({ trace: undefined })}>
              trace {trace.slice(0, 8)} <Icon name="close" />
            </button>
          )}
          <a class="button" href={linkTo('/sql', { sql: list.sql() })} title="Open this query in the SQL page">
            <Icon name="sql" /> SQL
          </a>
        </div>
        <FaultLine fault={list.fault} />
        <Counts view={view} />
        <div class="panel fills-rest">
          {!nothing && <LogList rows={rows} onChoose={(key, value) => show({ q: withCondition(q, key, value) })} />}
          {nothing && !filtered && <NothingSent signal="logs" what="logs in this time" />}
          {nothing && filtered && (
            <Empty title="Nothing fits">
              <p>No record of this time fits the search.</p>
              <a class="button" href={linkTo('/logs')}>
                Clear the search
              </a>
            </Empty>
          )}
        </div>
      </div>
    </>
  );
}

/** What comes in while one looks: from the live stream at once, and a moment later from the windows like all the rest. */
function useTail(view: LogView): { readonly rows: readonly LogRow[]; readonly missed: number } {
  const [rows, setRows] = useState<readonly LogRow[]>([]);
  const { service, severity } = view;
  const moves = range.value.kind === 'last' && !paused.value;
  const least = leastSeverity(severity);
  const options: LogsOptions = { ...(service === '' ? {} : { service }), ...(least === 0 ? {} : { min_severity: least }) };
  useEffect(() => setRows([]), [JSON.stringify(view), scope.value]);
  const { missed } = useStream('logs', moves ? options : undefined, (data) => {
    const fresh = streamedRows(data.records).filter((row) => fits(row, view));
    if (fresh.length > 0) setRows((before) => prepend(fresh, before, ROWS));
  });
  return { rows, missed };
}

function useCounts(view: LogView) {
  const { step, stretch, whole, bucketsOf } = useBuckets(BUCKETS);
  const live = useRows((asked) => logCounts(view, whole(asked), step), [JSON.stringify(view), step], EVERY_MS);
  return { live, stretch, had: bucketsOf(live.value) };
}

/** How many there are, of which the list holds the newest. */
function Total({
  view,
  shown,
  missed,
}: {
  readonly view: LogView;
  readonly shown: number;
  readonly missed: number;
}): JSX.Element {
  const { live } = useCounts(view);
  const total = (live.value?.rows ?? []).reduce((sum, row) => sum + Number(row[2]), 0);
  return (
    <span data-total={total}>
      {shown < ROWS ? `${wholeNumber(shown)} records` : `the newest ${wholeNumber(shown)} of ${shortNumber(total)} records`}
      {missed > 0 ? `, ${wholeNumber(missed)} passed by unseen` : ''}
    </span>
  );
}

function Counts({ view }: { readonly view: LogView }): JSX.Element {
  const { live, stretch, had } = useCounts(view);
  const rows = (live.value === undefined ? [] : records(live.value)).map(
    (row) => [Number(row['t']), levelName(Number(row['level'])), Number(row['n'])] as const,
  );
  const { xs, lines } = gridOf(rows, { ...had, absent: 'zero' });
  const ordered = ['none', ...SEVERITIES].flatMap((level) => {
    const line = lines.find(({ name }) => name === level);
    return line === undefined ? [] : [{ ...line, colour: SEVERITY_COLOURS[level] ?? '--ink-3' }];
  });
  return (
    <div class="panel counts">
      <Chart
        label="Log records by severity"
        kind="bars"
        height={104}
        xs={xs}
        lines={ordered}
        stretch={stretch}
        fromZero
        format={shortNumber}
        hand={pageHand(stretch)}
      />
    </div>
  );
}
