import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { scope } from '../data/api.ts';
import { nowMs, saveAs, useJson } from '../data/live.ts';
import { address, show } from '../data/place.ts';
import { ago, downloadName, timeOf } from '../model/format.ts';
import { seriesColour } from '../model/palette.ts';
import { impactTone, perfCsv, perfKey, perfRows, statusTone, type PerfRow } from '../model/perf-rows.ts';
import { Empty } from '../parts/empty.tsx';
import { Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { FaultLine, PageHead } from '../parts/panel.tsx';
import { Choice, Search } from '../parts/search.tsx';
import { Snippet } from '../parts/snippet.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';

const EVERY_MS = 1000;

/** MASTER_PERF: the state of things by category, one row each, always the latest. */
export function Perf(): JSX.Element {
  const { q = '', category = '', type = '' } = address.value.query;
  const live = useJson<{ readonly masterPerf: readonly PerfRow[] }>('/api/infra/master-perf?format=json', EVERY_MS);
  const all = live.value?.masterPerf ?? [];
  const rows = perfRows(all, { q, category, type });
  const categories = [...new Set(all.map((row) => row.category))].toSorted();
  const types = [...new Set(all.map((row) => row.type))].toSorted();
  const save = (extension: 'json' | 'csv'): void => {
    const content = extension === 'csv' ? perfCsv(rows) : `${JSON.stringify({ masterPerf: rows }, null, 2)}\n`;
    const what = ['master-perf', category, type].filter((part) => part !== '').join('-');
    saveAs(
      downloadName(what, scope.peek(), nowMs(), extension),
      new Blob([content], { type: extension === 'csv' ? 'text/csv' : 'application/json' }),
    );
  };
  return (
    <>
      <PageHead
        title="MASTER_PERF"
        sub={live.value === undefined ? '' : `${rows.length === all.length ? '' : `${rows.length} of `}${all.length} rows`}
      >
        <button type="button" class="button" disabled={rows.length === 0} onClick={() => save('json')}>
          <Icon name="download" /> JSON
        </button>
        <button type="button" class="button" disabled={rows.length === 0} onClick={() => save('csv')}>
          <Icon name="download" /> CSV
        </button>
      </PageHead>
      <div class="page-body fills">
        <div class="row wrap">
          <Search label="Search rows" placeholder="any word of a row" value={q} onChange={(value) => show({ q: value }, true)} />
          <Choice
            name="category"
            value={category}
            options={[['', 'all'], ...categories.map((each) => [each, each] as const)]}
            onChange={(value) => show({ category: value })}
          />
          <Choice
            name="type"
            value={type}
            options={[['', 'all'], ...types.map((each) => [each, each] as const)]}
            onChange={(value) => show({ type: value })}
          />
        </div>
        <FaultLine fault={live.fault} />
        <div class="panel fills-rest">
          {all.length === 0 && live.value !== undefined ? <NoRows /> : <PerfList rows={rows} categories={categories} />}
        </div>
      </div>
    </>
  );
}

function NoRows(): JSX.Element {
  const body =
    '{"category":"Security","type":"configuration","topic":"Path Hardening","id":"path-hardening","value":"ENABLED","impact":"high"}';
  return (
    <Empty title="No rows yet">
      <p>
        Post one, or send telemetry with the attribute perf.category. The token of this machine's owner lies in .periscope/token.
      </p>
      <Snippet
        label="the curl line"
        text={`curl -sS ${location.origin}/api/infra/master-perf -H "Authorization: Bearer $(cat .periscope/token)" -H 'content-type: application/json' -d '${body}'`}
      />
    </Empty>
  );
}

/** Values that differ from what they were a moment ago are shown as such for a moment. */
function useChanged(rows: readonly PerfRow[]): ReadonlySet<string> {
  const before = useRef<ReadonlyMap<string, string>>(new Map());
  const last = useRef<{ readonly rows: readonly PerfRow[]; readonly changed: ReadonlySet<string> }>({
    rows: [],
    changed: new Set(),
  });
  if (last.current.rows !== rows) {
    const now = new Map(rows.map((row) => [perfKey(row), row.value]));
    const changed = new Set(
      [...now].filter(([key, value]) => before.current.size > 0 && before.current.get(key) !== value).map(([key]) => key),
    );
    before.current = now;
    last.current = { rows, changed };
  }
  return last.current.changed;
}

function PerfList({
  rows,
  categories,
}: {
  readonly rows: readonly PerfRow[];
  readonly categories: readonly string[];
}): JSX.Element {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const changed = useChanged(rows);
  const toggle = (row: PerfRow): void => {
    const next = new Set(open);
    if (!next.delete(perfKey(row))) next.add(perfKey(row));
    setOpen(next);
  };
  return (
    <VirtualList
      label="MASTER_PERF rows"
      items={rows}
      keyOf={perfKey}
      rowHeight={33}
      onOpen={toggle}
      isOpen={(row) => open.has(perfKey(row))}
      head={
        <div class="perf-line head">
          {['Category', 'Topic', 'Id', 'Value', 'Type', 'Pattern', 'Locations', 'Impact', 'Seen'].map((name) => (
            <span key={name}>{name}</span>
          ))}
        </div>
      }
    >
      {(row) => (
        <>
          <PerfLine row={row} colour={seriesColour(categories.indexOf(row.category))} changed={changed.has(perfKey(row))} />
          {open.has(perfKey(row)) && <PerfOpened row={row} />}
        </>
      )}
    </VirtualList>
  );
}

function PerfLine({
  row,
  colour,
  changed,
}: {
  readonly row: PerfRow;
  readonly colour: string;
  readonly changed: boolean;
}): JSX.Element {
  const tone = statusTone(row.value);
  return (
    <div class="perf-line" data-perf={row.id}>
      <span class="service cut" title={row.category}>
        <span class="swatch" style={{ background: `var(${colour})` }} />
        {row.category}
      </span>
      <span class="cut" title={`${row.topic} ${row.subCat}`}>
        {row.topic} <span class="muted">{row.subCat}</span>
      </span>
      <span class="cut mono" title={row.id}>
        {row.id}
      </span>
      <span class={changed ? 'perf-value changed' : 'perf-value'} title={row.value}>
        {tone === '' ? <b>{row.value}</b> : <span class={`tag ${tone}`}>{row.value}</span>}
      </span>
      <span class="cut soft" title={row.type}>
        {row.type}
      </span>
      <span class="cut soft" title={row.pattern}>
        {row.pattern}
      </span>
      <span class="cut soft" title={row.locations}>
        {row.locations}
      </span>
      <span class={`cut ${impactTone(row.impact)}`} title={row.impact}>
        {row.impact}
      </span>
      <span class="muted nowrap" title={row.time}>
        {ago(timeOf(row.time), nowMs())}
      </span>
    </div>
  );
}

function PerfOpened({ row }: { readonly row: PerfRow }): JSX.Element {
  const { properties, ...texts } = row;
  return (
    <div class="opened facts-columns">
      <Facts title="Row" facts={Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ''))} />
      <Facts title="Properties" facts={properties} />
    </div>
  );
}
