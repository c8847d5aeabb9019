import type { JSX } from 'preact';
import { records, type Cell } from '../data/api.ts';
import { nowMs, useRows } from '../data/live.ts';
import { address, linkTo, range, show } from '../data/place.ts';
import { serviceColour, serviceNames } from '../data/services.ts';
import { clock, counted, duration } from '../model/format.ts';
import { traceList, type TraceView } from '../model/trace-queries.ts';
import { stretchOf } from '../model/time-range.ts';
import { Empty, NothingSent } from '../parts/empty.tsx';
import { Icon } from '../parts/icon.tsx';
import { FaultLine, PageHead } from '../parts/panel.tsx';
import { RangePicker } from '../parts/range.tsx';
import { Scatter } from '../parts/scatter.tsx';
import { Choice, Search } from '../parts/search.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { Trace } from './trace.tsx';

const ROWS = 500;
const EVERY_MS = 3000;

interface TraceRow {
  readonly trace: string;
  readonly startMs: number;
  readonly durationNs: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
  readonly service: string;
  readonly name: string;
}
const rowOf = (row: Record<string, Cell>): TraceRow => ({
  trace: String(row['trace']),
  startMs: Number(row['start']),
  durationNs: Number(row['duration']),
  spans: Number(row['spans']),
  errors: Number(row['errors']),
  services: (row['services'] as readonly string[] | null) ?? [],
  service: String(row['service'] ?? ''),
  name: String(row['name'] ?? ''),
});

export function Traces(): JSX.Element {
  const { trace = '' } = address.value.query;
  return trace === '' ? <TraceList /> : <Trace key={trace} trace={trace} />;
}

const LEAST = [
  ['', 'any'],
  ['1', '≥ 1 ms'],
  ['10', '≥ 10 ms'],
  ['100', '≥ 100 ms'],
  ['1000', '≥ 1 s'],
  ['10000', '≥ 10 s'],
] as const;

function TraceList(): JSX.Element {
  const { q = '', service = '', errors = '', least = '', order = '' } = address.value.query;
  const view: TraceView = {
    q,
    service,
    errors: errors === '1',
    least: Number(least) || 0,
    order: order === 'slowest' ? 'slowest' : 'newest',
  };
  const list = useRows((stretch) => traceList(view, stretch, ROWS), [JSON.stringify(view)], EVERY_MS);
  const rows = list.value === undefined ? [] : records(list.value).map(rowOf);
  const longest = rows.reduce((most, { durationNs }) => Math.max(most, durationNs), 1);
  const asked = stretchOf(range.value, nowMs());
  // Of many traces the list has the newest only: the picture begins where they do.
  const oldest =
    rows.length === ROWS && view.order === 'newest'
      ? rows.reduce((low, { startMs }) => Math.min(low, startMs), asked.toMs)
      : asked.fromMs;
  const shown = { fromMs: Math.max(asked.fromMs, oldest), toMs: asked.toMs };
  const open = (id: string): void => show({ trace: id });
  const nothing = list.value !== undefined && rows.length === 0;
  const filtered = q + service + errors + least !== '';
  const sub =
    list.value === undefined
      ? ''
      : `${rows.length === ROWS ? `the ${view.order} ` : ''}${rows.length} traces, ${rows.filter((row) => row.errors > 0).length} with errors`;
  return (
    <>
      <PageHead title="Traces" sub={sub}>
        <RangePicker />
      </PageHead>
      <div class="page-body fills">
        <Filters view={view} least={least} sql={list.sql()} />
        <FaultLine fault={list.fault} />
        {!nothing && (
          <div class="panel">
            <Scatter
              points={rows.map((row) => ({
                key: row.trace,
                ms: row.startMs,
                ns: row.durationNs,
                bad: row.errors > 0,
                label: `${row.name}, ${row.service}: ${duration(row.durationNs)}`,
              }))}
              stretch={shown}
              onOpen={open}
            />
          </div>
        )}
        <div class="panel fills-rest">
          {!nothing && (
            <VirtualList label="Traces" items={rows} keyOf={(row) => row.trace} rowHeight={41} onOpen={(row) => open(row.trace)}>
              {(row) => <TraceLine row={row} longest={longest} />}
            </VirtualList>
          )}
          {nothing && <NoTraces filtered={filtered} />}
        </div>
      </div>
    </>
  );
}

function Filters({ view, least, sql }: { readonly view: TraceView; readonly least: string; readonly sql: string }): JSX.Element {
  return (
    <div class="row wrap">
      <Search
        label="Search traces"
        placeholder="span name, key=value, kind=Server"
        value={view.q}
        onChange={(value) => show({ q: value }, true)}
      />
      <Choice
        name="service"
        value={view.service}
        options={[['', 'all'], ...serviceNames().map((each) => [each, each] as const)]}
        onChange={(value) => show({ service: value })}
      />
      <Choice name="duration" value={least} options={LEAST} onChange={(value) => show({ least: value })} />
      <Choice
        name="order"
        value={view.order}
        options={[
          ['newest', 'newest'],
          ['slowest', 'slowest'],
        ]}
        onChange={(value) => show({ order: value === 'newest' ? '' : value })}
      />
      <button type="button" class="button" aria-pressed={view.errors} onClick={() => show({ errors: view.errors ? '' : '1' })}>
        <Icon name="alert" /> Errors
      </button>
      <a class="button" href={linkTo('/sql', { sql })} title="Open this query in the SQL page">
        <Icon name="sql" /> SQL
      </a>
    </div>
  );
}

function NoTraces({ filtered }: { readonly filtered: boolean }): JSX.Element {
  if (!filtered) return <NothingSent signal="traces" what="traces in this time" />;
  return (
    <Empty title="Nothing fits">
      <p>No trace of this time fits the search.</p>
      <a class="button" href={linkTo('/traces')}>
        Clear the search
      </a>
    </Empty>
  );
}

const NAMED = 4;

function TraceLine({ row, longest }: { readonly row: TraceRow; readonly longest: number }): JSX.Element {
  return (
    <div class="trace-line" data-trace={row.trace}>
      <time class="mono muted">{clock(row.startMs, true)}</time>
      <span class="trace-name cut">
        <b>{row.name}</b> <span class="muted">{row.service}</span>
      </span>
      <span class="trace-services">
        {row.services.slice(0, NAMED).map((each) => (
          <span key={each} class="swatch" title={each} style={{ background: `var(${serviceColour(each)})` }} />
        ))}
        <span class="muted">{row.services.length > NAMED ? `+${row.services.length - NAMED}` : ''}</span>
      </span>
      <span class="num muted">{counted(row.spans, 'span')}</span>
      <span class="num">
        {row.errors > 0 ? (
          <span class="tag bad">
            {row.errors} {row.errors === 1 ? 'error' : 'errors'}
          </span>
        ) : (
          ''
        )}
      </span>
      <span class="trace-length">
        <span class="length-bar" aria-hidden="true">
          <span
            class={row.errors > 0 ? 'part bad' : 'part calm'}
            style={{ width: `${Math.max(1, (row.durationNs / longest) * 100)}%` }}
          />
        </span>
        <span class="num">{duration(row.durationNs)}</span>
      </span>
    </div>
  );
}
