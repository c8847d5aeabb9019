import type { JSX } from 'preact';
import { records } from '../data/api.ts';
import { useBuckets, useRows } from '../data/live.ts';
import { address, linkTo, show, showRange } from '../data/place.ts';
import { serviceNames } from '../data/services.ts';
import { withCondition } from '../model/filter-text.ts';
import { shortNumber, wholeNumber } from '../model/format.ts';
import { logCounts, logRows, type LogView } from '../model/log-queries.ts';
import { levelName, logRowsOf } from '../model/log-rows.ts';
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
  const rows = list.value === undefined ? [] : logRowsOf(records(list.value));
  const filtered = q + service + severity + trace !== '';
  const nothing = list.value !== undefined && rows.length === 0;
  return (
    <>
      <PageHead title="Logs" sub={list.value === undefined ? '' : <Total view={view} shown={rows.length} />}>
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

function useCounts(view: LogView) {
  const { step, stretch, whole } = useBuckets(BUCKETS);
  const live = useRows((asked) => logCounts(view, whole(asked), step), [JSON.stringify(view), step], EVERY_MS);
  return { live, step, stretch };
}

/** How many there are, of which the list holds the newest. */
function Total({ view, shown }: { readonly view: LogView; readonly shown: number }): JSX.Element {
  const { live } = useCounts(view);
  const total = (live.value?.rows ?? []).reduce((sum, row) => sum + Number(row[2]), 0);
  return (
    <span data-total={total}>
      {shown < ROWS ? `${wholeNumber(shown)} records` : `the newest ${wholeNumber(shown)} of ${shortNumber(total)} records`}
    </span>
  );
}

function Counts({ view }: { readonly view: LogView }): JSX.Element {
  const { live, step, stretch } = useCounts(view);
  const rows = (live.value === undefined ? [] : records(live.value)).map(
    (row) => [Number(row['t']), levelName(Number(row['level'])), Number(row['n'])] as const,
  );
  const { xs, lines } = gridOf(rows, { stretch, step, absent: 'zero' });
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
        onZoom={(fromMs, toMs) => showRange({ kind: 'fixed', fromMs, toMs })}
      />
    </div>
  );
}
